# shellcheck shell=sh
# Tests of what is drawn on a terminal: sourced after lib.sh. tmux is the terminal.
command -v tmux >/dev/null || skip_all "no tmux here (Debian: apt install tmux)"
unset NO_COLOR
number=0 tmux=: tries=${TERMINAL_TRIES:-600}
trap '$tmux kill-server 2>/dev/null; cleanup' EXIT
screen() { $tmux capture-pane -p -t it; }
show() { screen | sed 's/^/# /'; }
keys() { $tmux send-keys -t it "$@"; }
resize() { $tmux resize-window -t it -x "$1" -y "$2"; }
state() { $tmux display-message -p -t it "$1"; }
# until PATTERN: the screen shows it, within two minutes
until_shown() {
	for _ in $(seq "$tries"); do
		screen >"$TMP/screen" 2>/dev/null; grep -Eq -- "$1" "$TMP/screen" && return
		sleep 0.2
	done
	return 1
}
shows() { # shows TEXT PATTERN
	if until_shown "$2"; then result 0 "$1"; else result 1 "$1"; echo "# wanted /$2/ on"; show; fi
}
gone() { # gone TEXT PATTERN
	for _ in $(seq "$tries"); do
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
# typed COMMAND: it is, then told how it ended
typed() { keys "$1; echo exit=\$?; stty -a >$TMP/stty.after; touch $TMP/over" Enter; }
# left COMMAND: its terminal goes away; it ends within 20 s
left() {
	$tmux kill-server; rm -f "$TMP/over"
	for _ in $(seq 100); do pgrep -f "^$1" >/dev/null || return 0; sleep 0.2; done
	pkill -KILL -f "^$1"; return 1
}
ended() { # ended TEXT CODE: the command has, with that code, and the terminal is what it was
	for _ in $(seq "$tries"); do [ -e "$TMP/over" ] && break; sleep 0.2; done
	until_shown 'exit=[0-9]'
	is "$1" "$(screen | grep -o 'exit=[0-9]*' | tail -1)" "exit=$2"
	ok "… and the terminal has its settings" cmp "$TMP/stty.before" "$TMP/stty.after"
	is "… its cursor, and its own screen" "$(state '#{cursor_flag} #{alternate_on}')" "1 0"
	rm -f "$TMP/over"
}
