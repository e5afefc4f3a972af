#!/bin/sh
# The command line itself: help, mistakes, completion.
. "$(dirname "$0")/../lib.sh"
cd "$SDK_TOP" || exit 1

commands=$("$SDK" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\( [a-z][a-z-]*\)\{0,1\}\)  .*/\1/p')
ok "the overview lists commands" test "$(echo "$commands" | wc -l)" -ge 5
echo "$commands" | while read -r words; do
	# shellcheck disable=SC2086
	"$SDK" $words --help >"$TMP/help" 2>&1 || echo "$words: exit $?"
	grep -q "^Usage: sdk $words" "$TMP/help" || echo "$words: no usage"
	awk -v c="$words" 'length > 110 { print c ": a line of " length " columns" }' "$TMP/help"
done >"$TMP/complaints"
is "every command explains itself" "$(cat "$TMP/complaints")" ""

fails "an unknown command" 2 'unknown command "biuld".*' "$SDK" biuld
fails "is answered by the nearest one" 2 'did you mean `sdk build`' "$SDK" biuld
fails "an unknown option" 2 'unknown option --bord' "$SDK" build --bord=x
fails "is answered by the nearest one, too" 2 'did you mean --board' "$SDK" build --bord=x
fails "a missing value" 2 'needs a value: --board=BOARD' "$SDK" build --board
fails "a switch with a value" 2 'takes no value' "$SDK" build --dry-run=yes
fails "a number that is none" 2 'wanted a whole number' "$SDK" build -j x zlib
fails "an option of no recipe" 3 'option=zlbi.x=on: no recipe is called "zlbi"' "$SDK" build -n --option=zlbi.x=on zlib
fails "an option that its recipe has not" 3 'option=zlib.x=on: zlib has no option "x"' "$SDK" build -n --option=zlib.x=on
fails "too many arguments" 2 'too many arguments' "$SDK" completion bash zsh
fails "a wrong colour setting" 2 'wanted auto, always or never' "$SDK" list --color=blue
fails "an unknown shell" 2 'no completion for the shell' "$SDK" completion tcsh
fails "outside a checkout" 2 'not inside a checkout' env -u SDK_ROOT sh -c "cd / && '$SDK' list"
fails "a full disk on stdout" 6 'write to stdout' sh -c "'$SDK' --help >/dev/full"

done_testing
