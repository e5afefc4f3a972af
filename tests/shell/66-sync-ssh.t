#!/bin/sh
# sdk sync by SSH: a real sshd on loopback, a key that only an agent has, and host keys that
# known_hosts has not, or has otherwise.
. "$(dirname "$0")/../lib.sh"
PATH=$PATH:/usr/sbin:/sbin
for tool in git python3 ssh-agent ssh-add ssh-keygen sshd; do
	command -v $tool >/dev/null || skip_all "no $tool here (Debian's packages: git, python3, openssh-client, openssh-server)"
done
unset SSH_AUTH_SOCK SSH_AGENT_PID GIT_SSH GIT_SSH_COMMAND
export HOME="$TMP/home" SDK_DATA="$TMP/data" GIT_CONFIG_NOSYSTEM=1
mkdir -p "$HOME/.ssh" "$TMP/checkout/recipes" "$TMP/checkout/board-configs"; chmod 700 "$HOME/.ssh"
git config --global user.name Tester; git config --global user.email tester@example.org
git config --global init.defaultBranch main

# ---- the server: an ordinary process of this user
for key in host other user; do ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$TMP/$key"; done
ssh-keygen -q -t rsa -N '' -C rsa -f "$TMP/rsa"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$TMP/sshd_config" <<Y
ListenAddress 127.0.0.1
Port $port
HostKey $TMP/host
AuthorizedKeysFile $TMP/user.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
PidFile $TMP/sshd.pid
Y
serve() {
	# As root it wants a directory that its package's service makes.
	if [ "$(id -u)" -eq 0 ] && [ ! -d /run/sshd ]; then
		# shellcheck disable=SC2016 # for the inner shell
		unshare --mount sh -c 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"' sh "$@"
	else
		"$@"
	fi
}
serve "$(command -v sshd)" -f "$TMP/sshd_config" -E "$TMP/sshd.log" >"$TMP/said" 2>&1 ||
	skip_all "sshd does not start: $(cat "$TMP/said" "$TMP/sshd.log" 2>/dev/null | tail -1)"
for _ in $(seq 100); do [ -s "$TMP/sshd.pid" ] && break; sleep 0.1; done
eval "$(ssh-agent -s)" >/dev/null
trap 'kill "$(cat "$TMP/sshd.pid")" "$SSH_AGENT_PID" 2>/dev/null; cleanup' EXIT
ssh-add -q "$TMP/user"; rm "$TMP/user"

# ---- an overlay behind it
git init -q "$TMP/one"; git -C "$TMP/one" commit -q --allow-empty -m First
git clone -q --bare "$TMP/one" "$TMP/one.git"
for name in bootstrap toolchains; do ln -s "$SDK_TOP/$name" "$TMP/checkout/$name"; done
ln -s "$SDK_TOP/recipes/.build-systems" "$TMP/checkout/recipes/.build-systems"
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out; export SDK_ROOT SDK_OUT
cd "$SDK_ROOT" || exit 1
server="$(id -un)@127.0.0.1"
URL=ssh://$server:$port$TMP/one.git
"$SDK" repos add one "$URL" >/dev/null 2>&1
knows() { sed "s/^/[127.0.0.1]:$port /" "$TMP/$1.pub" >"$HOME/.ssh/known_hosts"; }
sync() { "$SDK" sync one; }

fails "a server that was never seen is not believed" 5 "known_hosts has no key for \[127.0.0.1\]:$port" sync
cp "$TMP/.out" "$TMP/said"
ok "and it says how to go on" grep -q "ssh -p $port $server. shows it once" "$TMP/said"
knows other
fails "one with another key is refused" 5 "another one than ~/.ssh/known_hosts has for \[127.0.0.1\]:$port" sync
cp "$TMP/.out" "$TMP/said"
ok "and it says what to do if that is right" grep -q "ssh-keygen -R '\[127.0.0.1\]:$port'" "$TMP/said"
knows rsa
fails "with a key of another kind as well" 5 'somebody may be in between' sync
ok "nothing was cloned" [ ! -e "$SDK_OUT/repos/one" ]
knows host
ok "one that is known is believed, with the agent's key" sync
is "which clones" "$(git -C "$SDK_OUT/repos/one" rev-parse HEAD)" "$(git -C "$TMP/one" rev-parse HEAD)"
git -C "$TMP/one" commit -q --allow-empty -m Second; git -C "$TMP/one" push -q "$TMP/one.git" main
ssh-keygen -q -H -f "$HOME/.ssh/known_hosts" >/dev/null 2>&1
ok "names may be hashed" sync
is "and it moves" "$(git -C "$SDK_OUT/repos/one" rev-parse HEAD)" "$(git -C "$TMP/one" rev-parse HEAD)"
knows other; ssh-keygen -q -H -f "$HOME/.ssh/known_hosts" >/dev/null 2>&1
fails "a changed key is told from a new one by hashes, too" 5 'somebody may be in between' sync
knows host

fails "an agent that has gone is told" 4 'names no agent that answers' env SSH_AUTH_SOCK="$TMP/gone" "$SDK" sync one
fails "without an agent or key there is a word" 4 'ssh-add a key' env -u SSH_AUTH_SOCK "$SDK" sync one
fails "an empty SSH_AUTH_SOCK is none" 4 'ssh-add a key' env SSH_AUTH_SOCK= "$SDK" sync one
ssh-add -q -D 2>/dev/null
fails "an agent without the key" 4 'ssh-add a key' sync
done_testing
