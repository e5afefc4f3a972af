#!/bin/sh
# A sample of docs/reproducibility.md's long run: packages of three build systems built again under
# other conditions, and their archives in another checkout with a cache of its own.
# touches: zlib json-c popt
. "$(dirname "$0")/../lib.sh"
cd "$SDK_TOP" || exit 1
out=${SDK_OUT:-$SDK_TOP/out}
cache=${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}
sample="zlib json-c popt"

# shellcheck disable=SC2086
{
	ok "$sample: they build, or are there" "$SDK" build $sample
	ok "built again under other conditions they are the same" "$SDK" check-reproducible --again $sample
}

# Another checkout whose cache lacks the sample, so that archives are made and not found.
other=$TMP/a-checkout-of-another-name
mkdir -p "$other" "$TMP/cache" "$TMP/out"
for name in bootstrap toolchains board-configs recipes; do ln -s "$SDK_TOP/$name" "$other/"; done
ln -s "$cache/downloads" "$TMP/cache/"
cp -R "$cache/keys" "$TMP/cache/"
cp -lR "$cache/objects" "$TMP/cache/" 2>/dev/null || cp -R "$cache/objects" "$TMP/cache/"
for part in env toolchain; do ln -s "$out/$part" "$TMP/out/"; done
archives() { # of the sample, below the cache $1
	for package in $sample; do
		"$SDK" info "$package" --json | grep -o '"digest": *"[0-9a-f]*"' | cut -d'"' -f4
	done | sort -u | while read -r digest; do
		echo "$1/objects/$(echo "$digest" | cut -c1-2)/$digest.pkg.tar.zst"
	done
}
archives "$TMP/cache" | xargs rm -f
(
	export SDK_ROOT="$other" SDK_OUT="$TMP/out" SDK_CACHE="$TMP/cache"
	# shellcheck disable=SC2086
	ok "they build in another checkout" "$SDK" build --rebuild -j3 $sample
	echo $test_number >"$TMP/number"
)
test_number=$(cat "$TMP/number")
archives "$cache" >"$TMP/archives"
is "each has its archives" "$(xargs ls <"$TMP/archives" | wc -l)" "$(wc -l <"$TMP/archives")"
while read -r archive; do
	ok "${archive##*/}: the same bytes" cmp "$archive" "$TMP/cache/objects/${archive#"$cache"/objects/}"
done <"$TMP/archives"
done_testing
