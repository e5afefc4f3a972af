#!/bin/sh
# The mini boards: images are the same twice, boot with a verified /usr, and do not boot tampered with.
# touches: linux busybox
. "$(dirname "$0")/../lib.sh"
cd "$SDK_TOP" || exit 1
out=${SDK_OUT:-$SDK_TOP/out}

# A second state directory: for the first board an empty one, as in a fresh checkout whose packages
# the cache has; for the other, to save time, one with the same environment and packages.
other_out() {
	mkdir -p "$1" && [ $board != mini-amd64 ] && ln -s "$out/env" "$out/toolchain" "$out/keys" "$out/store" "$1/"
}

# console COMMANDS OPTION…: a run whose console, a shell, is told the commands once the machine is
# there, and then to switch off. Its status; what it showed is in $TMP/console.
console() {
	commands=$1; shift
	: >"$TMP/log"
	{
		for _ in $(seq 1500); do ! grep -q DRAY-READY "$TMP/log" || break; sleep 0.2; done
		sleep 1
		printf '%s\npoweroff -f\n' "$commands"
		for _ in $(seq 60); do sleep 1; echo; done # until no one listens
	} | "$SDK" run --board="$board" --timeout 300 --log "$TMP/log" "$@" >"$TMP/console" 2>&1
}

# One is built here, whatever it takes (a kernel, a C library, busybox): the way from source to a
# running system is whole, or the tests fail. The other must have been built.
ok "mini-amd64: builds" "$SDK" image --board=mini-amd64
for board in mini-amd64 mini-arm64; do
	if ! "$SDK" image --board=$board --no-build >"$TMP/disk" 2>"$TMP/why"; then
		skip "$board" "not built here ($(head -n 1 "$TMP/why")): sdk image --board=$board"
		continue
	fi
	disk=$(cat "$TMP/disk")
	dir=${disk%/*}
	is "$board: latest leads to the image" "$(readlink "$out/images/$board/latest")" "${dir##*/}"

	start=$(date +%s%N)
	"$SDK" image --board=$board --no-build -q >/dev/null
	ms=$((($(date +%s%N) - start) / 1000000))
	ok "$board: once more is a no-op ($ms ms)" test "$ms" -lt 1000

	other_out "$TMP/$board"
	again=$("$SDK" image --out "$TMP/$board" --board=$board --no-build -q)
	ok "$board: elsewhere it is the same, byte for byte" cmp "$disk" "$again"
	for report in packages.txt files.txt initrd.txt sizes.txt manifest.json kernel-config; do
		ok "$board: $report lies beside it" cmp "$dir/$report" "${again%/*}/$report"
	done
	ok "$board: the disk is sparse" test "$(du -k "$disk" | cut -f1)" -lt 40000

	ok "$board: boots" \
		"$SDK" run --board=$board --until DRAY-READY --timeout 300 --log "$TMP/log" </dev/null
	ok "$board: /usr is verified and read-only" grep -q 'usr: /dev/dm-0 erofs ro' "$TMP/log"

	# shellcheck disable=SC2016 # the machine's
	console 'touch /usr/x; echo "answer $((6 * 7))"; grep MemTotal /proc/meminfo' -m 384
	is "$board: ends by itself when switched off" $? 0
	ok "$board: the console answers" grep -q 'answer 42' "$TMP/console"
	kib=$(sed -n 's/^MemTotal: *\([0-9]*\) kB.*/\1/p' "$TMP/console" | head -n 1)
	mib=$((${kib:-0} / 1024))
	ok "$board: has the memory that was asked for ($mib MiB of 384)" test "$mib" -gt 256 -a "$mib" -le 384
	ok "$board: nothing writes to /usr" grep -q 'touch: /usr/x: Read-only file system' "$TMP/console"

	# What --persist keeps is whole, or is made again: not the beginning of a file, as a kill leaves it.
	state=$out/run/$board/$(basename "$dir" | cut -c1-16)
	rm -rf "$state"; mkdir -p "$state"
	echo partial >"$state/unfinished"
	# The third partition is the empty slot for the next /usr.
	console 'echo "kept for later" | dd of=/dev/vda3 conv=fsync' --persist
	is "$board: --persist boots over what a kill left" $? 0
	ok "$board: and keeps its disk" test -s "$state/disk.qcow2"
	ok "$board: with no part of one" test ! -e "$state/unfinished"
	console 'head -c 14 /dev/vda3; echo' --persist
	is "$board: the same machine boots again" $? 0
	ok "$board: and has what was written" grep -q '^kept for later' "$TMP/console"
	rm -rf "$state"
	ok "$board: without --persist nothing is kept" "$SDK" run --board=$board \
		--until DRAY-READY --timeout 300 --log "$TMP/log" </dev/null
	ok "$board: so there is no disk" test ! -e "$state"

	# Parts of the file system changed: verity must not let them through.
	tampered=$TMP/$board/images/$board/${dir##*/}/dray-$board.img
	for block in $(seq 1 4 125); do
		printf tampered |
			dd of="$tampered" bs=1 seek=$((1048576 + block * 4096)) conv=notrunc 2>/dev/null
	done
	fails "$board: a changed /usr does not boot" 1 'too (early|long)' \
		"$SDK" run --out "$TMP/$board" --board=$board --until DRAY-READY --timeout 60 </dev/null
done
fails "a board that is none" 3 'did you mean mini-amd64' "$SDK" image --board=mini-amd46
fails "a board that has no image" 3 'sdk image --board=mini-amd64' \
	"$SDK" run --out "$TMP/none" --board=mini-amd64
fails "a wrong --kvm" 2 'wanted auto, yes or no' "$SDK" run --board=mini-amd64 --kvm=maybe
done_testing
