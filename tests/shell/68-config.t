#!/bin/sh
# sdk config: boards changed in place by commands; 200 of them, in all the forms YAML has.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 here"
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
mkdir -p "$SDK_ROOT/recipes" "$SDK_ROOT/board-configs/base" "$SDK_ROOT/board-configs/mine"
for name in bootstrap toolchains recipes/.build-systems; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
for name in own p1 p2 p3 p4 p5; do
	mkdir -p "$SDK_ROOT/recipes/$name"
	printf '%s\n' "name: $name" 'version: 1.0' "summary: The package $name" 'license: MIT' 'sources: []' \
		'build: copy' 'libc: false' 'options:' '  x: {default: false, summary: Something more}' \
		'  y: {default: false, summary: Something else}' >"$SDK_ROOT/recipes/$name/recipe.yaml"
done
mkdir "$SDK_ROOT/recipes/lib" "$SDK_ROOT/recipes/user"
sed 's/own/lib/' "$SDK_ROOT/recipes/own/recipe.yaml" >"$SDK_ROOT/recipes/lib/recipe.yaml"
sed 's/own/user/; s/^libc:.*/&\ndepends: {target: [lib]}/' "$SDK_ROOT/recipes/own/recipe.yaml" \
	>"$SDK_ROOT/recipes/user/recipe.yaml"
cat >"$SDK_ROOT/board-configs/base/board.yaml" <<'Y'
summary: What all have
packages: [p1]
image: {version: 1.0.0, date: 2025-11-23, loader: direct, kernel: boot/k, usr-size: 64MiB, verity-size: 8MiB}
Y
board=$SDK_ROOT/board-configs/mine/board.yaml
write() { cat >"$board"; }
cd "$SDK_ROOT" || exit 1
config() { command=$1; shift; "$SDK" config "$command" --board=mine "$@"; }
write <<'Y'
# Mine.
summary: For the tests
extends: base
arch: amd64   # ours

packages:
  # because of the disks
  - p2
Y
cp "$board" "$TMP/before"

# ---- packages
ok "a package is put in" config add p3
is "at the end of the list" "$(diff "$TMP/before" "$board")" "$(printf '8a9\n>   - p3')"
is "which is told" "$(config add p4)" "board-configs/mine/board.yaml: added p4"
ok "and taken out" config remove p3 p4
ok "without a trace" cmp "$TMP/before" "$board"
ok "one of the base is taken away" config remove p1
is "by a line" "$(tail -1 "$board")" '  - "-p1"'
is "of which the list tells" "$(config list --all --json | jq -c '.[] | select(.name == "p1") | [.on, .from]')" '[false,"mine"]'
fails "which the base must have, then" 3 'then board mine could not be read' "$SDK" config remove p1 --board=base
ok "and put back" config add p1
ok "without a trace" cmp "$TMP/before" "$board"
is "what is there is not added" "$(config add p1 p2 2>&1 | grep -c 'already')" 2
is "what is not there is not removed" "$(config remove p3 2>&1 | grep -c 'has it not')" 1
ok "and nothing is written" cmp "$TMP/before" "$board"
ok "one that declares a library" config add user
is "may bring it along, while neither is built" "$(config list lib | sed -n 2p | tr -s ' ')" " lib comes along?"
is "which programs are told as well" "$(config list --json lib | jq -c '.[0] | [.on, .comes_along, .guess]')" '[false,true,true]'
ok "taken out" config remove user
is "it brings nothing" "$(config list lib | sed -n 2p | tr -s ' ')" " lib off"
ok "the list's last item" config remove p2
is "takes its key along" "$(grep -c 'packages' "$board")" 0
ok "but no comment" grep -q 'because of the disks' "$board"
write <<'Y'
summary: For the tests
extends: base
arch: amd64
packages: # of the team for disks
  - p2
image: # ours, see ticket 7
  memory: 2048
options: {p1.x: on} # for now
Y
ok "all that a map and a list have" config reset memory options.p1.x
ok "goes" config remove p2
is "and leaves what was said of them" "$(tail -n +4 "$board" | tr '\n' '|')" \
	'# of the team for disks|# ours, see ticket 7|# for now|'
ok "which more may be put below" config add p3
cp "$TMP/before" "$board"

# ---- values
ok "a value is set" config set memory=2048
is "in a new map" "$(diff "$TMP/before" "$board")" "$(printf '8a9,10\n> image:\n>   memory: 2048')"
ok "and set again" config set image.memory=4096 usr-size=128MiB
is "beside another" "$(tail -3 "$board")" "$(printf 'image:\n  memory: 4096\n  usr-size: 128MiB')"
ok "an option is switched" config set p2.x=on
is "of a recipe" "$(tail -2 "$board")" "$(printf 'options:\n  p2.x: on')"
is "the list knows both" "$(config list options.p2.x memory | tr -s ' ')" "$(printf 'packages:\n p2 on mine\n x on mine\nimage:\n memory 4096 mine')"
ok "all is reset" config reset memory usr-size options.p2.x
ok "without a trace" cmp "$TMP/before" "$board"
is "what is inherited is no change" "$(config set usr-size=64MiB)" \
	"board-configs/mine/board.yaml: image.usr-size is 64MiB, by base"
ok "at all" cmp "$TMP/before" "$board"

# ---- what is wrong
fails "no such package" 3 'no recipe is called "p9"' config add p9
fails "no such option" 3 'p2 has no option "z"' config set p2.z=on
fails "neither on nor off" 3 'p2.x' config set p2.x=maybe
fails "no such key" 3 'there is no key "usr-siez"' config set usr-siez=1GiB
fails "with a word" 3 'did you mean usr-size' config set image.usr-siez=1GiB
fails "more memory than there is anywhere" 3 '^error: image.memory: wanted MiB, 1 to' config set memory=99999999999999
fails "none" 3 '^error: image.memory: wanted MiB' config set memory=0
fails "what is no number, told once" 3 '^error: image.memory: wanted a whole number' config set memory=much
fails "a size that is none" 3 'usr-size' config set usr-size=12
fails "no value" 2 'wanted KEY=VALUE' config set memory
fails "a list" 3 'cmdline is a list' config set cmdline=quiet
fails "no such list" 3 'there is no list "packges"' config add --list=packges p1
fails "no such board" 3 'there is no board "nine"' "$SDK" config list --board=nine
fails "all of it or nothing" 3 'there is no key' config set memory=1 siez=2
fails "nothing like that" 3 'has nothing like that' config list never-heard
fails "without a terminal" 2 'needs a terminal' "$SDK" config --board=mine </dev/null
ok "and nothing was written" cmp "$TMP/before" "$board"

# ---- boards that are extended
ok "for all boards" "$SDK" config add --board=base p5
ok "whose file it is" grep -q 'packages: \[p1, p5\]' board-configs/base/board.yaml
is "and they have it" "$(config list --json p5 | jq -c '[.[0].on, .[0].from]')" '[true,"base"]'

# ---- all forms
n=0
while [ $n -lt 200 ]; do mkdir -p "board-configs/g$n"; n=$((n + 1)); done
rm -rf board-configs/mine
"$SDK_TOP/tests/helpers/boards.py" "$SDK" "$SDK_ROOT" 200 >"$TMP/said"
is "200 boards, there and back" "$(tail -1 "$TMP/said")" "200 boards, 0 wrong"
[ "$(wc -l <"$TMP/said")" -eq 1 ] || head -60 "$TMP/said" | sed 's/^/# /'
done_testing
