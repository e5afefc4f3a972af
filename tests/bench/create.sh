#!/bin/sh
# sdk create from a warm cache against mmdebstrap with the same packages; prints times and the ratio.
#   RUNS=N   how often each (default 1); the best counts
# mmdebstrap gets the same files from a local repository, and unpacks only (--variant=extract: it
# configures nothing, as we don't). Both write to fresh directories; both are removed at the end,
# since deleting a tree makes ext4 slow for those who create files in the minute after it.
set -eu
cd "$(dirname "$0")/../.."
SDK=${SDK:-$(pwd)/sdk}
RUNS=${RUNS:-1}
command -v mmdebstrap >/dev/null || { echo "create: SKIPPED: no mmdebstrap"; exit 0; }
case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
lock=bootstrap/seed.$arch.lock
cache=${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}
dir=$(mktemp -d "${TMPDIR:-/tmp}/sdk-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"

"$SDK" create -q --out "$dir/warm" # fills the cache

# A repository of the environment's packages: those with any group that is not a toolchain's. It tells
# of no dependencies: nothing is left to solve, as in the lock.
mkdir "$dir/repo"
tab=$(printf '\t')
grep -v '^#' "$lock" | while IFS=$tab read -r name version debarch url size sha groups; do
	[ -n "${groups:-}" ] || continue
	echo "$groups" | tr , '\n' | grep -qv '^toolchain-' || continue
	file=$cache/downloads/$(echo "$sha" | cut -c1-2)/$sha-${url##*/}
	ln "$file" "$dir/repo/$sha.deb" 2>/dev/null || cp "$file" "$dir/repo/$sha.deb"
	printf 'Package: %s\nVersion: %s\nArchitecture: %s\n' "$name" "$version" "$debarch"
	printf 'Filename: ./%s.deb\nSize: %s\nSHA256: %s\n\n' "$sha" "$size" "$sha"
	echo "$name=$version" >>"$dir/names"
done >"$dir/repo/Packages"
include=$(tr '\n' , <"$dir/names")
sync

now() { date +%s%N; }
best() { # best NAME COMMAND…: least milliseconds of RUNS; %n in an argument becomes the run's number
	what=$1; shift
	least=
	run=0
	while [ $run -lt "$RUNS" ]; do
		run=$((run + 1))
		start=$(now)
		"$@" "$dir/$what-$run" >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
		ms=$((($(now) - start) / 1000000))
		sync
		if [ -z "$least" ] || [ $ms -lt "$least" ]; then least=$ms; fi
	done
	echo "$least"
}
mode=root; [ "$(id -u)" -eq 0 ] || mode=unshare
ours=$(best ours "$SDK" create -q --out)
# In a run of its own: to look at memory slows down what is looked at.
sh tests/bench/peak.sh "$dir/peak" "$SDK" create -q --out "$dir/watched" >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
theirs=$(best theirs sh -c 'mmdebstrap --mode="$0" --variant=extract --include="$1" --architectures="$2" \
	--skip=cleanup --aptopt="Acquire::Languages none" "" "$4" "deb [trusted=yes] copy:$3 ./"' \
	"$mode" "$include" "$arch" "$dir/repo")
echo "packages:   $(wc -l <"$dir/names")"
echo "sdk create: $ours ms (memory of all processes: $(cat "$dir/peak"); wanted: at most 200 MiB)"
echo "mmdebstrap: $theirs ms"
echo "ratio:      $(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.2f", a / b }') (wanted: at most 0.50)"
