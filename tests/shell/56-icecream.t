#!/bin/sh
# icecream: a scheduler and two machines that compile, each in a network of its own. The build has
# none but the relay; its outputs are the same bits as without, and the jobs really ran over there.
. "$(dirname "$0")/../lib.sh"
SDK_ROOT=$TMP/checkout SDK_OUT=${SDK_OUT:-$SDK_TOP/out} SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
command -v ip >/dev/null || skip_all "no ip here (Debian: apt install iproute2)"
if [ -z "${ICECREAM_INSIDE:-}" ]; then
	# Root of its own namespaces, with which its processes and networks go. iceccd wants a
	# second user, which needs newuidmap and a range in /etc/subuid where this is not root.
	become="--user --map-root-user --map-auto"
	[ "$(id -u)" -ne 0 ] || become=
	inside() { # shellcheck disable=SC2086 # options
		unshare $become --mount --net --pid --fork --kill-child --mount-proc "$@"
	}
	inside mount -t tmpfs tmpfs /run 2>/dev/null ||
		skip_all "no namespaces here (unshare $become --mount --net --pid)"
	inside env ICECREAM_INSIDE=1 sh "$0"
	exit
fi
mount -t tmpfs tmpfs /run
for i in 0 1 2 3; do
	ip netns add "m$i" || skip_all "no network namespaces here (ip netns add)"
done
mkdir -p "$SDK_ROOT/recipes" "$SDK_CACHE"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
for name in .build-systems linux-headers glibc gcc-runtime; do
	ln -s "$SDK_TOP/recipes/$name" "$SDK_ROOT/recipes/$name"
done
shared=${XDG_CACHE_HOME:-$HOME/.cache}/sdk
for name in downloads keys objects; do
	mkdir -p "$shared/$name"; ln -s "$shared/$name" "$SDK_CACHE/$name"
done
"$SDK" create -q 2>/dev/null
"$SDK" build -n glibc gcc-runtime | tail -1 | grep -q ' 0 to build' ||
	skip_all "the C library is not built (sdk build glibc)"

# ---- the machines: 0 is the switch, 1 has the scheduler and the build, 2 and 3 compile
ip -n m0 link add br0 type bridge && ip -n m0 link set br0 up
for i in 1 2 3; do
	ip -n m0 link add v$i type veth peer name eth0 netns "m$i"
	ip -n m0 link set v$i master br0 up
	ip -n "m$i" addr add 10.77.0.$i/24 brd + dev eth0
	ip -n "m$i" link set eth0 up
	ip -n "m$i" link set lo up
done
# The environment's own programs, by its own loader.
iceccd=$(ls -t "$SDK_OUT"/env/*/layers/*/usr/sbin/iceccd | head -1)
layer=${iceccd%/usr/sbin/iceccd} layers=${iceccd%/*/usr/sbin/iceccd}
loader=$(echo "$layers"/0/usr/lib/*/ld-linux-*.so.*)
libraries=$(ls -d "$layers"/*/usr/lib/"$(basename "$(dirname "$loader")")" | paste -sd:)
on() { # on MACHINE PROGRAM ARGUMENT…: in the background
	machine=$1 program=$layer/usr/sbin/$2; shift 2
	# Machines that look idle, however busy this one is: busy ones are given nothing.
	ICECC_TEST_SOCKET=$TMP/machine/$machine.socket ip netns exec "m$machine" \
		sh -c 'mount --bind "$0" /proc/stat; exec "$@"' "$TMP/stat" \
		"$loader" --library-path "$libraries" "$program" "$@" >>"$TMP/machine.out" 2>&1 &
}
mkdir -p "$TMP/machine/2" "$TMP/machine/3"
touch "$TMP/machine/scheduler.log"
cp /proc/stat "$TMP/stat"
chmod 755 "$TMP"; chown -R nobody "$TMP/machine"
on 1 icecc-scheduler -n t-net -u nobody -l "$TMP/machine/scheduler.log" -vvv
for i in 2 3; do
	on $i iceccd -s 10.77.0.1 -n t-net -u nobody -b "$TMP/machine/$i" -N "machine$i" -m 2 \
		-l "$TMP/machine/$i.log" -vvv
done
i=0
while [ $i -lt 100 ] && [ "$(grep -c '^.*login machine' "$TMP/machine/scheduler.log" 2>/dev/null)" -lt 2 ]; do
	sleep 0.2; i=$((i + 1))
done
is "two machines are ready" "$(grep -c 'login machine' "$TMP/machine/scheduler.log")" 2

# ---- something to compile
mkdir -p "$SDK_ROOT/recipes/t-ice/files"
i=1
while [ $i -le 12 ]; do
	cat >"$SDK_ROOT/recipes/t-ice/files/part$i.c" <<-C
	#include <stdio.h>
	#include <math.h>
	struct part { double x; int line; };
	int part$i(struct part *p) { return printf("%s %d %f\\n", __FILE__, __LINE__, sqrt(p->x)); } /* $$ $(date +%N) */
	C
	i=$((i + 1))
done
cat >"$SDK_ROOT/recipes/t-ice/files/main.cc" <<'C'
#include <iostream>
#include <map>
#include <string>
int main() { std::map<std::string, int> m{{"a", 1}}; for (auto &[k, v] : m) std::cout << k << v; }
C
cat >"$SDK_ROOT/recipes/t-ice/files/Makefile" <<'M'
objects = $(patsubst %.c,%.o,$(wildcard *.c)) main.o
t-ice: $(objects)
	$(CXX) $(LDFLAGS) -o $@ $(objects) -lm
main.o: main.cc
	$(CXX) $(CXXFLAGS) -c -o $@ $<
M
cat >"$SDK_ROOT/recipes/t-ice/recipe.yaml" <<'Y'
name: t-ice
version: "1.0"
summary: For the tests
license: MIT
sources: []
build: make
phases:
  prepare: |
    cp "$FILES"/* "$SRC"
  compile: |
    make
    # Nothing else is reached: no other port, no name.
    for port in 80 8765; do
        if (exec 3<>/dev/tcp/10.77.0.1/$port) 2>/dev/null; then echo "port $port is open" >&2; false; fi
    done
  install: |
    install -Dm755 t-ice "$DEST"/usr/bin/t-ice
Y
digests() { "$SDK" info t-ice --json | jq -c '[.. | .digest? // empty] | sort'; }
# How many were compiled over there, and were good: where not, they would be compiled here again.
remote() { cat "$TMP"/machine/[23].log | grep -c 'Remote compilation completed with exit code 0'; }
build() { ip netns exec m1 "$SDK" build "$@"; }
ok "here alone it builds" build t-ice
before=$(digests)
echo 'compile: {icecream: {scheduler: 10.77.0.1, network: t-net}}' >"$SDK_ROOT/sdk.yaml"
is "with icecream there is nothing to build" "$("$SDK" build -n t-ice | tail -1 | grep -c ' 0 to build')" 1
# Who gets a job is the scheduler's choice; machines get the compiler first.
tries=0
while [ $tries -lt 10 ] && [ "$(remote)" -lt 8 ]; do
	tries=$((tries + 1))
	ok "it builds ($tries)" build --rebuild -j8 t-ice
	is "to the same bytes" "$(digests)" "$before"
done
jobs=$(remote)
ok "jobs ran elsewhere ($jobs of $((tries * 13)))" test "$jobs" -ge 8
echo 'compile: {ccache: true, icecream: {scheduler: 10.77.0.1, network: t-net}}' >"$SDK_ROOT/sdk.yaml"
ok "behind ccache it builds, too" build --rebuild -j8 t-ice
is "to the same bytes" "$(digests)" "$before"
ok "and jobs ran elsewhere" test "$(remote)" -gt "$jobs"
archive=$(ls -t "$SDK_OUT"/compile/icecream/*.tar.zst | head -1)
mv "$archive" "$TMP/first.tar.zst"
ok "without its archive it builds" build --rebuild -j8 t-ice
ok "which is made again, the same" cmp "$archive" "$TMP/first.tar.zst"
is "no daemon is left" "$(pgrep -fc 'iceccd --no-remote')" 0
is "and nothing of its state" "$(find "$SDK_OUT/compile/icecream" -name '.tmp-*' | wc -l)" 0
# The scheduler is gone: the build is local, and the same.
echo 'compile: {icecream: {scheduler: 10.77.0.9, network: t-net}}' >"$SDK_ROOT/sdk.yaml"
ok "without a scheduler it builds here" build --rebuild t-ice
is "to the same bytes" "$(digests)" "$before"
done_testing
