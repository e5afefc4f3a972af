#!/bin/sh
# The terminal interface of sdk build, driven by a real terminal: tmux, in two sizes.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../terminal.sh"
out=${SDK_OUT:-$SDK_TOP/out}
[ -d "$out/env" ] || skip_all "there is no environment: sdk create"
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
mkdir -p "$SDK_ROOT/recipes" "$SDK_OUT" "$SDK_CACHE"
for name in bootstrap toolchains recipes/.build-systems; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
ln -s "$out/env" "$out/toolchain" "$SDK_OUT/"
downloads=${XDG_CACHE_HOME:-$HOME/.cache}/sdk/downloads
[ ! -d "$downloads" ] || ln -s "$downloads" "$SDK_CACHE/downloads"

recipe() { # recipe NAME DEPENDENCIES SHELL
	mkdir -p "$SDK_ROOT/recipes/$1"
	cat >"$SDK_ROOT/recipes/$1/recipe.yaml" <<Y
name: $1
version: 1.0
summary: For the tests
license: MIT
sources: []
build: copy
libc: false
depends: {target: [$2]}
phases:
  install: |
    mkdir -p "\$DEST"/usr/share/$1
    $3
    echo $1 >"\$DEST"/usr/share/$1/file
Y
}
# Two that would go on for an hour, telling what they do.
long='n=0; while [ $n -lt 36000 ]; do n=$((n + 1)); echo "line $n of many"; sleep 0.1; done'
recipe long-a '' "$long"; recipe long-b '' "$long"
recipe needs-a long-a ':'; recipe quick '' ':'; recipe while '' 'sleep 4'
recipe third '' ':'

typed_build() { typed "$SDK build -j2 $*"; }

# ---- 80 by 24
start 80 24; typed_build -k long-a long-b needs-a quick
shows "the running packages have a line each" 'long-a +install .* line [0-9]+ of many'
shows "both of them" 'long-b +install'
shows "the whole is above" '^[0-9]+ of 4 packages, '
shows "with a bar" '^\[#*\.+\]'
shows "what can be done is below" 'Enter log  p pause  x stop one'
is "on a screen of its own" "$(state "#{alternate_on}")" 1
ok "nothing is wider than the terminal" test "$(screen | wc -L)" -le 80
keys Enter
shows "Enter opens a log, which grows" 'long-[ab]: log, lines [1-9][0-9]+ to .*, following'
keys Up Up
gone "scrolled, it stands still" 'following'
first=$(screen | sed -n 2p); sleep 1
is "on the same line" "$(screen | sed -n 2p)" "$first"
keys End
shows "End follows again" 'following'
keys q
shows "q goes back" 'Enter log'
keys '?'
shows "there is help" 'stop the chosen package'
keys '?'
shows "and a way out of it" 'Enter log'
keys p
shows "p pauses" 'PAUSED'
shows "which can be undone" 'p go on'
keys p
gone "and is" 'PAUSED'
resize 200 50
shows "a wider terminal is used" '^\[[#.]{198}\]'
is "to the last line" "$(screen | sed -n '50p' | grep -c 'Enter log')" 1
resize 60 12
shows "a small one, too" '^\[[#.]{58}\]'
resize 80 24
shows "and back" '^\[[#.]{78}\]'
keys x
shows "x asks first" 'Stop long-a\?'
keys n
shows "and takes no for an answer" 'Enter log'
shows "nothing happened" 'long-a +install'
keys x; shows "asked again" 'Stop long-a\?'
keys y
shows "yes stops that one" 'failed +long-a'
shows "and not the other" 'long-b +install'
shows "which makes room for the next" 'done +quick'
keys q; shows "q asks first" 'Stop the build\?'
keys y
ended "and ends the build" 130
ok "what ended is told on the ordinary screen" until_shown 'done +quick'
ok "with what to do" until_shown 'the same command goes on'

# ---- 200 by 50, the end by itself, by Ctrl-C, by a signal
start 200 50; typed_build while third
shows "a build that takes a while has the screen" 'while +install'
ended "until it is over" 0
ok "then it prints what it did" until_shown '2 built, 0 fetched, 0 reused'
start 200 50; typed_build long-b
shows "again" 'Enter log  p pause'
keys C-c # which ends the shell's own line of commands, too
gone "Ctrl-C ends it" 'long-b +install +[0-9]'
keys "echo exit=\$?; stty -a >$TMP/stty.after; touch $TMP/over" Enter
ended "as it would without a screen" 130
start 80 24; typed_build long-b
shows "once more" 'Enter log  p pause'
pkill -TERM -f "$SDK build -j2 long-b"
ended "as does SIGTERM" 143
start 80 24; typed_build quick
ended "nothing to do takes no screen" 0
is "and says so in a line" "$(screen | grep -c '1 package is built')" 1

# ---- a terminal that goes away
recipe later '' 'sleep 6'
start 80 24; keys "trap '' HUP" Enter; typed_build later
shows "one that ignores SIGHUP" 'Enter log  p pause'
ok "goes on without its terminal" left "$SDK build -j2 later"
is "to the end" "$("$SDK" build -n later | grep -c '1 built, 0 to build')" 1
recipe later '' 'sleep 5'
start 80 24; typed_build later
shows "one that does not" 'Enter log  p pause'
ok "ends with it" left "$SDK build -j2 later"
is "in the middle" "$("$SDK" build -n later | grep -c '1 built, 0 to build')" 0

# ---- terminals that can't
start 80 24 dumb
echo >"$SDK_ROOT/recipes/third/note"; sed -i 's/^summary:.*/&\ndescription: Again/; s/mkdir -p/: again; mkdir -p/' "$SDK_ROOT/recipes/third/recipe.yaml" "$SDK_ROOT/recipes/while/recipe.yaml"
sed -i '/^description/d' "$SDK_ROOT/recipes/third/recipe.yaml" "$SDK_ROOT/recipes/while/recipe.yaml"
typed_build third while
ended "TERM=dumb gets lines" 0
ok "as a file would" until_shown '^done +while: 1.0'
done_testing
