#!/bin/sh
# Every command's --help and its answers to mistakes, word for word as they are kept in tests/golden.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 to run the cases with"
[ "$(uname -m)" = x86_64 ] || skip_all "the answers name this machine's kind: kept for amd64"
golden=$SDK_TOP/tests/golden

ok "every command answers" python3 "$SDK_TOP/tests/helpers/messages.py" "$SDK" "$TMP/golden"
for path in "$TMP"/golden/*.txt; do
	name=$(basename "$path")
	if diff -u "$golden/$name" "$path" >"$TMP/diff" 2>&1; then result 0 "${name%.txt}"
	else
		result 1 "${name%.txt}"; sed 's/^/# /' "$TMP/diff"
		echo "# if that is meant: make golden, and look at what changed"
	fi
done
is "nothing is kept of commands that are gone" \
	"$(cd "$golden" && for f in *.txt; do [ -e "$TMP/golden/$f" ] || echo "$f"; done)" ""
unknown=$(sed '/^#/d; /^$/d' "$golden/cases" | while read -r line; do
	# shellcheck disable=SC2086 # words
	set -- $line
	case $1 in sdk) continue ;; esac
	[ -e "$golden/$1.txt" ] || [ -e "$golden/$1-${2:-}.txt" ] || ls "$golden/$1"-*.txt >/dev/null 2>&1 ||
		echo "$line"
done)
is "every case is one of a command that is there" "$unknown" ""
done_testing
