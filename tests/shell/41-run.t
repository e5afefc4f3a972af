#!/bin/sh
# sdk run: what it refuses before anything is made. Boots are in tests/os/.
. "$(dirname "$0")/../lib.sh"
SDK_ROOT=$SDK_TOP SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
for board in amd64-usr mini-amd64; do
	mkdir -p "$SDK_OUT/images/$board/key"
	ln -s key "$SDK_OUT/images/$board/latest"
done
run() { "$SDK" run "$@" </dev/null; }

for memory in 63 1048577 256M -1; do
	fails "memory of $memory" 2 'wanted a whole number from 64 to 1048576' run --board=mini-amd64 -m "$memory"
done
fails "no processors" 2 '--cpus=0: wanted a whole number from 1' run --board=mini-amd64 --cpus=0
fails "a port for what has no SSH server" 2 'board mini-amd64 has no SSH server$' run --board=mini-amd64 --ssh-port=2222
fails "a command as well" 2 'no SSH server to run a command by' run --board=mini-amd64 -- true
fails "a run ends in one way" 2 'a command ends the run, and so does --until' \
	run --board=amd64-usr --until=READY -- true

python3 -c '
import socket, sys, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
time.sleep(60)' >"$TMP/port" &
holder=$!
while [ ! -s "$TMP/port" ]; do sleep 0.1; done
port=$(cat "$TMP/port")
fails "a port that is taken" 2 "port $port of 127.0.0.1 is taken" run --board=amd64-usr --ssh-port="$port"
fails "which says what to do" 2 'without --ssh-port a free one is found' \
	run --board=amd64-usr --ssh-port="$port"
kill $holder
is "nothing was made for any of them" "$(ls "$SDK_OUT")" images
done_testing
