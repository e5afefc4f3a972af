#!/bin/sh
# sdk seed update: a small signed archive on a real HTTP server, and all the ways not to be believed.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 for the HTTP server"
command -v gpg-agent >/dev/null || skip_all "no gpg-agent to sign with"
cd "$SDK_TOP" || exit 1
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY SDK_OUT
SUITE=$TMP/www/dists/test
CHECKOUT=$TMP/checkout
LOCK=$CHECKOUT/bootstrap/seed.amd64.lock
mkdir -p "$SUITE/main/binary-amd64" "$CHECKOUT/bootstrap/keys" "$TMP/none" "$TMP/home"
: >"$TMP/log"
python3 tests/helpers/server.py "$TMP/www" "$TMP/port" "$TMP/log" &
server=$!
GPG=$TMP/gpg
mkdir -m 700 "$GPG"
trap 'kill $server 2>/dev/null; GNUPGHOME=$GPG gpgconf --kill all; cleanup' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s "$TMP/port" ] && break; sleep 0.3; done

export SDK_ROOT="$CHECKOUT" SDK_CACHE="$TMP/cache" SDK_APT_DIR="$TMP/none" HOME="$TMP/home"
SDK_MIRROR_DEBIAN=http://127.0.0.1:$(cat "$TMP/port")/good
export SDK_MIRROR_DEBIAN
gpg() { command gpg --homedir "$GPG" --batch --quiet --no-tty "$@"; }
for who in archive other stranger; do
	gpg --passphrase '' --quick-gen-key "$who@example.org" ed25519 sign never 2>/dev/null
done
gpg --armor --export archive@example.org >"$CHECKOUT/bootstrap/keys/archive.asc"

seed() { # seed PACKAGES: of group base
	cat >"$CHECKOUT/bootstrap/seed.yaml" <<-X
	suite: test
	indexes:
	  - {mirror: debian, suite: test}
	keyrings: [bootstrap/keys/archive.asc]
	groups:
	  base: {summary: all, packages: [$1]}
	  more: {summary: some, packages: [tool]}
	  toolchain-x: {summary: exact, closure: false, packages: [tool]}
	X
}
package() { # package NAME VERSION [FIELD…]
	printf 'Package: %s\nVersion: %s\nArchitecture: amd64\n' "$1" "$2"
	printf 'Filename: pool/%s_%s.deb\nSize: 1%s\nSHA256: %s\n' "$1" "$2" "${#1}" \
		"$(echo "$1 $2" | sha256sum | cut -d' ' -f1)"
	shift 2
	for field; do echo "$field"; done
	echo
}
packages() { # packages VERSION-OF-TOOL
	package shell 1.0-1 'Depends: library, first | second'
	package library 2:1.0 'Recommends: second'
	package first 1.0; package second 1.0
	package tool "$1" 'Depends: library, helper'
	package helper 0.1
	package foe 1 'Conflicts: library'
}
release() { # release CODENAME VALID-UNTIL
	printf 'Codename: %s\nValid-Until: %s\nSHA256:\n' "$1" "$2"
	for file in Packages.xz Packages.gz; do
		[ -e "$SUITE/main/binary-amd64/$file" ] || continue
		printf ' %s %s main/binary-amd64/%s\n' \
			"$(sha256sum "$SUITE/main/binary-amd64/$file" | cut -d' ' -f1)" \
			"$(stat -c %s "$SUITE/main/binary-amd64/$file")" "$file"
	done
}
tomorrow=$(LC_ALL=C date -u -d '+1 day' '+%a, %d %b %Y %H:%M:%S UTC')
yesterday=$(LC_ALL=C date -u -d '-1 day' '+%a, %d %b %Y %H:%M:%S UTC')
sign() { # sign KEY…: the text on stdin becomes the InRelease
	for key; do set -- "$@" -u "$key@example.org"; shift; done
	rm -f "$SUITE/InRelease"
	gpg "$@" --clear-sign --output "$SUITE/InRelease"
}
publish() { # publish VERSION-OF-TOOL
	packages "$1" | xz >"$SUITE/main/binary-amd64/Packages.xz"
	release test "$tomorrow" | sign archive
}
update() { "$SDK" seed update --arch=amd64 "$@"; }
lock_sum() { sha256sum <"$LOCK"; }

# ---- what is written
seed shell; publish 1.0
ok "dry run" update --dry-run
ok "… writes nothing" test ! -e "$LOCK"
update >"$TMP/out" 2>&1; result $? "resolves"
is "takes what is needed, and where" "$(grep mirror: "$LOCK" | cut -f1,2,7 | tr '\t\n' ' ;')" \
	"first 1.0 base;helper 0.1 more;library 2:1.0 base;shell 1.0-1 base;tool 1.0 more,toolchain-x;"
is "with address, size and digest" "$(sed -n 's/^tool\t//p' "$LOCK" | cut -f3-5)" \
	"$(printf 'mirror://debian/pool/tool_1.0.deb\t14\t%s' "$(echo 'tool 1.0' | sha256sum | cut -d' ' -f1)")"
ok "says what was added" grep -q '^added *tool 1.0' "$TMP/out"
before=$(lock_sum)
ok "the same again" sh -c "'$SDK' seed update --arch=amd64 | grep -q 'up to date: 5 packages'"
is "… with the same bytes" "$(lock_sum)" "$before"
publish 1.1
update >"$TMP/out" 2>&1
ok "says what was updated" grep -Eq '^updated +tool 1\.0 -> 1\.1' "$TMP/out"
is "as JSON" "$(publish 1.2; update --json 2>/dev/null | python3 -c 'import json, sys
for c in json.load(sys.stdin)["changes"]: print(c["name"], c["change"], c["old_version"], c["new_version"])')" \
	"tool updated 1.1 1.2"
seed 'shell, second'
ok "what moves between groups is told" sh -c "'$SDK' seed update --arch=amd64 | grep -q '^added *second'"
seed shell; update >/dev/null 2>&1
is "the user's keys are not looked at" "$(ls -A "$HOME")" ""
is "nothing unverified is left behind" "$(ls -A "$TMP/cache/indexes")" ""

# ---- whom it does not believe
good=$(lock_sum)
refused() { # refused TEXT PATTERN: ends with the code of broken trust, changes nothing
	fails "$1" 5 "$2" update
	is "… and leaves the lock" "$(lock_sum)" "$good"
}
publish 1.3
cp "$SUITE/InRelease" "$TMP/InRelease"
sed -i 's/^Codename: test/Codename: test /' "$SUITE/InRelease"
update >/dev/null 2>&1; is "blanks at the end of a line are not signed (RFC 9580, 7.2)" $? 0
seed shell; publish 1.2; update >/dev/null 2>&1; good=$(lock_sum)
cp "$TMP/InRelease" "$SUITE/InRelease"
sed -i 's/^ [0-9a-f]\{64\}/ 0000000000000000000000000000000000000000000000000000000000000000/' "$SUITE/InRelease"
refused "a changed InRelease" 'InRelease: no valid signature .*not what was signed'
release test "$tomorrow" | sign stranger
refused "a stranger's signature" 'InRelease: no valid signature .*none of our keys'
release test "$tomorrow" >"$SUITE/InRelease"
refused "no signature" 'InRelease: no valid signature'
release other "$tomorrow" | sign archive
refused "another suite, truly signed" 'wanted the release "test", got "other"'
release test "$yesterday" | sign archive
refused "an old release, truly signed" 'valid until'
release test never | sign archive
refused "a date that is none" 'is no date'
# (Of versions never fetched: what is in the cache by its digest is not asked for again.)
publish 7.1
packages 6.6 | xz >"$SUITE/main/binary-amd64/Packages.xz"
refused "another Packages file than the signed one" 'Packages'
publish 7.2
truncate -s -1 "$SUITE/main/binary-amd64/Packages.xz"
refused "a Packages file cut short" 'Packages'

# The signed text alone counts, whatever stands around it.
publish 1.2
{ printf 'Codename: other\nSHA256:\n 00 1 main/binary-amd64/Packages.xz\n\n'; cat "$SUITE/InRelease"; } >"$TMP/around"
cp "$TMP/around" "$SUITE/InRelease"
update >"$TMP/out" 2>&1
case $? in 0 | 5) result 0 "unsigned text around the signed one" ;; *) result 1 "unsigned text around the signed one" ;; esac
is "… has no effect" "$(lock_sum)" "$good"

# ---- what is believed all the same
publish 1.2; release test "$tomorrow" | sign archive stranger
ok "a second signature that is unknown" update
publish 1.4
sum=$(sha256sum "$SUITE/main/binary-amd64/Packages.xz" | cut -d' ' -f1)
mkdir -p "$SUITE/main/binary-amd64/by-hash/SHA256"
mv "$SUITE/main/binary-amd64/Packages.xz" "$SUITE/main/binary-amd64/by-hash/SHA256/$sum"
echo newer >"$SUITE/main/binary-amd64/Packages.xz"
ok "an archive in the midst of its update (by-hash)" update
rm -f "$SUITE/main/binary-amd64/Packages.xz"
packages 1.5 | gzip >"$SUITE/main/binary-amd64/Packages.gz"
release test "$tomorrow" | sign archive
ok "gzip where there is no xz" update

# ---- mistakes
publish 1.2; rm -f "$SUITE/main/binary-amd64/Packages.gz"; release test "$tomorrow" | sign archive
seed 'shell, libary'
fails "a misspelt package: file, line, group" 3 'seed.yaml:6:.*group base: no index has a package "libary"' update
fails "… and the nearest name" 3 'did you mean "library"' update
seed 'shell, foe'
fails "packages that can't go together" 3 "groups can't go together: .*foe" update
seed shell
: >"$CHECKOUT/bootstrap/keys/archive.asc"
fails "a keyring without keys" 3 'keys/archive.asc' update
rm "$CHECKOUT/bootstrap/keys/archive.asc"
fails "a keyring that is missing" 3 'keys/archive.asc' update
rm -r "$SUITE"
fails "an archive that is not there" 4 'InRelease.*404' update
fails "an architecture that is none" 2 'amd64 or arm64' "$SDK" seed update --arch=mips
done_testing
