#!/bin/sh
# The terminal interface of sdk build, driven by a real terminal: tmux, in two sizes.
. "$(dirname "$0")/../lib.sh"
command -v tmux >/dev/null || skip_all "no tmux here (Debian: apt install tmux)"
command -v python3 >/dev/null || skip_all "no python3 here"
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

# ---- a terminal
number=0 tmux=:
trap '$tmux kill-server 2>/dev/null; cleanup' EXIT
screen() { $tmux capture-pane -p -t it; }
show() { screen | sed 's/^/# /'; }
keys() { $tmux send-keys -t it "$@"; }
state() { $tmux display-message -p -t it "$1"; }
# until PATTERN: the screen shows it, within two minutes
until_shown() {
	for _ in $(seq 600); do
		screen >"$TMP/screen" 2>/dev/null; grep -Eq -- "$1" "$TMP/screen" && return
		sleep 0.2
	done
	return 1
}
shows() { # shows TEXT PATTERN
	if until_shown "$2"; then result 0 "$1"; else result 1 "$1"; echo "# wanted /$2/ on"; show; fi
}
gone() { # gone TEXT PATTERN
	for _ in $(seq 600); do
		screen | grep -Eq -- "$2" || { result 0 "$1"; return; }
		sleep 0.2
	done
	result 1 "$1"; show
}
start() { # start COLUMNS LINES [TERM]
	$tmux kill-server 2>/dev/null
	number=$((number + 1)) # the old one may not have gone yet
	tmux="tmux -L sdk-test-$$-$number -f /dev/null"
	$tmux new-session -d -s it -x "$1" -y "$2" "TERM=${3:-screen-256color} PS1='ready\$ ' sh"
	until_shown 'ready' || return
	keys "stty -a >$TMP/stty.before; clear" Enter
}
typed() { keys "$SDK build -j2 $*; echo exit=\$?; stty -a >$TMP/stty.after; touch $TMP/over" Enter; }
ended() { # ended TEXT CODE: the command has, with that code, and the terminal is what it was
	for _ in $(seq 600); do [ -e "$TMP/over" ] && break; sleep 0.2; done
	until_shown 'exit=[0-9]'
	is "$1" "$(screen | grep -o 'exit=[0-9]*' | tail -1)" "exit=$2"
	ok "… and the terminal has its settings" cmp "$TMP/stty.before" "$TMP/stty.after"
	is "… its cursor, and its own screen" "$(state '#{cursor_flag} #{alternate_on}')" "1 0"
	rm -f "$TMP/over"
}
unset NO_COLOR

# ---- 80 by 24
start 80 24; typed -k long-a long-b needs-a quick
shows "the running packages have a line each" 'long-a +install .* line [0-9]+ of many'
shows "both of them" 'long-b +install'
shows "the whole is above" '^[0-9]+ of 4 packages, '
shows "with a bar" '^\[#*\.+\]'
shows "what can be done is below" 'Enter log  p pause  x stop one'
is "on a screen of its own" "$(state "#{alternate_on}")" 1
is "nothing is wider than the terminal" "$(screen | awk 'length > 80' | wc -l)" 0
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
$tmux resize-window -t it -x 200 -y 50
shows "a wider terminal is used" '^\[[#.]{198}\]'
is "to the last line" "$(screen | sed -n '50p' | grep -c 'Enter log')" 1
$tmux resize-window -t it -x 60 -y 12
shows "a small one, too" '^\[[#.]{58}\]'
$tmux resize-window -t it -x 80 -y 24
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
start 200 50; typed while third
shows "a build that takes a while has the screen" 'while +install'
ended "until it is over" 0
ok "then it prints what it did" until_shown '2 built, 0 fetched, 0 reused'
start 200 50; typed long-b
shows "again" 'Enter log  p pause'
keys C-c # which ends the shell's own line of commands, too
gone "Ctrl-C ends it" 'long-b +install +[0-9]'
keys "echo exit=\$?; stty -a >$TMP/stty.after; touch $TMP/over" Enter
ended "as it would without a screen" 130
start 80 24; typed long-b
shows "once more" 'Enter log  p pause'
pkill -TERM -f "$SDK build -j2 long-b"
ended "as does SIGTERM" 143
start 80 24; typed quick
ended "nothing to do takes no screen" 0
is "and says so in a line" "$(screen | grep -c '1 package is built')" 1

# ---- terminals that can't
start 80 24 dumb
echo >"$SDK_ROOT/recipes/third/note"; sed -i 's/^summary:.*/&\ndescription: Again/; s/mkdir -p/: again; mkdir -p/' "$SDK_ROOT/recipes/third/recipe.yaml" "$SDK_ROOT/recipes/while/recipe.yaml"
sed -i '/^description/d' "$SDK_ROOT/recipes/third/recipe.yaml" "$SDK_ROOT/recipes/while/recipe.yaml"
typed third while
ended "TERM=dumb gets lines" 0
ok "as a file would" until_shown '^done +while: 1.0'
done_testing
