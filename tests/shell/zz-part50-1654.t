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

broken() { rm -rf "$TMP/broken"; cp -r "$TMP/good" "$TMP/broken"; }
object_of() { grep " $1 1.0 " "$TMP/good/index/amd64" | sed -n "s/.* run=\([0-9a-f]*\):.*/\1/p"; }
path_of() { digest=$(object_of "$1"); echo "$2/objects/$(printf %.2s "$digest")/$digest.pkg.tar.zst"; }
# ---- what must not be believed: named in one line, and built from source
refused() { # refused WHAT PATTERN [PACKAGE]: the build names it and goes on from source
	"$SDK" build --refresh "${3:-t-lone}" >"$TMP/.out" 2>&1
	status=$?
	lines=$(grep -Ec "^warning: .*($2)" "$TMP/.out")
	if [ $status -eq 0 ] && [ "$lines" -ge 1 ] && grep -q '^1 built, 0 fetched' "$TMP/.out" &&
		[ ! -e "$SDK_OUT/store/evil" ] && [ ! -e /etc/evil ] && [ ! -e /tmp/sdk-test-evil ]; then
		result 0 "$1"
	else
		result 1 "$1"; echo "# exit $status, $lines warnings of /$2/"; sed 's/^/# /' "$TMP/.out"
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
done_testing
