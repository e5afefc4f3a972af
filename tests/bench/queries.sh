#!/bin/sh
# How long questions take: over the real recipes, and over 2,000 generated ones in layers of 40 that
# each use five of the layer below. The peer, in the same run: git, asked things of a like kind.
set -eu
cd "$(dirname "$0")/../.."
top=$(pwd) tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sdk=$top/sdk
best() { # best COMMAND…: the fastest of seven runs, in milliseconds; "fails" when it does
	"$@" >/dev/null 2>&1 || { echo fails; return; }
	i=0
	while [ $i -lt 7 ]; do
		start=$(date +%s%N); "$@" >/dev/null 2>&1 || true; end=$(date +%s%N)
		echo $(((end - start) / 1000)); i=$((i + 1))
	done | sort -n | head -1 | awk '{ printf "%.1f", $1 / 1000 }'
}
answer() { # answer MOST QUESTION…: a line; MOST: the milliseconds it may take
	most=$1; shift
	best "$sdk" "$@" | awk -v most="$most" -v question="$*" '{
		ms = $1 == "fails" ? "  " : "ms"
		mark = ms == "  " ? "" : $1 <= most ? "<= " most : "MORE than " most
		printf "  sdk %-22s %6s %s  %s\n", question, $1, ms, mark }'
}
ask() { # ask MOST PACKAGE: a line for each question
	for question in list "info $2" "deps $2" "rdeps $2" "why $2" graph "log $2" "history $2"; do
		# shellcheck disable=SC2086
		answer "$1" $question
	done
}
echo "the $(ls recipes | wc -l) recipes:"
ask 20 curl
for question in "files curl" "owns /usr/bin/curl" "size"; do
	# shellcheck disable=SC2086
	answer 20 $question
done

mkdir -p "$tmp/recipes" "$tmp/board-configs/amd64-usr" "$tmp/board-configs/arm64-usr"
for name in bootstrap toolchains; do ln -s "$top/$name" "$tmp/$name"; done
ln -s "$top/recipes/.build-systems" "$tmp/recipes/.build-systems"
awk -v dir="$tmp" 'BEGIN {
	for (i = 0; i < 2000; i++) {
		path = sprintf("%s/recipes/p%d", dir, i)
		system("mkdir " path)
		file = path "/recipe.yaml"
		printf "name: p%d\nversion: 1.0\nsummary: Generated\nlicense: MIT\nsources: []\nbuild: make\nlibc: false\n", i >file
		layer = int(i / 40)
		if (layer > 0) {
			printf "depends: {target: [" >file
			for (k = 0; k < 5; k++)
				printf "%sp%d", k ? ", " : "", (layer - 1) * 40 + (i * 7 + k * 11) % 40 >file
			print "]}" >file
		}
		print "phases:\n  compile: |\n    $CC -c x.c\n  install: |\n    mkdir -p \"$DEST\"/usr" >file
		close(file)
	}
}'
for arch in amd64 arm64; do
	printf '%s\n' 'summary: Generated' "arch: $arch" 'packages: [p1999]' 'image: {version: 1.0.0,' \
		'  date: 2025-11-23, loader: direct, kernel: k, usr-size: 64MiB, verity-size: 8MiB}' \
		>"$tmp/board-configs/$arch-usr/board.yaml"
done
cd "$tmp"
export SDK_ROOT="$tmp" SDK_OUT="$tmp/out"
echo "2,000 generated recipes:"
ask 100 p1000
git init -q . && git add -A >/dev/null && git -c user.name=x -c user.email=x@example.org commit -qm x
peer=$(best git grep -l 'version: 1.0' -- recipes)
list=$(best "$sdk" list)
awk -v a="$list" -v b="$peer" 'BEGIN { printf "sdk list: %s ms; git grep over the same files: %s ms; ratio %.2f\n", a, b, a / b }'
