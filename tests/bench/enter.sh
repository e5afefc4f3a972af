#!/bin/sh
# What `sdk enter -- true` costs beside bwrap with a comparable root.
set -eu
cd "$(dirname "$0")/../.."
./sdk enter -- true # creates the environment and compiles the tool, the first time
layers=$(echo out/env/*/layers/*)
# shellcheck disable=SC2086
set -- $layers
lower=
for dir; do lower="$lower --overlay-src $dir"; done
best() {
	i=0
	while [ $i -lt 15 ]; do
		start=$(date +%s%N); "$@" >/dev/null 2>&1; end=$(date +%s%N)
		echo $(((end - start) / 1000)); i=$((i + 1))
	done | sort -n | head -1 | awk '{ printf "%.1f", $1 / 1000 }'
}
ours=$(best ./sdk enter -- true)
# bwrap of Debian 12 knows no overlays: one layer stands for the root.
theirs=$(best bwrap --unshare-all --share-net --ro-bind "$1" / --proc /proc --dev /dev --tmpfs /tmp \
	--bind "$(pwd)" /sdk --bind "$(pwd)/out" /sdk/out true)
echo "sdk enter -- true: $ours ms; bwrap: $theirs ms"
awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "ratio: %.2f, difference: %.1f ms\n", a / b, a - b }'
