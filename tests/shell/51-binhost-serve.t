#!/bin/sh
# sdk binhost serve: what it hands out, what it does not, and how it ends.
. "$(dirname "$0")/../lib.sh"
command -v curl >/dev/null || skip_all "no curl to ask with"
cd "$SDK_TOP" || exit 1
export SDK_DATA="$TMP/data"
HOST=$TMP/host digest=$(printf x | sha256sum | cut -d' ' -f1)
object=objects/$(printf %.2s "$digest")/$digest.pkg.tar.zst
mkdir -p "$HOST/index" "$HOST/releases/1.0" "$HOST/${object%/*}" "$HOST/.incoming"
echo index >"$HOST/index/amd64"; echo release >"$HOST/releases/1.0/amd64"
echo secret >"$TMP/secret"; echo secret >"$HOST/.incoming/x"; echo secret >"$HOST/other"
ln -s "$TMP/secret" "$HOST/index/link"; mkdir "$HOST/index/dir"; mkfifo "$HOST/index/fifo"
head -c 3000000 /dev/urandom >"$HOST/$object"

fails "no directory" 2 'DIRECTORY' "$SDK" binhost serve
fails "one that is no binhost" 3 'no index/ in it' "$SDK" binhost serve "$TMP"
fails "one that is not there" 3 'no binhost' "$SDK" binhost serve "$TMP/none"
fails "a port that is none" 2 'no port' "$SDK" binhost serve --listen=many "$HOST"
fails "an address of another machine" 6 'listen on port' "$SDK" binhost serve --listen=192.0.2.1:0 "$HOST"

"$SDK" binhost keys make >/dev/null 2>&1
# It is in the background, where the shell would have it ignore Ctrl-C.
env --default-signal=INT --ignore-signal=HUP "$SDK" binhost serve --listen=127.0.0.1:0 "$HOST" \
	>"$TMP/told" 2>"$TMP/log" &
server=$!
trap 'kill $server 2>/dev/null; cleanup' EXIT
for _ in $(seq 50); do grep -q keys: "$TMP/told" && break; sleep 0.1; done
url=$(sed -n 's/ *url: //p' "$TMP/told")
ok "it tells what readers need" grep -Eq 'keys: \[[0-9A-F]{40}\]' "$TMP/told"
port=${url##*:}
fails "a port that is taken" 6 'listen on port.*in use' "$SDK" binhost serve --listen="127.0.0.1:$port" "$HOST"
get() { curl -sS -o "$TMP/got" -w '%{http_code}' "$@"; }
is "an index" "$(get "$url/index/amd64")" 200
is "as it is" "$(cat "$TMP/got")" index
is "a release's" "$(get "$url/releases/1.0/amd64")" 200
is "an archive" "$(get "$url/$object")" 200
ok "whole" cmp "$TMP/got" "$HOST/$object"
tag=$(curl -sSI "$url/index/amd64" | tr -d '\r' | sed -n 's/^ETag: //ip')
is "not again to who has it" "$(get -H "If-None-Match: $tag" "$url/index/amd64")" 304
is "but to who has another" "$(get -H 'If-None-Match: "other"' "$url/index/amd64")" 200
echo newer >"$HOST/new"; mv "$HOST/new" "$HOST/index/amd64"
is "or an older one" "$(get -H "If-None-Match: $tag" "$url/index/amd64")" 200
is "HEAD has no body" "$(curl -sSI "$url/$object" | tr -d '\r' | sed -n 's/^Content-Length: //ip')" 3000000
for range in 0-99 100- 2999999- -100 10-10; do
	is "the part $range" "$(get -r $range "$url/$object")" 206
	curl -sS -r $range "file://$HOST/$object" >"$TMP/wanted"
	ok "is that part" cmp "$TMP/got" "$TMP/wanted"
done
is "a part behind the end" "$(get -r 3000000- "$url/$object")" 416
is "two parts are the whole" "$(get -r 0-1,5-6 "$url/$object")" 200
is "what can't be understood, too" "$(get -H 'Range: bytes=x-' "$url/$object")" 200
is "a part of what has changed is the whole" "$(get -r 5- -H 'If-Range: "other"' "$url/$object")" 200
for path in other .incoming/x index/link index/dir index/fifo index/ index index/.. index/../other \
	index/../../secret index/%2e%2e/other '%2e%2e/secret' /etc/passwd //etc/passwd \
	"objects/../$object" "$object/x" releases/1.0 releases/../other ''; do
	is "not /$path" "$(get --path-as-is "$url/$path")" 404
done
is "nothing can be written" "$(get -X PUT -d x "$url/index/amd64") $(get -X DELETE "$url/index/amd64")" "405 405"
is "nor was" "$(cat "$HOST/index/amd64")" newer
# Fifty at a time, a hundred in all.
seq 100 | xargs -P50 -I{} sh -c "curl -sS '$url/$object' | cmp - '$HOST/$object' && echo whole" >"$TMP/many" 2>&1
is "many at a time" "$(sort "$TMP/many" | uniq -c | tr -s ' ')" " 100 whole"
ok "each is a line of the log" grep -Eq "^20[0-9T:-]*Z 127.0.0.1 GET /$object 206 100$" "$TMP/log"
is "without what strangers wrote" "$(grep -c passwd "$TMP/log")" 0
kill -HUP $server; sleep 0.2
is "under nohup it outlives its terminal" "$(get "$url/index/amd64")" 200
kill -INT $server; wait $server
is "Ctrl-C ends it well" $? 0
ok "and it says how much it did" grep -Eq '^[0-9]{3} requests answered' "$TMP/log"
done_testing
