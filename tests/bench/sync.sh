#!/bin/sh
# sdk sync over loopback: with nothing to do, and a clone beside `git clone` of the same.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
sdk=${SDK:-$top/sdk}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/sdk-bench.XXXXXX")
trap 'kill "$(cat "$tmp/pid")" 2>/dev/null || :; rm -rf "$tmp"' EXIT
export HOME="$tmp" SDK_ROOT="$tmp/checkout" SDK_OUT="$tmp/out" SDK_DATA="$tmp/data"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir "$tmp/srv"
git clone -q --bare "${REPOSITORY:-$top}" "$tmp/srv/base.git"
for name in one two; do git clone -q --bare "$tmp/srv/base.git" "$tmp/srv/$name.git"; done
git daemon --base-path="$tmp/srv" --export-all --listen=127.0.0.1 --port="$port" --reuseaddr \
	--pid-file="$tmp/pid" --detach
url=git://127.0.0.1:$port
now() { date +%s%N; }
ms() { echo $((($2 - $1) / 1000000)); }
die() { echo "$*" >&2; exit 1; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
best() { # best COMMAND…: of five, in ms
	least=
	for _ in 1 2 3 4 5; do
		prepare; start=$(now)
		"$@" >"$tmp/said" 2>&1 || die "$* failed: $(cat "$tmp/said")"
		took=$(ms "$start" "$(now)")
		if [ -z "$least" ] || [ "$took" -lt "$least" ]; then least=$took; fi
	done
	echo "$least"
}

git clone -q "$url/base.git" "$SDK_ROOT"
"$sdk" repos add one "$url/one.git" >/dev/null
prepare() { rm -rf "$SDK_OUT/repos"; }
ours=$(best "$sdk" sync one)
prepare() { rm -rf "$tmp/clone"; }
theirs=$(best git clone "$url/one.git" "$tmp/clone")
echo "clone: sdk sync $ours ms, git clone $theirs ms: ratio $(ratio "$ours" "$theirs")"

"$sdk" repos add two "$url/two.git" >/dev/null
"$sdk" sync >/dev/null 2>&1
prepare() { :; }
idle=$(best "$sdk" sync)
verdict=kept; [ "$idle" -le 150 ] || verdict=missed
echo "nothing to do, three repositories: $idle ms; the mark of 150 ms is $verdict"
