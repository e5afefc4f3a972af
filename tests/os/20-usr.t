#!/bin/sh
# The full boards: boot to multi-user.target with nothing failed, and run a container. Each machine is
# booted once, and asked for everything at once.
# touches: linux systemd dbus-broker crun bash coreutils util-linux openssh cryptsetup
. "$(dirname "$0")/../lib.sh"
cd "$SDK_TOP" || exit 1
out=${SDK_OUT:-$SDK_TOP/out}
[ -d "$out/env" ] || skip_all "there is no environment: sdk create"

# fact NAME: what the machine said about it
fact() { sed -n "s/^$1: //p" "$TMP/facts"; }
has() { # has TEXT NAME REGEX
	if fact "$2" | grep -Eq -- "$3"; then result 0 "$1"
	else result 1 "$1"; echo "# $2: $(fact "$2")"; fi
}

for board in amd64-usr arm64-usr; do
	if ! "$SDK" image --board=$board --no-build >"$TMP/disk" 2>"$TMP/why"; then
		skip "$board" "not built here ($(head -n 1 "$TMP/why")): sdk image --board=$board"
		continue
	fi
	"$SDK" run --board=$board --timeout 900 --log "$TMP/console" -- "$(cat tests/os/guest.sh)" \
		>"$TMP/facts" 2>"$TMP/err"
	status=$?
	is "$board: boots and lets root in by key" $status 0
	if [ $status -ne 0 ]; then
		sed 's/^/# /' "$TMP/err"
		continue
	fi
	[ $board != amd64-usr ] || fails "$board: --timeout holds for the command, too" 1 'took too long' \
		timeout 300 "$SDK" run --board=$board --timeout 120 -- sleep 900
	has "$board: the system runs" state '^running$'
	is "$board: no unit has failed" "$(fact failed)" ""
	has "$board: multi-user.target is reached" target '^active$'
	has "$board: os-release is the image's" os "^dray [0-9.]+ dray-$board\$"
	case $board in amd64-usr) machine=x86_64 ;; *) machine=aarch64 ;; esac
	has "$board: it is the machine it should be" machine "^$machine dray"
	has "$board: /usr is a verified erofs" usr '^/dev/mapper/usr erofs ro'
	has "$board: its hash tree is in use" verity 'verity V'
	has "$board: nothing writes to /usr" write-usr 'Read-only file system'
	has "$board: root is a writable ext4" root '^ext4 rw'
	ok "$board: root has grown to the disk ($(fact root-mib) MiB)" test "$(fact root-mib)" -gt 4000
	is "$board: /etc can be written" "$(fact write-etc)" fine
	has "$board: the network is up" network '^[1-9]'
	has "$board: names are resolved by systemd" resolver 'systemd/resolve'
	has "$board: the host's key was made here" host-key ssh_host_ed25519_key
	has "$board: the second slot waits" partitions '_empty _empty'
	has "$board: no login on the screen" tty '^inactive$'
	has "$board: crun runs a container" container '^pid 1 on inside, [1-4] processes'
done
done_testing
