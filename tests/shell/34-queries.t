#!/bin/sh
# Questions about packages: what they say as text, as JSON, as a tree, and drawn.
. "$(dirname "$0")/../lib.sh"
command -v jq >/dev/null || skip_all "no jq here"
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
mkdir -p "$SDK_ROOT/recipes" "$SDK_ROOT/board-configs/amd64-usr"
for name in bootstrap toolchains recipes/.build-systems; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
recipe() { # recipe NAME TARGET RUNTIME
	mkdir -p "$SDK_ROOT/recipes/$1"
	printf '%s\n' "name: $1" 'version: 1.0' "summary: The package $1" 'license: MIT' 'sources: []' \
		'build: copy' 'libc: false' "depends: {target: [$2], runtime: [$3]}" >"$SDK_ROOT/recipes/$1/recipe.yaml"
}
recipe low '' ''; recipe left low ''; recipe right low ''
recipe top 'left, right' 'helper'; recipe helper low ''; recipe alone '' ''
printf '%s\n' 'summary: For the tests' 'arch: amd64' 'packages: [top]' 'image: {version: 1.0.0, date: 2025-11-23,' \
	'  loader: direct, kernel: k, usr-size: 64MiB, verity-size: 8MiB}' >"$SDK_ROOT/board-configs/amd64-usr/board.yaml"
cd "$SDK_ROOT" || exit 1
json() { # json FILTER COMMAND…: what jq makes of its JSON
	filter=$1; shift; "$SDK" "$@" --json | jq -c "$filter"
}

# ---- the graph
is "the graph is a tree, each edge told once" "$("$SDK" graph top)" "$(printf '%s\n' 'top 1.0' '  left 1.0' \
	'    low 1.0' '  right 1.0' '    low 1.0' '  helper 1.0 (to run)' '    low 1.0')"
is "of a board" "$("$SDK" graph --board=amd64-usr | head -1)" "top 1.0"
is "of all" "$("$SDK" graph --arch=amd64 | grep -c '^[a-z]')" 2
is "as JSON" "$(json '[.[] | select(.package == "top") | .depends, .runtime]' graph top)" '[["left","right"],["helper"]]'
is "for Graphviz" "$("$SDK" graph top --format=dot | grep -c -- '->')" 6
fails "no other form" 2 'wanted tree, dot or svg' "$SDK" graph --format=png
if command -v dot >/dev/null; then
	"$SDK" graph top --format=svg >"$TMP/graph.svg"
	is "drawn, each package is there" "$(python3 -c '
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(sorted(g.find("{*}title").text for g in root.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "node"))' \
		"$TMP/graph.svg")" "['helper', 'left', 'low', 'right', 'top']"
else
	skip "drawn, each package is there" "no dot here (Debian: apt install graphviz)"
fi
fails "without Graphviz it says what to do" 6 'apt install graphviz' env PATH=/nowhere "$SDK" graph top --format=svg
# Forty layers of two, each of which uses both below: 2^40 ways.
n=0 below=
while [ $n -lt 40 ]; do
	recipe "l$n-a" "$below" ''; recipe "l$n-b" "$below" ''
	below="l$n-a, l$n-b" n=$((n + 1))
done
is "a tree of many ways is not long" "$(timeout 20 "$SDK" graph l39-a | wc -l)" 155
is "nor are dependencies" "$(timeout 20 "$SDK" deps l39-a | wc -l)" 154

# ---- the others, as JSON
is "list" "$(json '[.[].name] | index("top") != null' list)" true
is "info" "$(json 'map([.name, .version])' info top)" '[["top","1.0"]]'
is "deps" "$(json . deps top)" '["left","right"]'
is "rdeps" "$(json . rdeps low)" '["helper","left","right"]'
is "why" "$(json .way why low)" '["top","helper","low"]'
is "history" "$(json length history top)" 0

# ---- of what is built
unset SDK_ROOT SDK_OUT SDK_CACHE
cd "$SDK_TOP" || exit 1
if "$SDK" files zlib >/dev/null 2>&1; then
	is "files" "$(json 'map(select(.path // . | tostring | test("libz.so.1"))) | length > 0' files zlib)" true
	is "owns" "$(json '[.. | .package? // empty] | unique' owns /usr/lib/libz.so.1)" '["zlib"]'
	is "size" "$(json 'map(select(.package == "zlib"))[0].bytes > 10000' size zlib)" true
	is "history of builds" "$(json type history)" '"array"'
	! "$SDK" log glibc >/dev/null 2>&1 || is "log" "$(json '[.phases[].name] | contains(["configure", "compile", "install"])' log glibc)" true
else
	skip "files, owns, size, history, log" "zlib is not built here"
fi
done_testing
