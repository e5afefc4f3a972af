#!/bin/sh
# sdk config on the whole terminal, by tmux in two sizes.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../terminal.sh"
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
mkdir -p "$SDK_ROOT/recipes" "$SDK_ROOT/board-configs/base" "$SDK_ROOT/board-configs/mine"
for name in bootstrap toolchains recipes/.build-systems; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
for name in alpha beta gamma delta; do
	mkdir -p "$SDK_ROOT/recipes/$name"
	printf '%s\n' "name: $name" 'version: 1.0' "summary: The package $name" 'license: MIT' 'sources: []' \
		'build: copy' 'libc: false' 'options:' '  more: {default: false, summary: Something more}' \
		>"$SDK_ROOT/recipes/$name/recipe.yaml"
done
echo 'depends: {target: [delta]}' >>"$SDK_ROOT/recipes/gamma/recipe.yaml"
cat >"$SDK_ROOT/board-configs/base/board.yaml" <<'Y'
summary: What all have
packages: [alpha]
image: {version: 1.0.0, date: 2025-11-23, loader: direct, kernel: boot/k, usr-size: 64MiB, verity-size: 8MiB}
Y
board=$SDK_ROOT/board-configs/mine/board.yaml
cat >"$board" <<'Y'
# Mine.
summary: For the tests
extends: base
arch: amd64   # ours
packages:
  # because of the disks
  - beta
Y
cp "$board" "$TMP/before"
cd "$SDK_ROOT" || exit 1
opened() { typed "$SDK config --board=$1"; shows "the tree opens" '^ - packages'; }

# ---- 80 by 24
start 80 24; opened mine
shows "what is in, and by whom" '\[x\] alpha +base'
shows "by its own file" '\[x\] beta +mine'
shows "what is not" '\[ \] delta$'
ok "nothing is wider than the terminal" test "$(screen | wc -L)" -le 80
keys /; shows "what is searched for" '^ search:'
keys gam; gone "is all that is shown" 'alpha'
keys Enter; shows "with its help" '^ gamma 1.0: The package gamma'
keys Space; shows "Space puts it in" '\[x\] gamma +mine'
keys /; keys delt Enter; shows "what it declares may come along" '\[\?\] delta'
shows "which is explained" '\[\?\] may come along: a package of the board is built with it'
shows "which is not saved yet" 'mine \(not saved\)'
ok "at all" cmp "$TMP/before" "$board"
keys Escape; shows "Escape shows all again" '\[x\] alpha'
keys Right; shows "a package opens" '\[ \] more'
keys Down Space; shows "an option is switched" '\[x\] more +mine'
keys u; shows "u undoes" '\[ \] more'
keys Space; shows "and again" '\[x\] more'
keys d; shows "d takes the default" '\[ \] more'
keys Home Down Down Space; shows "one of the base goes" '\[ \] alpha +mine'
keys / memory Enter; shows "a value" '^     memory = \(default\)'
keys Enter; shows "is typed" '^ value:'
keys 12x Enter; shows "a wrong one is told" 'memory: wanted a whole number'
keys Enter C-u 2048 Enter; shows "a right one is taken" 'memory = 2048 +mine'
keys Escape / cmdline Enter; gone "lists are no values" 'memory'
shows "but are found" '^   +cmdline'
keys a; keys quiet Enter; shows "and added to there" '^ +\[x\] quiet +mine'
keys Escape / cmdl Enter; shows "with what they hold" '^ +\[x\] quiet +mine'
keys u; gone "or not" 'quiet'
keys Escape End; shows "the end" 'disk-size'
keys Home / version Enter Escape Down Down Down Down Down Down Down
shows "lists are there" '  cmdline'
keys /; keys usr-siz Enter; shows "another value" 'usr-size = 64MiB +base'
keys Enter C-u; keys 32GiB Enter; shows "of the base" 'usr-size = 32GiB +mine'
keys s; shows "s saves" 'board-configs/mine/board.yaml is saved'
is "what was changed" "$(diff "$TMP/before" "$board")" "$(printf '7a8,12\n>   - gamma\n>   - "-alpha"\n> image:\n>   memory: 2048\n>   usr-size: 32GiB')"
keys q; ended "q ends it" 0
ok "and says what there is to do" until_shown 'sdk image --board=mine'
start 80 24; opened mine
keys Down Down Space; shows "a change" 'not saved'
keys q; shows "is asked about" 'Save board-configs/mine/board.yaml\?'
keys z; shows "another key goes on" 'Space change'
keys q n; ended "no leaves it" 0
is "the file, too" "$(grep -c alpha "$board")" 1
start 80 24; opened mine
keys Down Down Space; shows "again" 'not saved'
keys q y; ended "yes saves it" 0
is "and takes back what was taken away" "$(grep -c alpha "$board")" 0
start 80 24; opened mine
keys '?'; shows "there is help" 'put in, take out'
keys '?'; shows "and a way back" 'Space change'
keys C-c
for _ in $(seq 50); do screen | grep -q 'Space change' || break; sleep 0.1; done
keys "echo exit=\$?; stty -a >$TMP/stty.after; touch $TMP/over" Enter
ended "Ctrl-C leaves it" 130
start 80 24; opened mine
shows "it opens with what the first one is" 'What it is for'
keys /; shows "a search" '^ search:'; keys verity-siz Enter; shows "a long help is broken between words" '^ .*suffices'
keys Escape; resize 20 5; shows "and makes room for the rows on a small one" '^ +(- |summary|verity)'
keys '?'; shows "where the keys are told as well" 'A board: its'
keys q; resize 80 24; keys Home; shows "all of it again" 'What it is for'
keys Home Enter C-u 'Für Größen' BSpace BSpace Enter
shows "what is typed may have other letters" 'summary = Für Größ  '
keys / Größ Enter; gone "which can be searched for" 'alpha'
keys q n; ended "and left" 0

# Of what is left after a signal: the terminal as it was, whatever the program was doing.
for signal in SEGV:139 HUP:129 USR1:138; do
	start 80 24; opened mine
	pkill -"${signal%:*}" -f "^$SDK config --board=mine"
	ended "SIG${signal%:*} gives the terminal back" "${signal#*:}"
done
start 80 24; opened mine
keys C-z
ok "Ctrl-Z gives the terminal back" until_shown '(Stopped|Suspended)'
is "… its cursor, and its own screen" "$(state '#{cursor_flag} #{alternate_on}')" "1 0"
rm -f "$TMP/over"; keys clear Enter; typed fg
shows "fg goes on" '\[x\] alpha +base'
keys Down Space q; ended "and hears keys" 0
# nohup, and the line goes dead
start 80 24; keys "trap '' HUP" Enter; opened mine
ok "without a terminal it ends" left "$SDK config --board=mine"

# ---- 200 by 50, and small
start 200 50; opened base
shows "a board that is extended" '\[x\] alpha +base'
is "its keys are on the last line" "$(screen | sed -n '50p' | grep -c 'Space change')" 1
resize 40 10; shows "a small one is used" '\[x\] alpha$'
is "to its last line" "$(screen | sed -n '10p' | grep -c 'move')" 1
keys Down Down Down Down Down Down; shows "and scrolls" '^ - image'
resize 200 50; shows "and a large one again" 'summary = What all have'
keys Space; gone "a group is closed" 'version'
keys q; ended "ends as well" 0
is "with nothing left on the screen" "$(screen | grep -c 'alpha')" 0
done_testing
