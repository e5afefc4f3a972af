#!/bin/sh
# Plans and keys by specification: tests/spec/*.spec hold recipes, commands and what they must print.
#
#	--- recipes/a/recipe.yaml     what follows is this file, from here on
#	name: a
#	$ sdk build -n a              what follows is what this prints (stdout and stderr)
#	build  a  1.0  first build here
#	[2]                           its exit status, when it isn't 0
#	# …                           at the start of a line outside files: a comment
#
# `sdk` is the program under test, `key PACKAGE…` prints the keys of a plan.
. "$(dirname "$0")/../lib.sh"

SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_OUT SDK_CACHE

sdk() { "$SDK" "$@"; }
key() { "$SDK" build -n --json "$@" | sed -n 's/.*"key": *"\([0-9a-f]*\)".*/\1/p'; }

# split FILE DIR: DIR/001.file, DIR/002.run, …; the first line is the path or the command.
split() {
	mkdir -p "$2"
	awk -v dir="$2" '
	/^--- / { part = sprintf("%s/%03d.file", dir, ++n); print substr($0, 5) >part; file = 1; next }
	/^\$ / { part = sprintf("%s/%03d.run", dir, ++n); print substr($0, 3) >part; file = 0; next }
	/^#/ && !file { next }
	part { print >part }' "$1"
}

# run_step FILE: prints the difference between what the command printed and what it should.
run_step() {
	(cd "$SDK_ROOT" && eval "$(head -n 1 "$1")" 2>&1; status=$?; [ $status -eq 0 ] || echo "[$status]") |
		sed 's/ *$//' >"$TMP/got"
	tail -n +2 "$1" | sed '/^$/d; s/ *$//' | diff -u - "$TMP/got"
}

# ---- why, of the boards that there are
why() { SDK_ROOT=$SDK_TOP "$SDK" why "$@"; }
is "the way to a board's package is short" "$(why zlib --board=amd64-usr 2>&1 | head -1)" "amd64-usr: curl → zlib"
is "a package of other boards" "$(why curl --board=mini-amd64 | head -2 | tr '\n' ';')" \
	"mini-amd64: nothing in it needs curl;other boards that do: amd64-usr, arm64-usr;"
is "a program can ask, too" "$(why pcre2 --json | grep -o '"way":.*"built"')" '"way":[],"other-boards":[],"built"'
fails "a package that is none" 3 'no recipe is called "zlibb"' why zlibb

for spec in "$SDK_TOP"/tests/spec/*.spec; do
	name=$(basename "$spec" .spec)
	SDK_ROOT=$TMP/$name; export SDK_ROOT
	mkdir -p "$SDK_ROOT/recipes"
	for part in bootstrap toolchains board-configs recipes/.build-systems; do
		ln -s "$SDK_TOP/$part" "$SDK_ROOT/$part"
	done
	split "$spec" "$TMP/steps-$name"
	for step in "$TMP/steps-$name"/*; do
		first=$(head -n 1 "$step")
		case $step in
		*.file)
			mkdir -p "$SDK_ROOT/$(dirname "$first")"
			tail -n +2 "$step" >"$SDK_ROOT/$first" ;;
		*.run) ok "$name: $first" run_step "$step" ;;
		esac
	done
done
done_testing
