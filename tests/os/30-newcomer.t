#!/bin/sh
# A newcomer's path: from a tarball to a package in a booted image, by the four commands at the top of
# docs/tutorials/first-package.md, in a copy of the checkout. Says how long each took.
. "$(dirname "$0")/../lib.sh"

out=${SDK_OUT:-$SDK_TOP/out}
unset SDK_ROOT
[ -d "$out/env" ] || skip_all "there is no environment: sdk create"
(cd "$SDK_TOP" && "$SDK" build -n --board=amd64-usr 2>/dev/null) | tail -n 5 | grep -q ' 0 to build' ||
	skip_all "the board is not built: sdk build --board=amd64-usr"
sed -n '/^```sh boot$/,/^```$/p; /^## 1/q' "$SDK_TOP/docs/tutorials/first-package.md" |
	grep -v '^```' >"$TMP/commands"
is "the tutorial begins with four commands" "$(grep -c '^\./sdk ' "$TMP/commands")" 4

# The checkout is a copy, and the image lies beside it; environment and packages are where they are.
mkdir -p "$TMP/dray" "$TMP/out"
for part in env toolchain skeleton keys store compile tool; do
	[ ! -e "$out/$part" ] || ln -s "$(realpath "$out/$part")" "$TMP/out/$part"
done
(cd "$SDK_TOP" && tar -c --exclude=./out --exclude=./build --exclude=./sdk --exclude=./sdk.yaml \
	--exclude=./.git .) | tar -x -C "$TMP/dray"
ln -s "$SDK" "$TMP/dray/sdk"
export SDK_OUT="$TMP/out"
cd "$TMP/dray" || exit 1

begin=$(date +%s)
while IFS= read -r command; do
	start=$(date +%s)
	ok "$command" sh -c "$command"
	echo "# $(($(date +%s) - start)) s"
	[ ! -s "$TMP/.out" ] || cp "$TMP/.out" "$TMP/last"
done <"$TMP/commands"
is "the new package runs in the new image" "$(tail -n 1 "$TMP/last")" "it works"
echo "# $(($(date +%s) - begin)) s in all"
done_testing
