#!/bin/sh
# Inside the environment, whose libgit2 can: an overlay is cloned without its past, and is synced
# later all the same. Prints what 66-sync.t compares.
set -eu
tmp=$(mktemp -d)
trap 'kill "$(cat "$tmp/pid")"; rm -rf "$tmp"' EXIT
export HOME="$tmp" SDK_ROOT="$tmp/checkout" SDK_OUT="$tmp/out" SDK_DATA="$tmp/data"
git config --global user.name Tester; git config --global user.email tester@example.org
git config --global init.defaultBranch main
commit() { git -C "$tmp/work" commit -q --allow-empty -m "$1"; git -C "$tmp/work" push -q origin main; }
clone=$SDK_OUT/repos/one
state() { # state WHAT
	echo "$1: $(git -C "$clone" rev-list --count HEAD) of $(git -C "$tmp/work" rev-list --count HEAD)" \
		"$(git -C "$clone" log -1 --format=%s)"
}
mkdir "$SDK_ROOT"
for name in bootstrap toolchains recipes board-configs; do ln -s "/sdk/$name" "$SDK_ROOT/$name"; done
git init -q --bare "$tmp/one.git"; git init -q "$tmp/work"; git -C "$tmp/work" remote add origin "$tmp/one.git"
for message in first second third; do commit $message; done
git -C "$tmp/one.git" symbolic-ref HEAD refs/heads/main
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
git daemon --base-path="$tmp" --export-all --listen=127.0.0.1 --port="$port" --reuseaddr \
	--pid-file="$tmp/pid" --detach
sdk -q repos add one "git://127.0.0.1:$port/one.git"
sdk -q sync one; state cloned
commit fourth; commit fifth; sdk -q sync one; state synced
git -C "$clone" commit -q --allow-empty -m mine; sdk -q sync one; state ahead
git -C "$clone" fetch -q --unshallow; commit sixth; git -C "$clone" pull -q --rebase
commit seventh; sdk sync one 2>&1 | grep -o 'has 1 commit of its own' || :
git -C "$clone" pull -q --rebase; sdk -q sync one; state whole
