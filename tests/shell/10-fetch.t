#!/bin/sh
# Downloads against a real HTTP server on loopback that misbehaves in every way we know of.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 for the HTTP server"
cd "$SDK_TOP" || exit 1
FETCH=${BUILD:-build}/helpers/fetch-file
[ -x "$FETCH" ] || skip_all "no $FETCH: make test-helpers"
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY

mkdir "$TMP/www" "$TMP/got"
head -c 3000000 /dev/urandom >"$TMP/www/file"
SIZE=3000000
SHA=$(sha256sum "$TMP/www/file" | cut -d' ' -f1)
: >"$TMP/log"
python3 "$SDK_TOP/tests/helpers/server.py" "$TMP/www" "$TMP/port" "$TMP/log" &
server=$!
trap 'kill $server 2>/dev/null; umount "$TMP/small" 2>/dev/null; cleanup' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s "$TMP/port" ] && break; sleep 0.3; done
URL=http://127.0.0.1:$(cat "$TMP/port")
DOWN=http://127.0.0.1:1

get() { name=$1; shift; "$FETCH" "$TMP/got/$name" $SIZE "$SHA" "$@"; }
same() { cmp "$TMP/got/$1" "$TMP/www/file"; }
absent() { [ ! -e "$TMP/got/$1" ]; }
asked() { grep -c "$1" "$TMP/log"; }

ok "fetches a file" get plain "$URL/good/file"
ok "… the right one" same plain
ok "a file that is there is not fetched again" get plain "$DOWN/x"
ok "follows a redirect" get hop "$URL/hop/file"
ok "a mirror that is down: the next is asked" get down "$DOWN/file" "$URL/good/file"
ok "a mirror without the file: the next is asked" get missing "$URL/good/nothing" "$URL/good/file"
ok "a mirror with other bytes: the next is asked" get second "$URL/wrong/file" "$URL/good/file"
ok "… the right ones are kept" same second
ok "an overloaded server is asked again" get flaky "$URL/flaky/file"

fails "wrong bytes everywhere are a matter of trust" 5 'SHA-256 is .* instead of' get wrong "$URL/wrong/file"
ok "… and nothing is kept" absent wrong
fails "no mirror at all: says so, and what to do" 4 'SDK_MIRROR_DEBIAN' get none "$DOWN/file"
fails "an error of the server is named" 4 'HTTP 503' get error "$URL/error/file"
fails "a missing file is named" 4 'HTTP 404' get gone "$URL/good/gone"
fails "a redirect loop ends" 4 'more than 10 redirects' get loop "$URL/loop/file"
fails "no redirect out of HTTP" 4 'rotocol' get tofile "$URL/tofile/file"
fails "an endless answer is cut" 5 'more than the 3000000 bytes' get endless "$URL/endless/file"
ok "… and nothing is kept" absent endless

fails "a truncated answer fails" 4 'fetch the file' env ROUNDS=1 "$FETCH" "$TMP/got/trunc" $SIZE "$SHA" "$URL/truncated/file"
is "… what came is kept" "$(stat -c %s "$TMP/got/trunc.part")" 1500000
ok "… and resumed" get trunc "$URL/good/file"
ok "… to the right file" same trunc
is "… by asking for the rest" "$(asked '/good/file bytes=1500000-')" 1
head -c 1000000 "$TMP/www/file" >"$TMP/got/norange.part"
ok "a server without ranges: from the beginning" get norange "$URL/norange/file"
ok "… to the right file" same norange
head -c 1000000 /dev/zero >"$TMP/got/rubbish.part"
ok "a damaged part is found out and dropped" get rubbish "$URL/good/file"
ok "… for the right file" same rubbish
head -c 4000000 /dev/zero >"$TMP/got/toolong.part"
ok "a part that is too long is dropped" get toolong "$URL/good/file"
cp "$TMP/www/file" "$TMP/got/whole.part"
ok "a whole part needs no server" get whole "$DOWN/file"
fails "silence is noticed" 4 'fetch the file' env STALL=2 ROUNDS=1 "$FETCH" "$TMP/got/stall" $SIZE "$SHA" "$URL/stall/file"

# Two at once: one fetches, the other waits and takes its file.
: >"$TMP/log"
get both "$URL/slow/file" 2>"$TMP/first" & first=$!
sleep 0.5
ok "a second process waits for the first" get both "$URL/slow/file"
wait $first; is "… which succeeds" $? 0
is "… and one request was made" "$(wc -l <"$TMP/log")" 1

# Interrupted: what came stays and is continued.
get cut "$URL/slow/file" 2>/dev/null & first=$!
sleep 1; kill -INT $first 2>/dev/null; kill -KILL $first 2>/dev/null; wait $first 2>/dev/null
ok "killed: no file under the final name" absent cut
ok "… the next run continues" get cut "$URL/good/file"
ok "… to the right file" same cut

if [ "$(id -u)" -eq 0 ] && mkdir "$TMP/small" && mount -t tmpfs -o size=1m none "$TMP/small" 2>/dev/null; then
	fails "a full disk is named, with what to do" 6 'No space left' "$FETCH" "$TMP/small/f" $SIZE "$SHA" "$URL/good/file"
else
	skip "a full disk is named" "mounting a small tmpfs needs root"
fi
done_testing
