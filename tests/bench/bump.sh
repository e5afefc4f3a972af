#!/bin/sh
# sdk bump --check --all over the real recipes, with all that they ask on loopback: a page each, and a
# source index as long as Debian's, signed. The peer, in the same run: curl fetching the same files.
set -eu
cd "$(dirname "$0")/../.."
for tool in python3 gpg-agent curl xz /usr/bin/time; do
	command -v $tool >/dev/null || { echo "bump: SKIPPED: no $tool"; exit 0; }
done
SDK=${SDK:-$(pwd)/sdk}
top=$(pwd) dir=$(mktemp -d "${TMPDIR:-/tmp}/sdk-bench.XXXXXX")
server=
trap '[ -z "$server" ] || kill $server; GNUPGHOME=$dir/gpg gpgconf --kill all; rm -rf "$dir"' EXIT
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY SDK_OUT
mkdir -p "$dir/checkout/bootstrap/keys" "$dir/www" "$dir/none" "$dir/home"
mkdir -m 700 "$dir/gpg"
for name in toolchains board-configs; do ln -s "$top/$name" "$dir/checkout/$name"; done
cp -R recipes "$dir/checkout/recipes"
cp bootstrap/seed.*.lock "$dir/checkout/bootstrap/"
: >"$dir/log"
python3 tests/helpers/server.py "$dir/www" "$dir/port" "$dir/log" &
server=$!
while [ ! -s "$dir/port" ]; do sleep 0.1; done
url=http://127.0.0.1:$(cat "$dir/port")/good
python3 tests/helpers/upstreams.py "$dir/checkout/recipes" "$dir/www" "$url"

gpg() { command gpg --homedir "$dir/gpg" --batch --quiet --no-tty "$@"; }
gpg --passphrase '' --quick-gen-key archive@example.org ed25519 sign never 2>/dev/null
gpg --armor --export archive@example.org >"$dir/checkout/bootstrap/keys/archive.asc"
cat >"$dir/checkout/bootstrap/seed.yaml" <<Y
suite: test
indexes:
  - {mirror: debian, suite: test}
keyrings: [bootstrap/keys/archive.asc]
groups:
  base: {summary: all, packages: [x]}
Y
until=$(LC_ALL=C date -u -d '+1 day' '+%a, %d %b %Y %H:%M:%S UTC')
for suite in test sid; do
	index=$dir/www/debian/dists/$suite/main/source/Sources.xz
	mkdir -p "$(dirname "$index")"
	sed "s/^Maintainer: .*/& ($suite)/" "$dir/www/Sources" | xz -0 >"$index"
	printf 'Codename: %s\nValid-Until: %s\nSHA256:\n %s %s main/source/Sources.xz\n' "$suite" "$until" \
		"$(sha256sum <"$index" | cut -c1-64)" "$(wc -c <"$index")" |
		gpg --clear-sign --output "$dir/www/debian/dists/$suite/InRelease"
	printf '%s\n' "$url/debian/dists/$suite/InRelease" "$url/debian/dists/$suite/main/source/Sources.xz" \
		>>"$dir/www/asked"
done
export SDK_ROOT="$dir/checkout" SDK_CACHE="$dir/cache" HOME="$dir/home" SDK_APT_DIR="$dir/none"
export SDK_MIRROR_DEBIAN="$url/debian" SDK_MIRROR_DEBIAN_SECURITY="$url/debian"

took() { # took COMMAND…: seconds, and those of the processors
	/usr/bin/time -o "$dir/time" -f '%e %U %S' "$@" >"$dir/said" 2>&1 || { cat "$dir/said" >&2; exit 1; }
	awk '{ print $1, $2 + $3 }' "$dir/time"
}
all=$(took "$SDK" bump --check --all)
grep -q ' 0 unknown$' "$dir/said" || { cat "$dir/said"; echo "bump: not all were answered"; exit 1; }
tail -1 "$dir/said"
again=$(took "$SDK" bump --check --all)
pages=$(took "$SDK" bump --check --all --from=upstream)
mkdir "$dir/curl"
awk -v dir="$dir/curl" '{ printf "url = \"%s\"\noutput = \"%s/%d\"\n", $0, dir, NR }' "$dir/www/asked" >"$dir/config"
peer=$(took curl --fail --parallel --parallel-max 32 --no-progress-meter -K "$dir/config")
report() { printf '%-44s %6.2f s (%.2f s of processors)\n' "$@"; }
# shellcheck disable=SC2086 # two numbers each
{
	report "sdk bump --check --all, with new indexes" $all
	report "with indexes that were read before" $again
	report "of pages alone" $pages
	report "curl --parallel of the same $(wc -l <"$dir/www/asked") files" $peer
}
awk -v all="${all% *}" -v peer="${peer% *}" 'BEGIN {
	printf "ratio %.2f; the mark of 10 s is %s\n", all / peer, all <= 10 ? "kept" : "missed" }'
