#!/bin/sh
# Writing a binhost: keys, pushes to a directory and to an S3-compatible store, many at a time.
# SDK_TEST_S3=s3://bucket/prefix with AWS_* set runs the latter against a real server.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 for the servers"
command -v gpg-agent >/dev/null || skip_all "no gpg-agent to sign with"
cd "$SDK_TOP" || exit 1
mkdir "$TMP/home"
export SDK_DATA="$TMP/data" HOME="$TMP/home"
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)'"$1"')'; }

# ---- keys
keys() { "$SDK" binhost keys "$@"; }
ok "no keys yet" sh -c "'$SDK' binhost keys | grep -q 'keys make'"
ok "a key is made" keys make --name='CI <ci@example.org>' --days=100
first=$(keys --json | field '[0]["fingerprint"]')
ok "… and listed with its end" sh -c "'$SDK' binhost keys | grep -q '^$first  valid .* $(date -u -d '+100 days' +%Y-%m-%d)'"
is "… where only we may read" "$(stat -c %a "$SDK_DATA/gnupg")" 700
ok "… its public part is written" grep -q 'BEGIN PGP PUBLIC KEY' "$SDK_DATA/keys/$first.asc"
is "… and the user's own keys were not touched" "$(ls -A "$HOME")" ""
is "… and no agent is left" "$(pgrep -fc "gpg-agent --homedir $SDK_DATA")" 0
ok "a key takes over" keys rotate --overlap-days=7
ok "… the old one signs for some days more" sh -c "'$SDK' binhost keys | grep -q '^$first  valid .* $(date -u -d '+7 days' +%Y-%m-%d)'"
fails "a key that we don't have" 2 'no key of ours' keys revoke 0123456789
fails "what can't be understood" 2 'list, make, rotate' keys destroy
chmod 755 "$SDK_DATA/gnupg"
fails "keys that others can read are refused" 5 'chmod 700' keys
chmod 700 "$SDK_DATA/gnupg"
ok "a key is revoked" keys revoke "$(printf %s "$first" | tail -c 16)"
ok "… and says so" sh -c "'$SDK' binhost keys | grep -q '^$first  revoked'"
ok "… in its public part as well" sh -c "gpg --homedir '$TMP' --show-keys '$SDK_DATA/keys/$first.asc' | grep -q revoked"

# ---- things to push: records and archives as builds leave them, without the building
CHECKOUT=$TMP/checkout
export SDK_ROOT="$CHECKOUT" SDK_OUT="$TMP/out" SDK_CACHE="$TMP/cache"
mkdir -p "$CHECKOUT/recipes"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$CHECKOUT/$name"; done
ln -s "$SDK_TOP/recipes/.build-systems" "$CHECKOUT/recipes/.build-systems"
# built NAME CONTENT [ZSTD-LEVEL]: as if the package NAME with that content had been built
built() {
	mkdir -p "$CHECKOUT/recipes/$1"
	cat >"$CHECKOUT/recipes/$1/recipe.yaml" <<-Y
	name: $1
	version: 1.0
	summary: For the tests, $2
	homepage: https://example.org/
	license: MIT
	sources: []
	build: copy
	libc: false
	phases:
	  install: |
	    echo $2
	Y
	key=$("$SDK" build -n --json "$1" | field '["packages"][0]["key"]')
	rm -rf "$TMP/tree"; mkdir -p "$TMP/tree/usr/share" "$SDK_CACHE/keys/$(printf %.2s "$key")"
	echo "$2" >"$TMP/tree/usr/share/$1"
	(cd "$TMP/tree" && chmod 644 "usr/share/$1" && {
		printf 'package %s\nversion 1.0\noutput run\narch amd64\n' "$1"
		printf 'd\t755\t0\t\tusr\nd\t755\t0\t\tusr/share\n'
		printf 'f\t644\t%s\t%s\tusr/share/%s\n' "$(stat -c %s "usr/share/$1")" \
			"$(sha256sum "usr/share/$1" | cut -d' ' -f1)" "$1"
	} >.manifest)
	digest=$(sha256sum "$TMP/tree/.manifest" | cut -d' ' -f1)
	object=$SDK_CACHE/objects/$(printf %.2s "$digest")/$digest.pkg.tar.zst
	mkdir -p "${object%/*}"
	tar -C "$TMP/tree" --no-recursion --format=pax --owner=root:0 --group=root:0 --mtime=@0 --pax-option=delete=atime,delete=ctime \
		-c .manifest usr usr/share "usr/share/$1" | zstd -q "-${3:-3}" -c >"$object"
	printf 'package %s\nversion 1.0\narch amd64\nkey %s\nseconds 1.5\noutput run %s 6\n' \
		"$1" "$key" "$digest" >"$SDK_CACHE/keys/$(printf %.2s "$key")/$key"
}
HOST=$TMP/host
URL=file://$HOST
push() { "$SDK" binhost push --arch=amd64 "$@"; }
head_of() { sed -n "s/^$2 //p" "$HOST/$1"; }
verify() { "$SDK" binhost verify --to="$URL" "$@"; }
names() { sed -n 's/^[0-9a-f]\{64\} \([^ ]*\).*/\1/p' "$1" | sort | tr '\n' ' '; }

fails "a directory that is none" 3 'no binhost' "$SDK" binhost verify --to="file://$TMP/mistyped"
is "… is not made by a look at it" "$(ls -d "$TMP/mistyped" 2>/dev/null)" ""
fails "nowhere to push to" 2 'to=file:///dir' push a
built a one; built b two
ok "a push to a directory" push --to="$URL" a
is "… makes index number 1" "$(head_of index/amd64 serial)" 1
ok "… signed by our key" sh -c "gpg --homedir '$SDK_DATA/gnupg' --verify '$HOST/index/amd64' 2>&1 | grep -q 'Good signature'"
ok "… whose archives are good" verify
push --to="$URL" a >"$TMP/log"
ok "nothing is pushed twice" grep -q '0 of them new; 0 objects' "$TMP/log"
is "… and the index stays" "$(head_of index/amd64 serial)" 1
ok "a second package" push --to="$URL" b
is "… joins the first" "$(names "$HOST/index/amd64")" "a b "
is "nothing half-written is left" "$(ls -A "$HOST/.incoming")" ""

# ---- the bytes that are there
cp -r "$HOST" "$TMP/other"
built a one 19
rm "$TMP/other/index/amd64"; rm -r "$SDK_DATA/pushed"
before=$(cd "$TMP/other" && find objects -type f -exec sha256sum {} + | sort)
ok "other bytes of the same output: they stay" push --to="file://$TMP/other" a b
is "… just so" "$(cd "$TMP/other" && find objects -type f -exec sha256sum {} + | sort)" "$before"
ok "… and the index names them" "$SDK" binhost verify --to="file://$TMP/other"
rm "$TMP/other/index/amd64"; rm -r "$SDK_DATA/pushed"
for object in "$TMP"/other/objects/*/*; do truncate -s 50 "$object"; done
push --to="file://$TMP/other" a b >"$TMP/log" 2>&1
ok "damaged ones are replaced" grep -q 'damaged, replaced' "$TMP/log"
ok "… by good ones" "$SDK" binhost verify --to="file://$TMP/other"
built a one

# ---- an interrupted push
built c three
digest_c=$digest
mkdir -p "$HOST/objects/$(printf %.2s "$digest_c")"
cp "$object" "$HOST/objects/$(printf %.2s "$digest_c")/" # uploaded, never entered
ok "what an interrupted push left is no fault" verify
ok "the next one goes on" push --to="$URL" c
is "… to the same end" "$(names "$HOST/index/amd64")" "a b c "
for n in 1 2 3 4 5 6; do built "k$n" "$n" ; done
killed=0
for n in 1 2 3 4 5 6; do
	# (Not the function: then it would be a shell that is killed.)
	"$SDK" binhost push --arch=amd64 --to="$URL" k1 k2 k3 k4 k5 k6 >/dev/null 2>&1 & victim=$!
	sleep "0.0$n"; kill -KILL $victim 2>/dev/null; wait $victim 2>/dev/null
	[ $? -ne 137 ] || killed=$((killed + 1))
	verify >"$TMP/log" 2>&1 || { cat "$TMP/log"; break; }
done
ok "(pushes were killed)" [ "$killed" -gt 0 ]
ok "killed at any point, it leaves a valid host" verify
ok "… that the next push completes" push --to="$URL" k1 k2 k3 k4 k5 k6
is "… with all" "$(names "$HOST/index/amd64")" "a b c k1 k2 k3 k4 k5 k6 "

# ---- many at a time
concurrently() { # concurrently URL: 6 pushers, 3 packages each, one of them shared
	pids=
	for n in 1 2 3 4 5 6; do
		push --to="$1" "p$n" "q$n" shared >"$TMP/push.$n" 2>&1 & pids="$pids $!"
	done
	for pid in $pids; do wait "$pid" || { cat "$TMP"/push.*; return 1; }; done
}
built shared all
for n in 1 2 3 4 5 6; do built "p$n" "$n"; built "q$n" "$n"; done
serial=$(head_of index/amd64 serial)
ok "six pushers at a time, into a directory" concurrently "$URL"
is "… lose nobody's entries" "$(names "$HOST/index/amd64")" \
	"a b c k1 k2 k3 k4 k5 k6 p1 p2 p3 p4 p5 p6 q1 q2 q3 q4 q5 q6 shared "
is "… each of them wrote one index" "$(head_of index/amd64 serial)" "$((serial + 6))"
ok "… and all is good" verify

# ---- a store
server=
trap 'kill $server 2>/dev/null; cleanup' EXIT
if [ "${SDK_TEST_S3:-}" ]; then
	S3=$SDK_TEST_S3/$(date +%s)
else
	unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY AWS_REGION AWS_PROFILE AWS_SESSION_TOKEN
	MEET="$TMP/meet" TOGETHER="$TMP/together" LOST="$TMP/lost" REFUSED="$TMP/refused" PAGE=5 FLAKY=1 python3 "$SDK_TOP/tests/helpers/s3-server.py" "$TMP/port" "$TMP/s3.log" bucket &
	server=$!
	for _ in $(seq 600); do [ -s "$TMP/port" ] && break; sleep 0.1; done
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(cat "$TMP/port")
	export AWS_ENDPOINT_URL_S3 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY='secret/with+signs'
	S3=s3://bucket/dray
fi
ok "a push to a store, though it is overloaded now and then" push --to="$S3" a b
fails "a wrong secret" 4 'SignatureDoesNotMatch' env AWS_SECRET_ACCESS_KEY=wrong "$SDK" binhost push --to="$S3" c
ok "… is not shown" sh -c "! grep -q wrong '$TMP/.out'"
fails "a bucket that is not there" 4 'HTTP 404' push --to=s3://elsewhere/dray a
mkdir "$HOME/.aws"
printf '[other]\naws_access_key_id = x\n[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
	"$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >"$HOME/.aws/credentials"
ok "credentials from the file" env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$SDK" binhost push --arch=amd64 --to="$S3" c
rm -r "$HOME/.aws"
fails "no credentials" 2 'AWS_ACCESS_KEY_ID' env -u AWS_ACCESS_KEY_ID "$SDK" binhost push --to="$S3" c
touch "$TMP/meet"
ok "six pushers at a time, into the store" concurrently "$S3"
"$SDK" binhost verify --to="$S3" --json >"$TMP/verify.json"; result $? "… all is good"
is "… and nobody's entries are lost" "$(field '["entries"]' <"$TMP/verify.json")" 16
if [ "$server" ]; then
	ok "… though they did collide" grep -q 'PUT .*index/amd64 412' "$TMP/s3.log"
	rm "$TMP/meet"; : >"$TMP/s3.log"; touch "$TMP/lost"
	push --to="$S3" k1 >"$TMP/log" 2>&1; result $? "an index whose answer is lost is written"
	ok "… and known to be" grep -q '1 of them new' "$TMP/log"
	is "… without another one" "$(grep -c 'PUT .*index/amd64 200' "$TMP/s3.log")" 0
	touch "$TMP/together"
	ok "verify looks at several archives at a time" "$SDK" binhost verify --to="$S3"
	rm "$TMP/together"
	# Of two archives the first in the order of the index is missing, the other can't be had.
	for name in a c; do
		key=$("$SDK" build -n --json "$name" | field '["packages"][0]["key"]')
		sed -n "s,^output run \(..\)\([0-9a-f]*\) .*,$key dray/objects/\1/\1\2.pkg.tar.zst,p" "$SDK_CACHE/keys/$(printf %.2s "$key")/$key"
	done | sort | awk '{ print NR == 1 ? 404 : 403, $2 }' >"$TMP/refused"
	fails "verify that is cut short" 4 'HTTP 403' "$SDK" binhost verify --to="$S3"
	cp "$TMP/.out" "$TMP/log"
	ok "… tells what it had found" grep -q 'objects/.*: missing$' "$TMP/log"
	ok "… and that it was not all" grep -q '1 faults so far' "$TMP/log"
	is "… to programs, too" "$("$SDK" binhost verify --json --to="$S3" 2>/dev/null | field '["complete"]')" False
	rm "$TMP/refused"
fi

# ---- a flipped bit
victim=$(find "$HOST/objects" -type f | sort | sed -n 7p)
printf '\377' | dd of="$victim" bs=1 seek=100 conv=notrunc status=none
fails "verify finds a flipped bit" 5 "$(basename "$victim"): its SHA-256" verify
cp "$TMP/.out" "$TMP/log"
ok "… of which it tells at once" grep -q '^failed .*: its SHA-256' "$TMP/log"
is "… and nothing else" "$(verify --json 2>/dev/null | field '["faults"].__len__()')" 1
rm "$victim"
fails "… and a missing archive" 5 "$(basename "$victim"): .*missing" verify
ok "pushed again, it is whole" push --again --to="$URL" a b c k1 k2 k3 k4 k5 k6 p1 p2 p3 p4 p5 p6 q1 q2 q3 q4 q5 q6 shared
ok "… and good" verify

# ---- prune
prune() { "$SDK" binhost prune --to="$URL" "$@"; }
count() { find "$HOST/objects" -type f | wc -l; }
ok "a release" push --to="$URL" --release=1.0 a b
is "… holds what it was made of" "$(names "$HOST/releases/1.0/amd64")" "a b "
prune --keep-days=0 --dry-run >"$TMP/log"
ok "a dry run shows what would go" grep -q '^index/amd64 *c ' "$TMP/log"
is "… and takes nothing" "$(names "$HOST/index/amd64" | wc -w)" 22
before=$(count)
ok "prune" prune --keep-days=0
is "… leaves what the release holds" "$(names "$HOST/index/amd64")" "a b "
is "… and the archives, for a while" "$(count)" "$before"
ok "a push in between counts on one of them" push --to="$URL" c
ok "after the grace" prune --grace-hours=0
is "… the archives go" "$(count)" 3
ok "… and what is named is there" verify
ok "a release goes" prune --keep-releases=0 --grace-hours=0
is "… with its index" "$(find "$HOST/releases" -type f)" ""
ok "two more" sh -c "'$SDK' binhost push --arch=amd64 --to='$URL' --release=1.9 a && sleep 1 &&
	'$SDK' binhost push --arch=amd64 --to='$URL' --release=1.10 a"
oldest() { prune --dry-run --keep-releases=1 --json | field '["releases"]'; }
is "… the older one would go" "$(oldest)" "['1.9']"
ok "… signed anew" "$SDK" binhost sign --to="$URL" releases/1.10/amd64 releases/1.9/amd64
is "… it still is the older one" "$(oldest)" "['1.9']"
ok "… and pushed to" push --to="$URL" --release=1.9 b
is "… as well" "$(oldest)" "['1.9']"
for release in 1.9 1.10; do # as they were written before they told their age
	sed -n '/^dray-binhost-index/,/^-----BEGIN PGP SIG/p' "$HOST/releases/$release/amd64" | sed '$d; /^created /d' >"$TMP/text"
	rm "$HOST/releases/$release/amd64"
	gpg --homedir "$SDK_DATA/gnupg" --batch --quiet --no-auto-check-trustdb --clearsign \
		-o "$HOST/releases/$release/amd64" "$TMP/text" 2>/dev/null
done
gpgconf --homedir "$SDK_DATA/gnupg" --kill gpg-agent
is "of two of one age the lower version is the older" "$(prune --dry-run --keep-releases=1 --json | field '["releases"]')" "['1.9']"
ok "and both go" prune --keep-releases=0 --grace-hours=0
ok "pushed again" push --to="$URL" --release=1.9 a
is "… it goes on where it was: readers have seen that number" "$(head_of releases/1.9/amd64 serial)" 4
rm "$HOST/releases/1.9/amd64"
fails "one that went otherwise is missed" 5 'gone, and number 4 was written from here' push --to="$URL" --release=1.9 a
push --to="$URL" --release=1.9 --afresh a >"$TMP/log" 2>&1; is "… unless it is begun afresh" $? 0
ok "… which is told" grep -q 'warning: begun afresh: .*/releases/1.9/amd64 was gone' "$TMP/log"
is "… and goes on, too" "$(head_of releases/1.9/amd64 serial)" 5
ok "it goes" prune --keep-releases=0 --grace-hours=0

# ---- whom a pusher believes
cp "$HOST/index/amd64" "$TMP/index.good"
sed -i 's/^entries .*/entries 0/' "$HOST/index/amd64"
fails "a changed index is not built upon" 5 'not what was signed' push --to="$URL" k1
cp "$TMP/index.good" "$HOST/index/amd64"
push --to="$URL" k1 >/dev/null 2>&1
cp "$HOST/index/amd64" "$TMP/index.newer"; cp "$TMP/index.good" "$HOST/index/amd64"
fails "an index that was rolled back" 5 'rolled back: it is number' push --to="$URL" k2
cp "$TMP/index.newer" "$HOST/index/amd64"
for mark in "$SDK_DATA"/pushed/*; do echo 'x' >"$mark.new"; mv "$mark" "$mark.old"; mv "$mark.new" "$mark"; done
fails "what was written from here, damaged, is not taken for nothing" 5 'damaged: an older index' push --to="$URL" k2
for mark in "$SDK_DATA"/pushed/*.old; do mv "$mark" "${mark%.old}"; done
export SDK_DATA="$TMP/data2"
keys make >/dev/null 2>&1
fails "another's index" 5 'none of our keys' push --to="$URL" k2
export SDK_DATA="$TMP/data"

# ---- rotation and revocation, as a reader with one of the keys sees them
reads() { # reads FINGERPRINT: verifies the index with that public key alone
	rm -rf "$TMP/reader"; mkdir -m 700 "$TMP/reader"
	gpg --homedir "$TMP/reader" --quiet --import "$SDK_DATA/keys/$1.asc" 2>/dev/null
	gpg --homedir "$TMP/reader" --status-fd 1 --verify "$HOST/index/amd64" 2>/dev/null | tee "$TMP/status" | grep -q "VALIDSIG $1"
}
second=$(keys --json | field '[-1]["fingerprint"]'); [ "$second" != "$first" ] || second=$(keys --json | field '[0]["fingerprint"]')
third=$(keys rotate --json 2>/dev/null | field '["fingerprint"]')
ok "after a rotation: signed anew" "$SDK" binhost sign --to="$URL"
ok "… a reader with the old key is served" reads "$second"
ok "… and one with the new" reads "$third"
ok "the old key is revoked" keys revoke "$second"
reads "$second"; ok "… its reader refuses, with the new public part" grep -q REVKEYSIG "$TMP/status"
ok "… and signed anew, the old one is gone from it" "$SDK" binhost sign --to="$URL"
reads "$third"
is "… for good" "$(grep -c "VALIDSIG\|ERRSIG\|KEYSIG" "$TMP/status")" 1
keys revoke "$third" >/dev/null 2>&1
fourth=$(keys make --json 2>/dev/null | field '["fingerprint"]')
serial=$(head_of index/amd64 serial)
fails "an index signed by a revoked key alone is no ground to build on" 5 'revoked' push --to="$URL" k1
push --to="$URL" --afresh k1 >"$TMP/log" 2>&1; is "… but can be begun afresh" $? 0
ok "… which is told" grep -q 'warning: begun afresh.*revoked' "$TMP/log"
is "… its number goes on" "$(head_of index/amd64 serial)" $((serial + 1))
is "… with what is pushed now alone" "$(names "$HOST/index/amd64")" "k1 "
ok "… signed by the new key" reads "$fourth"
push --to="$URL" --afresh k2 >/dev/null 2>&1
is "--afresh on a good index begins nothing" "$(names "$HOST/index/amd64")" "k1 k2 "
done_testing
