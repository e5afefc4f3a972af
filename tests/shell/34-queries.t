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
is "deps" "$(json . deps top)" '{"package":"top","depends":["left","right"],"runtime":["helper"]}'
is "rdeps" "$(json '.users, .["runtime-users"]' rdeps low | tr '\n' ' ')" '["helper","left","right"] [] '
is "of what is needed to run" "$(json '.["runtime-users"]' rdeps helper)" '["top"]'
is "which text tells, too" "$("$SDK" deps top | tail -2 | tr '\n' '|')$("$SDK" rdeps helper)" \
	"helper 1.0 (to run)|  low 1.0|top 1.0 (to run)"
is "all of it" "$("$SDK" deps --all top | tr '\n' '|')" 'left|low|right|helper (to run)|'
is "why" "$(json .way why low)" '["top","left","low"]'
is "history" "$(json length history top)" 0

# ---- words that are nobody's
fails "history of no recipe" 3 'no recipe is called "tpo"' "$SDK" history tpo
fails "for programs as well" 3 'did you mean "top"' "$SDK" history tpo --json
fails "of one that is none, among others" 3 'no recipe is called "tpo"' "$SDK" history top tpo --json
for command in 'log top' 'history' 'files top' 'size top' 'owns x' 'deps top' 'graph top'; do
	# shellcheck disable=SC2086
	fails "$command for an architecture that is none" 3 'no toolchain for the architecture "foo"' \
		"$SDK" $command --arch=foo
done
for command in log files history; do
	fails "$command of what is not built" 3 'sdk build' "$SDK" $command top
done
fails "nobody owns nothing" 2 "can't be empty" "$SDK" owns ''
fails "no images yet, how to make them" 3 'sdk image --board=amd64-usr' "$SDK" diff amd64-usr

# ---- a log, whatever the build printed
mkdir -p "$SDK_OUT/logs/amd64"
printf 'before\n=== compile\na\0b\n=== results ===\n=== prepare\n=== install\n' >"$SDK_OUT/logs/amd64/top.log"
is "phases in their order, and all of what was printed" "$(json '[.phases[] | [.name, .output]]' log top --arch=amd64)" \
	'[[null,"before\n"],["compile","a�b\n=== results ===\n=== prepare\n"],["install",""]]'
rm -r "$SDK_OUT/logs"

# ---- one recipe that can't be read is nobody else's trouble
recipe bad '' ''; recipe needs-bad bad ''
echo 'wrong: true' >>"$SDK_ROOT/recipes/bad/recipe.yaml"
is "rdeps" "$("$SDK" rdeps low 2>/dev/null | grep -c '^left')" 1
fails "which warns" 0 'warning: .*recipes/bad/recipe.yaml' "$SDK" rdeps low
is "of it and of what needs it" "$("$SDK" rdeps low 2>&1 | grep -c 'warning: left out')" 2
fails "but who asks about it is told" 3 'recipes/bad/recipe.yaml' "$SDK" rdeps bad
fails "about what needs it, too" 3 'recipes/bad/recipe.yaml' "$SDK" rdeps needs-bad
ok "graph" "$SDK" graph --arch=amd64
fails "owns" 3 'no built package has x' "$SDK" owns x --arch=amd64
ok "list of others" "$SDK" list 'l*'
fails "list of all" 3 "1 recipes can't be read" "$SDK" list
mkdir -p "$SDK_ROOT/board-configs/worse"; echo 'arch: [' >"$SDK_ROOT/board-configs/worse/board.yaml"
is "why, beside a board that can't be read" "$(json '.["other-boards"]' why alone --board=amd64-usr 2>/dev/null)" '[]'
rm -r "$SDK_ROOT/recipes/bad" "$SDK_ROOT/recipes/needs-bad" "$SDK_ROOT/board-configs/worse"

# ---- why something will be built again
if [ -d "$SDK_TOP/out/env" ]; then
	mkdir -p "$SDK_OUT"; ln -s "$SDK_TOP/out/env" "$SDK_TOP/out/toolchain" "$SDK_OUT/"
	cat >>"$SDK_ROOT/recipes/low/recipe.yaml" <<'Y'
phases:
  install: |
    mkdir -p "$DEST"/usr/share/low/below; echo 1 >"$DEST"/usr/share/low/below/file
Y
	for name in left right top helper; do cat >>"$SDK_ROOT/recipes/$name/recipe.yaml" <<Y
phases:
  install: |
    mkdir -p "\$DEST"/usr/share/$name; echo $name >"\$DEST"/usr/share/$name/file
Y
	done
	ok "what is built" "$SDK" build -q top
	is "needs no build" "$(json '.built, .changes, .causes' why top --board=amd64-usr | tr '\n' ' ')" 'true [] [] '
	sed -i 's/echo 1/echo 2/' "$SDK_ROOT/recipes/low/recipe.yaml"
	ok "an edit is named" sh -c "'$SDK' why low --board=amd64-usr | grep -A1 '^built: no' | grep -q '^  .*install'"
	ok "as JSON" test "$(json '.changes | length' why low --board=amd64-usr)" -gt 0
	ok "what waits for it names it, and the edit" sh -c "'$SDK' why top --board=amd64-usr | grep -q '^  low: .*install'"
	is "as JSON" "$(json '.causes | length' why top --board=amd64-usr)" 1
	sed -i 's/echo 2/echo 1/' "$SDK_ROOT/recipes/low/recipe.yaml"
	is "a directory has an owner" "$("$SDK" owns /usr/share/low/below/ 2>/dev/null | tr -s ' ')" 'low run /usr/share/low/below/'
	is "which JSON tells" "$(json '.[].type' owns /usr/share/low/below 2>/dev/null)" '"directory"'
	fails "no output of that name" 3 'has an output "rum"' "$SDK" size top --output=rum
else
	skip "why something will be built again" "there is no environment: sdk create"
fi

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
