#!/bin/sh
# The reference in docs/ is what the program says of itself; links in the documents lead somewhere.
. "$(dirname "$0")/../lib.sh"
cd "$SDK_TOP" || exit 1
for kind in recipe board; do
	ok "docs/$kind-reference.md is up to date" sh -c "'$SDK' reference $kind | diff -u docs/$kind-reference.md -"
done
fails "an unknown reference" 2 'wanted recipe, board or manual' "$SDK" reference kernel
ok "manual pages are written" "$SDK" reference manual "$TMP/man"
is "one for each command, and one for all" "$(find "$TMP/man" -name 'sdk*.1' | wc -l)" \
	"$(($("$SDK" --help | sed -n '/^Commands:/,/^$/p' | grep -c '^  [a-z]') + 1))"
if command -v groff >/dev/null; then
	for page in "$TMP"/man/*; do groff -man -ww -Kutf8 -Tutf8 "$page" 2>>"$TMP/warnings" >/dev/null; done
	is "troff has nothing to complain of" "$(cat "$TMP/warnings")" ""
else
	skip "troff has nothing to complain of" "no groff here"
fi
for file in README.md CONTRIBUTING.md docs/*.md; do
	grep -o ']([^)#:]*)' "$file" | sed 's/^](//; s/)$//' | while read -r target; do
		[ -e "$(dirname "$file")/$target" ] || echo "$file: $target"
	done
done >"$TMP/dead"
is "no dead links between the documents" "$(cat "$TMP/dead")" ""
done_testing
