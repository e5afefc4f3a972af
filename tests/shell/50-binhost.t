#!/bin/sh
# Reading binhosts: what is fetched and what is not, and everything that must not be believed.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 for the servers"
command -v gpg-agent >/dev/null || skip_all "no gpg-agent to sign with"
cd "$SDK_TOP" || exit 1
here=$PWD/tests/helpers
OLD_HOME=$HOME; mkdir "$TMP/home"
export HOME="$TMP/home" SDK_ROOT="$TMP/checkout"
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)'"$1"')'; }

# The environment is that of the checkout under test; recipes, keys and state are this test's own.
mkdir -p "$SDK_ROOT/recipes" "$SDK_ROOT/bootstrap/keys" "$SDK_TOP/out"
for name in toolchains board-configs; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
for file in "$SDK_TOP"/bootstrap/*; do
	[ -d "$file" ] || ln -s "$file" "$SDK_ROOT/bootstrap/"
done
ln -s "$SDK_TOP/recipes/.build-systems" "$SDK_ROOT/recipes/.build-systems"
ok "there is an environment" env HOME="$OLD_HOME" SDK_ROOT="$SDK_TOP" "$SDK" create --out "$SDK_TOP/out"
state() { # state DIRECTORY: makes it the state of who builds or reads from now on
	export SDK_OUT="$1/out" SDK_CACHE="$1/cache" SDK_DATA="$1/data"
	mkdir -p "$SDK_OUT" "$SDK_CACHE"
	for name in env toolchain; do
		mkdir -p "$SDK_TOP/out/$name"
		[ -e "$SDK_OUT/$name" ] || ln -s "$SDK_TOP/out/$name" "$SDK_OUT/$name"
	done
}
fresh() { # a reader who has nothing and has seen nothing
	chmod -R u+rwX "$TMP/reader" 2>/dev/null
	rm -rf "$TMP/reader"
	state "$TMP/reader"
}
recipe() { # recipe NAME DEPENDENCIES INSTALL
	mkdir -p "$SDK_ROOT/recipes/$1"
	printf '%s\n' "name: $1" 'version: "1.0"' 'summary: For the tests' 'license: MIT' 'sources: []' \
		'build: copy' 'libc: false' "depends: {target: [$2]}" 'phases:' '  install: |' "    $3" \
		>"$SDK_ROOT/recipes/$1/recipe.yaml"
}
small() { recipe "$1" "$2" "echo $1 >$1; install -Dm644 $1 \"\$DEST\"/usr/share/$1"; }
small t-base ''
small t-mid t-base
small t-top t-mid
small t-lone ''
recipe t-big '' 'python3 -c "import random; random.seed(1); open(\"big\", \"wb\").write(random.randbytes(3 << 20))"; install -Dm644 big "$DEST"/usr/share/big'
python3 "$here/server.py" "$TMP" "$TMP/port" "$TMP/log" &
server=$!
trap 'kill $server; cleanup' EXIT
while [ ! -s "$TMP/port" ]; do sleep 0.1; done
HOST=$TMP/host
url() { echo "http://127.0.0.1:$(cat "$TMP/port")/$1/${2:-host}"; }

# ---- somebody builds and pushes
state "$TMP/builder"
ok "a builder builds" "$SDK" build t-top t-lone t-big
"$SDK" binhost keys make --days=100 >/dev/null 2>&1
key=$("$SDK" binhost keys --json | field '[0]["fingerprint"]')
cp "$SDK_DATA/keys/$key.asc" "$SDK_ROOT/bootstrap/keys/"
ok "and pushes" "$SDK" binhost push --to="file://$HOST" t-top t-lone t-big
digest_of() { "$SDK" info "$1" --json | tr ',' '\n' | sed -n 's/.*"digest": *"\([0-9a-f]*\)".*/\1/p' | sort | tr '\n' ' '; }
theirs=$(digest_of t-top)$(digest_of t-lone)
cp -r "$HOST" "$TMP/good"
use() { # use URL…: sdk.yaml names these, in this order
	echo 'binhosts:' >"$SDK_ROOT/sdk.yaml"
	n=0
	for address; do
		n=$((n + 1))
		printf '  - {name: h%s, url: "%s", keys: [%s]}\n' $n "$address" "$trusted" >>"$SDK_ROOT/sdk.yaml"
	done
}
trusted=$key
build() { "$SDK" build "$@"; }
log_has() { grep -Eq -- "$1" "$TMP/log"; }

# ---- a reader
fresh; use "$(url tagged)"; : >"$TMP/log"
"$SDK" build -n t-top t-lone >"$TMP/plan"
is "the plan says what would be fetched" "$(awk '/^fetch/ { print $2 }' "$TMP/plan" | sort | tr '\n' ' ')" "t-base t-lone t-mid t-top "
is "asking the index alone" "$(grep -c . "$TMP/log")" 1
ok "a reader builds nothing" sh -c "'$SDK' build t-top t-lone 2>&1 | grep -q '^0 built, 2 fetched'"
is "what comes is what was built" "$(digest_of t-top)$(digest_of t-lone)" "$theirs"
is "and nothing but what the wanted ones need" "$(grep -c objects "$TMP/log")" 2
: >"$TMP/log"
ok "once more" build t-top t-lone
is "is nothing at all" "$(cat "$TMP/log")" ""
ok "--refresh asks again" build --refresh t-top t-lone
ok "and gets nothing that it has" log_has 'index/amd64 unchanged'
fresh; use "$(url good)"; : >"$TMP/log"
sed -i 's/echo t-top >/echo other >/' "$SDK_ROOT/recipes/t-top/recipe.yaml"
ok "a changed leaf is built" sh -c "'$SDK' build t-top 2>&1 | grep -q '^1 built, [12] fetched'"
is "on fetched dependencies, without what is not needed" "$(grep -c objects "$TMP/log")" 2
small t-top t-mid
fresh
fails "with --binhost-only nothing is built" 1 'no binhost has t-none' sh -c "
	cp -r '$SDK_ROOT/recipes/t-lone' '$SDK_ROOT/recipes/t-none'
	sed -i s/t-lone/t-none/ '$SDK_ROOT/recipes/t-none/recipe.yaml'
	'$SDK' build --binhost-only t-none t-lone"
is "not even what could be had" "$(ls "$SDK_OUT/store" 2>/dev/null | wc -l)" 0
ok "with --no-binhost everything is" sh -c "'$SDK' build --no-binhost t-lone 2>&1 | grep -q '^1 built, 0 fetched'"
fails "both together" 2 'nothing is left' build --no-binhost --binhost-only t-lone
fresh; use "file://$HOST"
ok "a directory is a binhost, too" build --binhost-only t-top

# ---- a release's own index
state "$TMP/builder"
ok "a release is pushed" "$SDK" binhost push --to="file://$HOST" --release=v1 t-top t-lone
cp -r "$HOST" "$TMP/released"
sed -n '/^dray-binhost-index/,/^$/p' "$HOST/index/amd64" | sed 's/^entries .*/entries 0/; s/^serial .*/serial 99/' >"$TMP/empty"
rm "$TMP/released/index/amd64"
gpg --homedir "$TMP/builder/data/gnupg" --batch --quiet --clearsign -o "$TMP/released/index/amd64" "$TMP/empty" 2>/dev/null
gpgconf --homedir "$TMP/builder/data/gnupg" --kill gpg-agent
fresh; use "file://$TMP/released"
fails "what the current index has no more" 1 'no binhost has' build --binhost-only t-lone
echo v1 >"$SDK_OUT/release"
ok "a checkout that is pinned to the release gets" build --binhost-only t-lone
fresh; use "$(url good)"; echo v9 >"$SDK_OUT/release"
ok "a release that the host has not is passed over" build --binhost-only t-lone
ok "in silence" sh -c "! '$SDK' build --refresh t-lone 2>&1 | grep -q warning"

# ---- the copy of an index
broken() { rm -rf "$TMP/broken"; cp -r "$TMP/good" "$TMP/broken"; }
fresh; broken; use "$(url tagged broken)"
ok "an index is kept" build --binhost-only t-lone
for file in "$SDK_CACHE"/binhosts/*/amd64.signed "$SDK_CACHE"/binhosts/*/amd64.verified; do echo x >>"$file"; done
ok "damaged here, it is fetched again" sh -c "! '$SDK' build --refresh --binhost-only t-base 2>&1 | grep warning"
echo '<html>Please log in</html>' >"$TMP/broken/index/amd64"
"$SDK" build --refresh --binhost-only t-mid >"$TMP/told" 2>&1
is "a page that is no index does not replace it" $? 0
ok "… which is told" grep -q 'warning: binhost h1: .*not signed.*; its index of 20.* is used' "$TMP/told"
rm "$TMP/broken/index/amd64"
ok "… nor does it later, when there is no answer" build --refresh --binhost-only t-top

# ---- hosts that are down, incomplete, slow
fresh; use "http://127.0.0.1:1/nobody" "$(url good)"
"$SDK" build --binhost-only t-lone >"$TMP/told" 2>&1; is "a host that is down is passed over" $? 0
ok "and named" grep -q 'warning: binhost h1 is not used: .*127.0.0.1' "$TMP/told"
fresh; use "$(url flaky)"
ok "a server that is busy is asked again" build --binhost-only t-lone
object_of() { grep " $1 1.0 " "$TMP/good/index/amd64" | sed -n 's/.* run=\([0-9a-f]*\):.*/\1/p'; }
path_of() { digest=$(object_of "$1"); echo "$2/objects/$(printf %.2s "$digest")/$digest.pkg.tar.zst"; }
broken; rm "$(path_of t-lone "$TMP/broken")"
fresh; use "$(url good broken)" "$(url good)"
"$SDK" build --binhost-only t-lone >"$TMP/told" 2>&1
is "an object that is not there comes from the next" $? 0
ok "and the first is named" grep -q 'warning: t-lone: binhost h1: .*404' "$TMP/told"
fresh; use "$(url slow)"; : >"$TMP/log"
timeout --preserve-status -s INT 1.5 "$SDK" build --binhost-only t-big >/dev/null 2>&1
is "Ctrl-C while fetching" $? 130
is "leaves nothing that could be taken for good" "$(ls "$SDK_OUT/store" | wc -l)" 0
ok "the next run" build --binhost-only t-big
ok "goes on where it was" log_has 'objects/.* bytes=[1-9]'
killed=0
for ms in 050 150 250 400 600 900; do
	fresh
	timeout --preserve-status -s KILL "0.$ms" "$SDK" build --binhost-only t-big t-top >/dev/null 2>&1
	use "$(url good)"
	build --binhost-only t-big t-top >"$TMP/kill.log" 2>&1 &&
		[ "$(sha256sum <"$SDK_OUT/store/$(object_of t-big)/root/usr/share/big")" = "$(sha256sum <"$TMP/builder/out/store/$(object_of t-big)/root/usr/share/big")" ] &&
		killed=$((killed + 1))
	use "$(url slow)"
done
is "killed at any moment, the next run ends well" $killed 6

# ---- processes that fetch, and die
object_of_big=objects/$(printf %.2s "$(object_of t-big)")/
end_fetchers() { # end_fetchers SIGNAL COMMAND…: ends all that fetch, when t-big is coming
	signal=$1; shift
	: >"$TMP/log"
	"$@" >"$TMP/told" 2>&1 & victim=$!
	for _ in $(seq 100); do log_has "slow/.*$object_of_big" && break; sleep 0.1; done
	sleep 0.5
	pkill "-$signal" -P $victim
	wait $victim
}
fresh; use "$(url slow)"
end_fetchers SEGV "$SDK" build t-big
is "what ends the process that reads it is built from source" $? 0
ok "… and named" grep -Eq 'warning: t-big: binhost h1: http.*/objects/.*: the process that read it ended early: killed by SIGSEGV.*not used' "$TMP/told"
is "… in one line" "$(grep -c "^warning: .*ended early" "$TMP/told")" 1
is "… and nothing of it is left to be read again" "$(find "$SDK_CACHE" -name '*.part')" ""
fresh; use "$(url slow)" "$(url good)"
end_fetchers KILL "$SDK" build --binhost-only t-big t-lone
is "… or comes from the next host" $? 0
ok "… the first is named" grep -Eq 'warning: t-big: binhost h1: .*killed by SIGKILL' "$TMP/told"
fresh; use "$(url slow)"
end_fetchers SEGV "$SDK" build --binhost-only t-big
ok "with --binhost-only the failure is told" grep -Eq '^error: t-big would have to be built: it did not come from binhost h1' "$TMP/told"
is "… and its reason, once" "$(grep -c 'ended early: killed by SIGSEGV' "$TMP/told")" 1

# ---- a server that went away after the index
many() { for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "t-many$n"; done; }
for name in $(many); do small "$name" ''; done
state "$TMP/builder"
# shellcheck disable=SC2046
ok "(many packages)" sh -c "'$SDK' build $(many | tr '\n' ' ') && '$SDK' binhost push --to='file://$HOST' $(many | tr '\n' ' ')"
fresh; use "$(url dying)"
# shellcheck disable=SC2046
build $(many) >"$TMP/told" 2>&1
is "a host that is down for its archives" $? 0
ok "… is left alone after a few, with one warning" [ "$(grep -c '^warning: .*left alone from now on' "$TMP/told")" = 1 ]
ok "… instead of waiting for each" [ "$(grep -c '^warning: .*it is not used' "$TMP/told")" -le 6 ]
ok "… all is built" grep -q '^12 built, 0 fetched' "$TMP/told"

# ---- what must not be believed: named in one line, and built from source
refused() { # refused WHAT PATTERN [PACKAGE]: the build names it and goes on from source
	"$SDK" build --refresh "${3:-t-lone}" >"$TMP/.out" 2>&1
	status=$?
	lines=$(grep -Ec "($2)" "$TMP/.out")
	if [ $status -eq 0 ] && [ "$lines" -eq 1 ] && grep -Eq "^warning: .*($2)" "$TMP/.out" && grep -q '^1 built, 0 fetched' "$TMP/.out" &&
		[ ! -e "$SDK_OUT/store/evil" ] && [ ! -e /etc/evil ] && [ ! -e /tmp/sdk-test-evil ]; then
		result 0 "$1"
	else
		result 1 "$1"; echo "# exit $status, $lines lines of /$2/, wanted one, a warning"; sed 's/^/# /' "$TMP/.out"
	fi
}
sign() { # sign HOME INDEX: a file as a clear-signed index of the broken host
	mkdir -p "$TMP/broken/index"; rm -f "$TMP/broken/index/amd64"
	gpg --homedir "$1" --batch --yes --quiet --no-auto-check-trustdb --clearsign -o "$TMP/broken/index/amd64" "$2"
	gpgconf --homedir "$1" --kill gpg-agent
}
text_of() { sed -n '/^dray-binhost-index/,/^-----BEGIN PGP SIGNATURE/p' "$1" | sed '$d'; }
ours=$TMP/builder/data/gnupg
text_of "$TMP/good/index/amd64" >"$TMP/text"
use "$(url good broken)"
fresh; broken; cp "$TMP/text" "$TMP/broken/index/amd64"
refused "an unsigned index" 'h1 is not used: .*not (clear-)?signed|no (valid )?signature|not an OpenPGP'
fresh; broken; sed -i 's/ t-lone 1.0 / t-lone 1.1 /' "$TMP/broken/index/amd64"
refused "an index changed after signing" 'h1 is not used: .*(signature|signed)'
fresh; broken; sed -i '1i junk' "$TMP/broken/index/amd64"
refused "something before the signed text" 'h1 is not used: .*more than the signed text'
fresh; broken; echo junk >>"$TMP/broken/index/amd64"
refused "something after it" 'h1 is not used: .*more than the signed text'
mkdir -m 700 "$TMP/stranger"
gpg --homedir "$TMP/stranger" --batch --quiet --passphrase '' --quick-gen-key stranger ed25519 sign 2>/dev/null
fresh; broken; sign "$TMP/stranger" "$TMP/text"
refused "a stranger's signature" 'h1 is not used: .*none of our keys'
gpg --homedir "$TMP/stranger" --armor --export >"$SDK_ROOT/bootstrap/keys/stranger.asc"
fresh
refused "even when its key lies in bootstrap/keys" 'h1 is not used: .*not a key that is trusted here'
rm "$SDK_ROOT/bootstrap/keys/stranger.asc"
mkdir -m 700 "$TMP/old"
gpg --homedir "$TMP/old" --batch --quiet --passphrase '' --faked-system-time 20200101T000000 --quick-gen-key old ed25519 sign 30d 2>/dev/null
old=$(gpg --homedir "$TMP/old" --with-colons -k | awk -F: '/^fpr/ { print $10; exit }')
gpg --homedir "$TMP/old" --armor --export >"$SDK_ROOT/bootstrap/keys/old.asc"
trusted=$old; use "$(url good broken)"; fresh; broken
rm "$TMP/broken/index/amd64"
gpg --homedir "$TMP/old" --batch --yes --quiet --no-auto-check-trustdb --faked-system-time 20200102T000000 \
	--clearsign -o "$TMP/broken/index/amd64" "$TMP/text" 2>/dev/null
refused "an expired key" 'h1 is not used: .*expired'
rm "$SDK_ROOT/bootstrap/keys/old.asc"; trusted=$key; use "$(url good broken)"
fresh; broken; sed 's/^arch amd64/arch arm64/' "$TMP/text" >"$TMP/arm"; sign "$ours" "$TMP/arm"
refused "the index of another architecture" 'h1 is not used: .*index for arm64'
fresh; broken; sed 's/^entries .*/entries 99/' "$TMP/text" >"$TMP/short"; sign "$ours" "$TMP/short"
refused "a signed index that is none" 'h1 is not used: .*not as many entries'
fresh; broken; sed 's/^serial .*/serial 9/' "$TMP/text" >"$TMP/nine"; sign "$ours" "$TMP/nine"
ok "a newer index is taken" build --binhost-only t-base
cp "$TMP/good/index/amd64" "$TMP/broken/index/amd64"
rm -rf "$SDK_CACHE"; state "$TMP/reader"
refused "an older one is a roll-back, with its date" 'h1 is not used: .*rolled back to number 1 of 20[0-9-]*T.*number 9 of 20'
aged() { # aged DAYS: the index as it would have been signed then
	broken; sed "s/^date .*/date $(date -u -d "-$1 days" +%Y-%m-%dT%H:%M:%SZ)/" "$TMP/text" >"$TMP/aged"
	sign "$ours" "$TMP/aged"
}
fresh; aged 91
refused "an index that nobody has renewed" "h1 is not used: .*index of $(date -u -d '-91 days' +%Y-%m-)[0-9T:-]*Z is older than 90 days .*sdk binhost sign. renews it"
ok "… is used where that is wanted" sh -c "sed -i 's/keys:/max-age-days: 99, keys:/' '$SDK_ROOT/sdk.yaml' &&
	'$SDK' build --binhost-only t-base"
use "$(url good broken)"; fresh; aged 89
ok "… and so is one that is younger" build --binhost-only t-base
fresh; aged 91; mkdir -p "$TMP/broken/releases/v1"; cp "$TMP/broken/index/amd64" "$TMP/broken/releases/v1/"
echo v1 >"$SDK_OUT/release"
ok "… and a release's, which stays as it was" build --binhost-only t-base
fresh; broken; path=$(path_of t-lone "$TMP/broken"); truncate -s -9 "$path"
refused "a truncated object" 't-lone: binhost h1: .* bytes instead of|t-lone: binhost h1: .*(truncated|closed)'
fresh; broken; cp "$(path_of t-base "$TMP/broken")" "$(path_of t-lone "$TMP/broken")"
refused "a swapped object" 't-lone: binhost h1: .*/objects/.* bytes instead of '
why() { # why KIND: what is said of an archive of that kind
	case $1 in
	symlink) echo 'usr/share/dir/evil: would pass through a symbolic link' ;;
	dotdot) echo 'usr/../../../evil: "[.][.]" in the path' ;;
	absolute) echo '/tmp/sdk-test-evil: absolute path' ;;
	device) echo 'usr/share/null: neither file nor symbolic link nor directory' ;;
	bomb) echo 'usr/share/t-lone: size differs' ;;
	setuid) echo 'usr/share/t-lone: mode differs' ;;
	extra) echo 'usr/share/extra comes in the place of' ;;
	short) echo '1 entries of the manifest are missing' ;;
	esac
}
for kind in symlink dotdot absolute device bomb setuid extra short; do
	fresh; broken
	wanted=$("$SDK" build -n --no-binhost --json t-lone | field '["packages"][0]["key"]')
	{
		grep -v ' t-lone ' "$TMP/text" | sed '1,/^$/d'
		python3 "$here/binhost.py" evil $kind t-lone "$wanted" "$TMP/broken"
	} | python3 "$here/binhost.py" index amd64 10 >"$TMP/evil"
	sign "$ours" "$TMP/evil"
	refused "signed, but evil: $kind" "t-lone: binhost h1: .*: $(why $kind)"
done
fresh; broken
{
	grep -v ' t-lone ' "$TMP/text" | sed '1,/^$/d'
	python3 "$here/binhost.py" evil good t-lone "$wanted" "$TMP/broken"
} | python3 "$here/binhost.py" index amd64 10 >"$TMP/evil"
sign "$ours" "$TMP/evil"
ok "(the same, good, is taken)" build --binhost-only t-lone

# ---- a hundred corruptions of any kind
corrupted=${SDK_TEST_CORRUPTIONS:-100} detected=0 used=0
for seed in $(seq "$corrupted"); do
	fresh; rm -rf "$TMP/broken-$seed"; cp -r "$TMP/good" "$TMP/broken-$seed"
	case $((seed % 5)) in # as a directory, by HTTP, by HTTP with each archive in two parts
	0) use "$(url good "broken-$seed")" ;;
	1) use "$(url halved "broken-$seed")" ;;
	*) use "file://$TMP/broken-$seed" ;;
	esac
	what=$(python3 "$here/binhost.py" corrupt "$seed" "$TMP/broken-$seed/index/amd64" "$TMP/broken-$seed/objects")
	if "$SDK" build --binhost-only t-base t-mid t-top t-lone t-big >"$TMP/.out" 2>&1; then
		# Not every bit around the text says something of it; all that came is compared below.
		case $what in
		signature*) detected=$((detected + 1)); echo "# $seed: $what: harmless" ;;
		*) used=$((used + 1)); echo "# $seed: $what: not detected" ;;
		esac
	elif grep -q '^warning: .*binhost h1' "$TMP/.out"; then
		detected=$((detected + 1))
	else
		echo "# $seed: $what: not named"; sed 's/^/# /' "$TMP/.out"
	fi
	rm -rf "$TMP/broken-$seed"
	for dir in "$SDK_OUT"/store/*; do
		[ ! -e "$dir" ] || diff -r "$dir" "$TMP/builder/out/store/${dir##*/}" >/dev/null || used=$((used + 1))
	done
done
is "$corrupted corruptions are detected, or harmless" $detected "$corrupted"
[ "$corrupted" -lt 5 ] || ok "(archives were continued after a break)" log_has 'halved/.*objects/.* bytes=[1-9]'
is "and none is used" $used 0

# ---- keys that change
use "$(url good)"
state "$TMP/builder"
second=$("$SDK" binhost keys rotate --json 2>/dev/null | field '["fingerprint"]')
ok "after a rotation the index is signed anew" "$SDK" binhost sign --to="file://$HOST"
cp "$SDK_DATA/keys/$key.asc" "$SDK_ROOT/bootstrap/keys/"
fresh
ok "a reader who trusts the old key is served" build --binhost-only t-lone
trusted=$second; use "$(url good)"; cp "$TMP/builder/data/keys/$second.asc" "$SDK_ROOT/bootstrap/keys/"
fresh
ok "and one who trusts the new one" build --binhost-only t-lone
state "$TMP/builder"
"$SDK" binhost keys revoke "$key" >/dev/null 2>&1
cp "$SDK_DATA/keys/$key.asc" "$SDK_ROOT/bootstrap/keys/"
trusted=$key; use "$(url good)"
fresh
refused "the old one is revoked: who has that trusts it no more" 'h1 is not used: .*revoked'
done_testing
