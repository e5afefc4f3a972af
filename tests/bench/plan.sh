#!/bin/sh
# How long a plan takes: the real recipes, and a generated repository of 2,000 recipes in layers of
# 40 that each use five of the layer below. The peer is `make -n` over the same graph.
set -eu
cd "$(dirname "$0")/../.."
top=$(pwd) tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sdk=$top/sdk
best() { # best COMMAND…: the fastest of seven runs, in milliseconds
	i=0
	while [ $i -lt 7 ]; do
		start=$(date +%s%N); "$@" >/dev/null 2>&1; end=$(date +%s%N)
		echo $(((end - start) / 1000)); i=$((i + 1))
	done | sort -n | head -1 | awk '{ printf "%.1f", $1 / 1000 }'
}
# shellcheck disable=SC2046
real=$(best "$sdk" build -n $(ls recipes))
echo "plan of the $(ls recipes | wc -l) recipes: $real ms"

mkdir -p "$tmp/recipes"
for name in bootstrap toolchains board-configs; do ln -s "$top/$name" "$tmp/$name"; done
ln -s "$top/recipes/.build-systems" "$tmp/recipes/.build-systems"
awk -v dir="$tmp" 'BEGIN {
	makefile = dir "/Makefile"
	printf "all:" >makefile
	for (i = 0; i < 2000; i++) printf " p%d", i >makefile
	print "" >makefile
	for (i = 0; i < 2000; i++) {
		path = sprintf("%s/recipes/p%d", dir, i)
		system("mkdir " path)
		file = path "/recipe.yaml"
		printf "name: p%d\nversion: 1.0\nsummary: Generated\nlicense: MIT\nsources: []\nbuild: make\nlibc: false\n", i >file
		printf "p%d:", i >makefile
		layer = int(i / 40)
		if (layer > 0) {
			printf "depends: {target: [" >file
			for (k = 0; k < 5; k++) {
				d = (layer - 1) * 40 + (i * 7 + k * 11) % 40
				printf "%sp%d", k ? ", " : "", d >file
				printf " p%d", d >makefile
			}
			print "]}" >file
		}
		print "phases:\n  compile: |\n    $CC -c x.c\n  install: |\n    mkdir -p \"$DEST\"/usr" >file
		print "\n\ttouch $@\n" >makefile
		close(file)
	}
}'
cd "$tmp"
all=$(ls recipes)
export SDK_ROOT="$tmp" SDK_OUT="$tmp/out"
# shellcheck disable=SC2086
generated=$(best "$sdk" build -n $all)
peer=$(best make -n -f "$tmp/Makefile" all)
echo "plan of 2,000 generated recipes: $generated ms; make -n of the same graph: $peer ms"
awk -v a="$generated" -v b="$peer" 'BEGIN { printf "ratio to make: %.2f\n", a / b }'

# The same with two overlays that each have fifty recipes of their own in place of others.
mkdir -p "$tmp/out/repos"
printf 'repos:\n' >"$tmp/sdk.yaml"
for n in 1 2; do
	printf -- '- {name: o%d, url: "file:///none", priority: %d}\n' $n $n >>"$tmp/sdk.yaml"
	mkdir -p "$tmp/out/repos/o$n/recipes"
	i=$((n * 30))
	while [ $i -lt $((n * 30 + 50)) ]; do
		cp -r "$tmp/recipes/p$i" "$tmp/out/repos/o$n/recipes/"; i=$((i + 1))
	done
done
# shellcheck disable=SC2086
overlays=$(best "$sdk" build -n $all)
awk -v a="$overlays" -v b="$generated" 'BEGIN { printf "with two overlays: %s ms (%.2f of it)\n", a, a / b }'
