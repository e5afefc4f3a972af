#!/bin/sh
# sdk bump: newer versions on pages and in a small signed Debian archive, both on a real HTTP server.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 for the HTTP server"
command -v gpg-agent >/dev/null || skip_all "no gpg-agent to sign with"
cd "$SDK_TOP" || exit 1
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY SDK_OUT
WWW=$TMP/www CHECKOUT=$TMP/checkout GPG=$TMP/gpg
mkdir -p "$WWW/pages" "$CHECKOUT/bootstrap/keys" "$CHECKOUT/recipes" "$TMP/none" "$TMP/home"
for name in toolchains board-configs; do ln -s "$SDK_TOP/$name" "$CHECKOUT/$name"; done
ln -s "$SDK_TOP/recipes/.build-systems" "$CHECKOUT/recipes/.build-systems"
cp "$SDK_TOP"/bootstrap/seed.*.lock "$CHECKOUT/bootstrap/"
: >"$TMP/log"
python3 tests/helpers/server.py "$WWW" "$TMP/port" "$TMP/log" &
server=$!
mkdir -m 700 "$GPG"
trap 'kill $server 2>/dev/null; GNUPGHOME=$GPG gpgconf --kill all; cleanup' EXIT
for _ in $(seq 100); do [ -s "$TMP/port" ] && break; sleep 0.3; done
URL=http://127.0.0.1:$(cat "$TMP/port")/good
export SDK_ROOT="$CHECKOUT" SDK_CACHE="$TMP/cache" SDK_APT_DIR="$TMP/none" HOME="$TMP/home"
export SDK_MIRROR_DEBIAN="$URL/debian" SDK_MIRROR_DEBIAN_SECURITY="$URL/security"
gpg() { command gpg --homedir "$GPG" --batch --quiet --no-tty "$@"; }
for who in archive upstream; do
	gpg --passphrase '' --quick-gen-key "$who@example.org" ed25519 sign never 2>/dev/null
done
gpg --armor --export archive@example.org >"$CHECKOUT/bootstrap/keys/archive.asc"
cat >"$CHECKOUT/bootstrap/seed.yaml" <<X
suite: test
indexes:
  - {mirror: debian, suite: test}
  - {mirror: debian-security, suite: test-security}
keyrings: [bootstrap/keys/archive.asc]
groups:
  base: {summary: all, packages: [x]}
X
tomorrow=$(LC_ALL=C date -u -d '+1 day' '+%a, %d %b %Y %H:%M:%S UTC')
yesterday=$(LC_ALL=C date -u -d '-1 day' '+%a, %d %b %Y %H:%M:%S UTC')
# tarball NAME VERSION [TEXT]: made if it is not there; prints its path.
tarball() {
	mkdir -p "$WWW/pool" "$TMP/t/$1-$2"
	echo "${3:-$1 $2}" >"$TMP/t/$1-$2/file"
	echo 'one
two
three' >"$TMP/t/$1-$2/lines"
	tar -C "$TMP/t" --mtime=@1700000000 --sort=name -czf "$WWW/pool/$1-$2.tar.gz" "$1-$2"
	echo "$WWW/pool/$1-$2.tar.gz"
}
# debian ROOT SUITE VALID-UNTIL KEY "PACKAGE VERSION"…: an archive's index and its tarballs.
debian() {
	root=$WWW/$1 suite=$2 until=$3 key=$4; shift 4
	mkdir -p "$root/dists/$suite/main/source" "$root/pool"
	for entry; do
		package=${entry% *} version=${entry#* }
		orig=${version#*:}; orig=${orig%-*}
		cp "$(tarball "$package" "$orig")" "$root/pool/${package}_$orig.orig.tar.gz"
		printf 'Package: %s\nVersion: %s\nDirectory: pool\nChecksums-Sha256:\n %s %s %s\n\n' \
			"$package" "$version" \
			"$(sha256sum <"$root/pool/${package}_$orig.orig.tar.gz" | cut -c1-64)" \
			"$(wc -c <"$root/pool/${package}_$orig.orig.tar.gz")" "${package}_$orig.orig.tar.gz"
	done | xz >"$root/dists/$suite/main/source/Sources.xz"
	index=$root/dists/$suite/main/source/Sources.xz
	rm -f "$root/dists/$suite/InRelease"
	printf 'Codename: %s\nValid-Until: %s\nSHA256:\n %s %s main/source/Sources.xz\n' "$suite" "$until" \
		"$(sha256sum <"$index" | cut -c1-64)" "$(wc -c <"$index")" |
		gpg -u "$key@example.org" --clear-sign --output "$root/dists/$suite/InRelease"
}
# recipe NAME VERSION URL: the rest of the recipe comes from stdin.
recipe() {
	mkdir -p "$CHECKOUT/recipes/$1"
	file=$(tarball "$1" "$2")
	{
		printf '# The recipe of %s.\nname: %s\nversion: %s # the newest\nsummary: For the tests\n' "$1" "$1" "$2"
		printf 'homepage: https://example.org/\nlicense: MIT\n\nsources:\n  # where it is\n  - urls: ["%s"]\n' "$3"
		printf '    size: %s   # bytes\n    sha256: %s\n' "$(wc -c <"$file")" "$(sha256sum <"$file" | cut -c1-64)"
		cat
	} >"$CHECKOUT/recipes/$1/recipe.yaml"
}
copy='build: copy
libc: false
phases:
  install: |
    install -Dm644 "$SRC"/file "$DEST"/usr/share/$NAME/file'
page() { # page NAME: the lines of stdin
	cat >"$WWW/pages/$1"
}
check() { "$SDK" bump --check "$@" 2>"$TMP/err"; }
row() { check "$@" | sed -n 2p | tr -s ' '; }
field() { # field NAME FIELD: of the JSON
	check "$1" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0].get(sys.argv[1]))' "$2"
}

# ---- pages
recipe listed 1.9 "$URL/pool/listed-\${version}.tar.gz" <<X
upstream: {check: "$URL/pages/listed", match: 'listed-([0-9a-z.-]+)\.tar'}
$copy
X
page listed <<X
<a href="listed-1.9.tar.gz">listed-1.9.tar.gz</a>   2020-01-02 10:00   2M
<a href="listed-1.10.tar.gz">1.10</a>               $(date -u -d '-10 days' +%F) 10:00   2M
<a href="listed-1.8.tar.gz">listed-1.8.tar.gz</a>   2019-01-02 10:00   2M
<a href="listed-2.0-rc1.tar.gz">2.0 to come</a>     $(date -u +%F) 10:00   2M
X
is "1.10 is newer than 1.9, and ten days old" "$(row listed)" \
	"listed 1.9 1.10 10 d $URL/pages/listed"
is "a release candidate only when asked for" "$(row listed --pre | cut -d' ' -f3)" 2.0-rc1
recipe series 3.5.1 "$URL/pool/series-3.5.1.tar.gz" <<X
upstream:
  check: $URL/pages/series # a feed
  match: 'v(3\.5\.[0-9]+)<'
$copy
X
page series <<X
<feed><title>v3.6.0</title><title>v3.5.9</title><updated>2026-01-01T</updated><title>v3.5.10</title>
X
is "a recipe stays in its series" "$(field series new)" 3.5.10
recipe gone 1.0 "$URL/pool/gone-1.0.tar.gz" <<X
upstream: {check: "$URL/pages/gone", match: 'gone-([0-9.]+)'}
$copy
X
is "a page that is missing stops nothing" "$(row gone --from=upstream | cut -d' ' -f1-3)" "gone 1.0 ?"
ok "and is told" sh -c "'$SDK' bump --check gone --json | grep -q 'HTTP 404'"
fails "a word that is no source of versions" 2 'wanted upstream or debian' "$SDK" bump --check --from=me
fails "an unknown recipe" 3 'did you mean "listed"' "$SDK" bump --check lister

# ---- Debian's index
recipe packed 1.3.1 "mirror://debian/pool/packed_1.3+really1.3.1.orig.tar.gz" <<X
$copy
X
debian debian test "$tomorrow" archive "packed 1:1.3+really1.3.1-1" "other 9-1"
debian security test-security "$tomorrow" archive "packed 1:1.3.2-0+deb13u1"
debian debian sid "$yesterday" archive "packed 1:1.4~rc1-1" "packed 1.3.3+dfsg-1" "listed 1.11-1"
is "versions of Debian's index, pre-releases aside" "$(row packed)" \
	"packed 1.3.1 1.3.3 - security debian sid"
is "a security suite marks what is urgent" "$(field packed security)" "test-security 1:1.3.2-0+deb13u1"
is "it says which tarball that is" "$(field packed debian_url)" \
	"mirror://debian/pool/packed_1.3.3+dfsg.orig.tar.gz"
check packed >/dev/null
ok "an index out of date is used, and told" grep -q 'sid is out of date' "$TMP/err"
is "the newest of both counts" "$(row listed | cut -d' ' -f3)" 1.11
is "unless one alone is asked" "$(row listed --from=upstream | cut -d' ' -f3)" 1.10
: >"$TMP/log"
check packed >/dev/null
is "an index is read once" "$(grep -c Sources "$TMP/log")" 0
debian debian sid "$tomorrow" upstream "packed 1.9-1"
is "an index of a stranger is not believed" "$(row packed | cut -d' ' -f3)" 1.3.2
ok "which is told" grep -q 'InRelease' "$TMP/err"
is "without an archive there are the pages" \
	"$(SDK_MIRROR_DEBIAN=$URL/none SDK_MIRROR_DEBIAN_SECURITY=$URL/none row listed | cut -d' ' -f3)" 1.10
debian debian sid "$tomorrow" archive "packed 1.3.3+dfsg-1"

# ---- all of them, at once
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	recipe slow$i 1.0 "$URL/pool/slow$i-1.0.tar.gz" <<-X
	upstream: {check: "${URL%/good}/late/pages/slow$i", match: 'slow$i-([0-9.]+)'}
	$copy
	X
	echo "slow$i-1.1" | page slow$i
done
start=$(date +%s)
ok "all recipes are asked" sh -c "'$SDK' bump --check --all 2>/dev/null | grep -q '^16 checked: 15 newer'"
echo "# twelve pages that take a second each: $(($(date +%s) - start)) s"
# ---- one that is broken keeps nobody back
mkdir "$CHECKOUT/recipes/aaa"; echo 'name: aaa: b' >"$CHECKOUT/recipes/aaa/recipe.yaml"
recipe badmatch 1.0 "$URL/pool/badmatch-1.0.tar.gz" <<X
upstream: {check: "$URL/pages/listed", match: 'listed-([0-9'}
$copy
X
recipe badpage 1.0 "$URL/pool/badpage-1.0.tar.gz" <<X
upstream: {check: "mirror://nowhere/x", match: 'x-([0-9]+)'}
$copy
X
fails "broken recipes are told at the end" 3 '3 recipes could not be looked at' "$SDK" bump --check --all
cp "$TMP/.out" "$TMP/said"
for what in 'recipes/aaa/recipe.yaml:1' 'badmatch/recipe.yaml: upstream.match' 'badpage/recipe.yaml: .*nowhere'; do
	ok "each of them: $what" grep -q "$what" "$TMP/said"
done
ok "and the others are asked" grep -q '^18 checked: 15 newer' "$TMP/said"
ok "one by itself is asked as well" sh -c "'$SDK' bump --check listed 2>/dev/null | grep -q ' 1.10 '"
fails "a bump of all goes on, too" 3 '1 recipe could not be looked at' "$SDK" bump --all --from=debian --no-build
ok "with those that are right" grep -q '^version: 1.3.3 ' "$CHECKOUT/recipes/packed/recipe.yaml"
done_testing
