#!/bin/sh
# What reading the code without running it finds: layers, headers, names, form, shells, cppcheck,
# clang-tidy (minutes the first time; it remembers which files were right).
. "$(dirname "$0")/../lib.sh"
cd "$SDK_TOP" || exit 1
tests/lint >"$TMP/lint" 2>&1
while read -r line; do
	case $line in
	"lint: "*" ok") result 0 "${line#lint: }" ;;
	"lint: "*SKIPPED*) skip "${line#lint: }" "its tool is missing" ;;
	"lint: "*FAILED) result 1 "${line#lint: }" ;;
	*) echo "# $line" ;;
	esac
done <"$TMP/lint"
done_testing
