#!/bin/sh
# sdk sync, sdk repos: from real git servers on loopback, git daemon and git http-backend; signatures
# by real keys; edits, diverged histories and servers that fail.
. "$(dirname "$0")/../lib.sh"
for tool in git gpg python3; do command -v $tool >/dev/null || skip_all "no $tool here"; done
if ! [ -x "$(git --exec-path)/git-daemon" ] || ! [ -x "$(git --exec-path)/git-http-backend" ]; then
	skip_all "no git daemon or git http-backend here"
fi
downloads=${XDG_CACHE_HOME:-$HOME/.cache}/sdk/downloads
export HOME="$TMP/home" SDK_DATA="$TMP/data" GIT_CONFIG_NOSYSTEM=1
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY SSH_AUTH_SOCK NETRC XDG_CONFIG_HOME
mkdir -p "$HOME" "$TMP/srv"
git config --global user.name Tester; git config --global user.email tester@example.org
git config --global init.defaultBranch main

recipe() { # recipe TREE NAME VERSION
	mkdir -p "$1/recipes/$2"
	# shellcheck disable=SC2016 # for the build
	printf '%s\n' "name: $2" "version: $3" 'summary: For the tests' 'license: MIT' 'sources: []' 'build: copy' \
		'libc: false' 'phases:' '  install: |' '    mkdir -p "$DEST"/usr/share' >"$1/recipes/$2/recipe.yaml"
}
commit() { # commit TREE MESSAGE [git option…]
	tree=$1 message=$2; shift 2
	git -C "$tree" add -A && git -C "$tree" commit -q "$@" -m "$message"
}
push() { git -C "$1" push -q "$2" "$3"; }
upstream() { # upstream NAME: a bare repository and a work tree to fill it from
	git init -q --bare "$TMP/srv/$1.git"
	git init -q "$TMP/$1"; git -C "$TMP/$1" remote add origin "$TMP/srv/$1.git"
}
head_of() { git -C "$1" rev-parse HEAD; }

# ---- three repositories: the checkout's, and two overlays
upstream base
for name in bootstrap toolchains; do cp -r "$SDK_TOP/$name" "$TMP/base/$name"; done
mkdir "$TMP/base/recipes"; cp -r "$SDK_TOP/recipes/.build-systems" "$TMP/base/recipes/"
mkdir -p "$TMP/base/board-configs"
recipe "$TMP/base" apple 1.0; recipe "$TMP/base" pear 1.0
echo '/sdk.yaml
/out' >"$TMP/base/.gitignore"
commit "$TMP/base" First; push "$TMP/base" origin main
git -C "$TMP/srv/base.git" symbolic-ref HEAD refs/heads/main
for name in one two; do
	upstream $name; recipe "$TMP/$name" "$name-pkg" 1.0; recipe "$TMP/$name" apple "9.$name"
	commit "$TMP/$name" First; push "$TMP/$name" origin main
	git -C "$TMP/srv/$name.git" symbolic-ref HEAD refs/heads/main
done
python3 "$SDK_TOP/tests/helpers/git-http.py" "$TMP/srv" "$TMP/port" 2>"$TMP/http.log" &
http=$!
python3 "$SDK_TOP/tests/helpers/git-http.py" "$TMP/srv" "$TMP/secret-port" user:secret 2>"$TMP/http.log" &
secret=$!
daemon_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
git daemon --base-path="$TMP/srv" --export-all --listen=127.0.0.1 --port="$daemon_port" --reuseaddr \
	--pid-file="$TMP/daemon.pid" --detach 2>/dev/null
trap 'kill $http $secret $(cat "$TMP/daemon.pid") 2>/dev/null; cleanup' EXIT
while [ ! -s "$TMP/port" ] || [ ! -s "$TMP/secret-port" ]; do sleep 0.1; done
HTTP=http://127.0.0.1:$(cat "$TMP/port") SECRET=http://127.0.0.1:$(cat "$TMP/secret-port")
GIT=git://127.0.0.1:$daemon_port
git clone -q "$TMP/srv/base.git" "$TMP/checkout"
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out; export SDK_ROOT SDK_OUT
cd "$SDK_ROOT" || exit 1
sync() { "$SDK" sync "$@"; }

# ---- repos
# shellcheck disable=SC2016
is "without overlays there is a word" "$("$SDK" repos list)" 'no overlays; `sdk repos add NAME URL` adds one'
ok "without an sdk.yaml, one is made" "$SDK" repos add one "$HTTP/one.git"
is "for it" "$(cat sdk.yaml)" "$(printf 'repos:\n  - name: one\n    url: %s/one.git' "$HTTP")"
ok "and is empty again" "$SDK" repos remove one
is "to the byte" "$(wc -c <sdk.yaml)" 0
fails "which is no obstacle to fetching" 4 "Couldn't open file" "$SDK" new nothing "file://$TMP/nothing.tar"
printf '# Only a comment.\n' >sdk.yaml
ok "comments alone are no obstacle" "$SDK" repos add one "$HTTP/one.git"
printf 'repos: [{name: zero, url: "%s/zero.git"}] # flow\n' "$HTTP" >sdk.yaml
ok "a list in brackets" "$SDK" repos add one "$HTTP/one.git" --tag=v1
is "stays one" "$(cat sdk.yaml)" "repos: [{name: zero, url: \"$HTTP/zero.git\"}, {name: one, url: $HTTP/one.git, tag: v1}] # flow"
"$SDK" repos remove zero >/dev/null; "$SDK" repos remove one >/dev/null
is "and is emptied" "$(cat sdk.yaml)" 'repos: [] # flow'
printf '# Ours.\nbinhosts: [] # none yet\n' >sdk.yaml
ok "an overlay is added" "$SDK" repos add one "$HTTP/one.git"
ok "and another, with a branch" "$SDK" repos add two "$GIT/two.git" --branch=main --priority=200
is "comments stay" "$(head -2 sdk.yaml)" "$(printf '# Ours.\nbinhosts: [] # none yet')"
is "what was added can be read" "$("$SDK" repos list --json | python3 -c 'import json, sys
print([(r["name"], r["priority"], r["here"]) for r in json.load(sys.stdin)])')" \
	"[('one', 100, False), ('two', 200, False)]"
fails "a name that is taken" 2 'there is an overlay one already' "$SDK" repos add one "$HTTP/x.git"
fails "an address that could run something" 2 'wanted https://' "$SDK" repos add three ext::/bin/sh
fails "the name of the SDK itself" 2 'not checkout' "$SDK" repos add checkout "$HTTP/x.git"
fails "a name that is a path" 2 'wanted a name of' "$SDK" repos add ../up "$HTTP/x.git"
fails "recipes of an overlay that is not here" 3 'sdk sync. clones it' "$SDK" list

# ---- the first sync, and one with nothing to do
ok "overlays are cloned, by http and git" sync
is "with what they had" "$(head_of "$SDK_OUT/repos/one") $(head_of "$SDK_OUT/repos/two")" \
	"$(head_of "$TMP/one") $(head_of "$TMP/two")"
is "the higher priority wins" "$("$SDK" list apple | awk '{print $2}')" 9.two
ok "the list says in whose place" sh -c "'$SDK' repos list | grep -q \"apple 9.two, in place of one's 9.one\""
ok "again there is nothing to do" sync
is "and it says so, for each" "$(sync | grep -c 'up to date')" 3
ok "nothing is left in out/repos" sh -c "[ \"\$(ls -A '$SDK_OUT/repos' | tr '\n' ' ')\" = 'one two ' ]"

# ---- new versions
recipe "$TMP/base" apple 1.1; recipe "$TMP/base" plum 0.1; rm -r "$TMP/base/recipes/pear"
commit "$TMP/base" Second; push "$TMP/base" origin main
recipe "$TMP/one" one-pkg 2.0; commit "$TMP/one" Second; push "$TMP/one" origin main
sync --dry-run >"$TMP/dry"
ok "a dry run says what would come" grep -Eq '^checkout +main +would go .* 1 commit$' "$TMP/dry"
is "and moves nothing" "$(git log --oneline | wc -l)" 1
sync >"$TMP/log"
ok "the checkout goes forward" test "$(head_of .)" = "$(head_of "$TMP/base")"
ok "it says which recipes changed" grep -Eq '^  changed +apple +1.0 → 1.1$' "$TMP/log"
ok "which are new" grep -Eq '^  new +plum +0.1$' "$TMP/log"
ok "which went" grep -Eq '^  gone +pear +1.0$' "$TMP/log"
ok "and those of overlays" grep -Eq '^  changed +one-pkg +1.0 → 2.0$' "$TMP/log"
git -C "$TMP/base" commit -q --allow-empty -m Third; push "$TMP/base" origin main
is "one alone can be asked for" "$(sync --json one | python3 -c 'import json, sys
print([(r["name"], r["status"]) for r in json.load(sys.stdin)["repositories"]])')" "[('one', 'same')]"
ok "JSON says what moved" sh -c "'$SDK' sync --json | grep -q '\"name\":\"checkout\".*\"status\":\"moved\"'"
fails "an overlay that is none" 3 'no overlay is called "three"' sync three

# ---- edits
echo '# mine' >>recipes/plum/recipe.yaml
recipe "$TMP/base" apple 1.2; commit "$TMP/base" Fourth; push "$TMP/base" origin main
ok "an edit elsewhere is not in the way" sync
ok "and stays" grep -q '# mine' recipes/plum/recipe.yaml
is "while the rest moves" "$(sed -n 's/version: //p' recipes/apple/recipe.yaml)" 1.2
recipe "$TMP/base" plum 0.2; recipe "$TMP/base" apple 1.3; commit "$TMP/base" Fifth; push "$TMP/base" origin main
before=$(head_of .)
fails "an edit of what changed is" 2 'recipes/plum/recipe.yaml was edited here and changed there' sync
ok "it says what to do" sh -c "'$SDK' sync 2>&1 | grep -q 'commit or stash it'"
is "and touches nothing" "$(head_of .) $(sed -n 's/version: //p' recipes/apple/recipe.yaml)" "$before 1.2"
git stash -q; ok "after a stash it goes on" sync; git stash drop -q
echo new >recipes/notes; mkdir -p "$TMP/base/recipes"; echo theirs >"$TMP/base/recipes/notes"
commit "$TMP/base" Notes; push "$TMP/base" origin main
fails "a file that git does not know is not overwritten" 2 'recipes/notes' sync
is "it is as it was" "$(cat recipes/notes)" new
ok "it says what to do with it" sh -c "'$SDK' sync 2>&1 | grep -q 'mv .*/recipes/notes .*/recipes/notes.mine'"
rm recipes/notes; sync >/dev/null 2>&1
cp sdk.yaml "$TMP/mine.yaml"; mkdir -p "$TMP/base/out/mine"
echo '# theirs' >"$TMP/base/sdk.yaml"; git -C "$TMP/base" add -f sdk.yaml; commit "$TMP/base" Settings
push "$TMP/base" origin main
before=$(head_of .)
fails "nor is one that git ignores" 2 'sdk.yaml is here without git' sync
is "it is as it was, too" "$(head_of .) $(cmp sdk.yaml "$TMP/mine.yaml" && echo same)" "$before same"
git -C "$TMP/base" rm -q --cached sdk.yaml; echo theirs >"$TMP/base/out/mine/file"
git -C "$TMP/base" add -f out/mine/file; commit "$TMP/base" Output; push "$TMP/base" origin main
mkdir -p out/mine; echo mine >out/mine/file
fails "in a directory that is ignored neither" 2 'out/mine/file is here' sync
is "which keeps its own" "$(cat out/mine/file)" mine
rm out/mine/file; ok "without it, the sync goes on" sync
ok "past commits that came and went" cmp sdk.yaml "$TMP/mine.yaml"
git -C "$TMP/base" rm -qr --cached out; commit "$TMP/base" 'No output'; push "$TMP/base" origin main
sync >/dev/null 2>&1

# ---- commits of one's own
recipe . cherry 1.0; commit . Mine
ok "a commit of one's own is fine" sync
ok "and told of" sh -c "'$SDK' sync | grep -q 'with 1 commit of your own'"
git -C "$TMP/base" commit -q --allow-empty -m Sixth; push "$TMP/base" origin main
fails "until the other side has some, too" 2 'main has 1 commit of its own, origin has 1 other' sync
ok "which says how to go on" sh -c "'$SDK' sync 2>&1 | grep -q 'rebase origin/main'"
ok "the others are synced all the same" sh -c "'$SDK' sync 2>/dev/null | grep -Eq '^one .*up to date'"
git rebase -q origin/main 2>/dev/null; ok "after a rebase" sync
git switch -qc topic; fails "a branch that follows none" 2 'follows none of "origin"' sync checkout
git switch -q main; git -C "$SDK_OUT/repos/one" switch -qc topic
fails "an overlay that is on another branch" 2 'it is on branch topic, not on main' sync one
git -C "$SDK_OUT/repos/one" switch -q main

# ---- servers that take back
git reset -q --hard origin/main
git -C "$TMP/base" tag before; git -C "$TMP/base" commit -q --allow-empty -m Hasty; push "$TMP/base" origin main
sync >/dev/null 2>&1; before=$(head_of .)
git -C "$TMP/base" reset -q --hard before; push "$TMP/base" origin +main
fails "what origin has taken back is not one's own" 2 'has taken back 1 commit of main that is here' sync
fails "the next time neither" 2 'reset --keep origin/main' sync
is "and nothing moves" "$(head_of .)" "$before"
git -C "$TMP/base" commit -q --allow-empty -m Instead; push "$TMP/base" origin main
fails "nor when there is something else in its place" 2 'has taken back 1 commit' sync
git reset -q --keep origin/main; ok "what it says helps" sync

# ---- channels and releases
git -C "$TMP/base" switch -qc stable; recipe "$TMP/base" apple 1.2.9; commit "$TMP/base" Stable
push "$TMP/base" origin stable
git reset -q --hard origin/main
ok "a channel" sync --channel=stable
is "is a branch" "$(git branch --show-current) $(sed -n 's/version: //p' recipes/apple/recipe.yaml)" "stable 1.2.9"
git -C "$TMP/base" commit -q --allow-empty -m More; push "$TMP/base" origin stable
ok "that is followed from then on" sync
is "to its end" "$(head_of .)" "$(head_of "$TMP/base")"
git -C "$TMP/base" tag -a -m 'Release 1' v1; push "$TMP/base" origin v1
git -C "$TMP/base" commit -q --allow-empty -m After; push "$TMP/base" origin stable
ok "a release" sync --release=v1
is "pins the checkout" "$(git branch --show-current)$(head_of .)" "$(git -C "$TMP/base" rev-parse 'v1^{commit}')"
is "and tells binhosts, which have an index of it" "$(cat "$SDK_OUT/release")" v1
fails "which does not move by itself" 2 'pinned to a commit' sync checkout
fails "a release that is none" 3 'has no tag "v9"' sync --release=v9
fails "a channel that is none" 3 'has no branch "beta"' sync --channel=beta
fails "both at once" 2 'wanted one of them' sync --channel=stable --release=v1
fails "a channel's name that is an option" 2 'not the name of a branch' sync --channel=-x
git commit -q --allow-empty -m 'On no branch'; before=$(head_of .)
fails "commits on no branch are not left behind" 2 'on no branch and would be lost' sync --channel=main
is "it stays at them, and pinned" "$(head_of .) $(cat "$SDK_OUT/release")" "$before v1"
git branch kept; ok "a channel ends it, once a branch keeps them" sync --channel=main
ok "for binhosts, too" test ! -e "$SDK_OUT/release"

sync --channel=stable >/dev/null; git commit -q --allow-empty -m Mine; before=$(head_of .); git switch -q main
sync --channel=stable >"$TMP/log"
is "a channel with a commit of one's own is switched to" "$(git branch --show-current) $(head_of .)" "stable $before"
ok "which is told" grep -q '1 of your own$' "$TMP/log"
is "with its files" "$(sed -n 's/version: //p' recipes/apple/recipe.yaml)" 1.2.9
git reset -q --hard HEAD~; sync --channel=main >/dev/null
push "$TMP/base" origin before
ok "an older release" sh -c "'$SDK' sync --release=before >'$TMP/log'"
ok "is so many commits back" grep -Eq '1 commit back$' "$TMP/log"
sync --channel=main >/dev/null
git -C "$TMP/base" tag -f before v1 >/dev/null 2>&1; push "$TMP/base" origin +before
fails "a tag that was moved is refused" 5 'has moved tag before: it was' sync --release=before
git branch old-before before; git tag -d before >/dev/null
ok "but when one wants it so" sync --release=before
ok "back to the channel" sync --channel=main

# ---- signatures
"$SDK" binhost keys make --name='Ours <ours@example.org>' >/dev/null 2>&1
ours=$("$SDK" binhost keys --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["fingerprint"])')
gpg2() { gpg --homedir "$SDK_DATA/gnupg" "$@"; }
git config --global gpg.program "$TMP/gpg"
printf '#!/bin/sh\nexec gpg --homedir "%s" "$@"\n' "$SDK_DATA/gnupg" >"$TMP/gpg"; chmod +x "$TMP/gpg"
"$SDK" repos remove one >/dev/null
ok "an overlay with keys" "$SDK" repos add one "$HTTP/one.git" --keys="$ours"
fails "is not cloned unsigned" 5 'commit .* is not signed' sync one
ok "and nothing of it is here" test ! -e "$SDK_OUT/repos/one"
recipe "$TMP/one" one-pkg 3.0; commit "$TMP/one" Signed -S"$ours"; push "$TMP/one" origin main
ok "signed it is" sync one
ok "which is told" sh -c "'$SDK' sync one | grep -q 'signature good'"
mkdir -m 700 "$TMP/other"
gpg --homedir "$TMP/other" --batch --quiet --passphrase '' --quick-gen-key 'Other <o@example.org>' ed25519 sign never 2>/dev/null
other=$(gpg --homedir "$TMP/other" --with-colons -k | awk -F: '/^fpr/ { print $10; exit }')
printf '#!/bin/sh\nexec gpg --homedir "%s" "$@"\n' "$TMP/other" >"$TMP/gpg"
before=$(head_of "$SDK_OUT/repos/one")
recipe "$TMP/one" one-pkg 4.0; commit "$TMP/one" Others -S"$other"; push "$TMP/one" origin main
fails "a commit that somebody else signed" 5 'branch main: ' sync one
is "is not taken" "$(head_of "$SDK_OUT/repos/one")" "$before"
printf '#!/bin/sh\nexec gpg --homedir "%s" "$@"\n' "$SDK_DATA/gnupg" >"$TMP/gpg"
git -C "$TMP/one" cat-file commit HEAD | sed 's/^Others/Altered/' >"$TMP/object"
recipe "$TMP/one" one-pkg 5.0; commit "$TMP/one" Good -S"$ours"
git -C "$TMP/one" cat-file commit HEAD | sed 's/^Good/Evil/' >"$TMP/object"
evil=$(git -C "$TMP/one" hash-object -t commit -w "$TMP/object"); git -C "$TMP/one" push -qf origin "$evil:refs/heads/main"
fails "a signature of something else" 5 'branch main: ' sync one
git -C "$TMP/one" push -qf origin HEAD:main
ok "the true one is taken" sync one
printf 'checkout: {keys: [%s]}\n' "$ours" >>sdk.yaml
fails "the checkout's keys are asked for, too" 5 'is not signed' sync checkout
fails "and for releases" 5 'tag v1: tag .* is not signed' sync --release=v1
git -C "$TMP/base" tag -s -u "$ours" -m 'Release 2' v2 v1; push "$TMP/base" origin v2
ok "a signed release" sync --release=v2
git -C "$TMP/srv/base.git" update-ref refs/tags/v3 "$(git -C "$TMP/base" rev-parse v2)"
fails "under another name it is none" 5 'was signed under another name' sync --release=v3
"$SDK" binhost keys revoke "$ours" >/dev/null 2>&1
fails "a revoked key counts no more" 5 'revoked' sync --release=v2
sed -i '/^checkout:/d' sdk.yaml; sync --channel=main checkout >/dev/null 2>&1

# ---- logins
"$SDK" repos remove two >/dev/null; "$SDK" repos remove one --force >/dev/null
"$SDK" repos add two "$SECRET/two.git" >/dev/null
fails "a login that nobody knows" 4 'netrc' sync two
printf 'machine 127.0.0.1 login user password wrong\n' >"$HOME/.netrc"
fails "a wrong one" 4 'two.git' sync two
printf 'machine 127.0.0.1 login user password secret\n' >"$HOME/.netrc"
ok "from ~/.netrc" sync two
rm "$HOME/.netrc"; git config --global credential.helper "!printf 'username=user\\npassword=secret\\n'; :"
ok "from git's credential helper" sync two
"$SDK" repos remove two >/dev/null; git config --global --unset credential.helper

# ---- servers that fail
"$SDK" repos add two "$HTTP/nothing.git" >/dev/null
fails "a repository that is not there" 4 'nothing.git' sync two
"$SDK" repos remove two >/dev/null; "$SDK" repos add two git://127.0.0.1:1/two.git >/dev/null
fails "a server that is down" 4 '127.0.0.1' sync two
ok "does not keep the checkout back" sh -c "'$SDK' sync 2>/dev/null | grep -Eq '^checkout .*up to date'"
"$SDK" repos remove two >/dev/null; "$SDK" repos add two "$HTTP/stuck/two.git" >/dev/null
"$SDK" sync two >/dev/null 2>&1 & pid=$!
while [ -z "$(find "$SDK_OUT/repos" -name '.tmp-*' 2>/dev/null)" ]; do sleep 0.1; done
kill -TERM $pid; wait $pid 2>/dev/null
"$SDK" repos remove two >/dev/null; "$SDK" repos add two "$GIT/two.git" >/dev/null
ok "an interrupted clone is begun anew" sync two
is "and leaves nothing" "$(ls -A "$SDK_OUT/repos" | tr '\n' ' ')" "two "

mv "$SDK_OUT/repos/two/.git" "$TMP/two-git"
fails "a clone that is broken" 3 'move .*/repos/two away' sync two
ok "does not keep the others back either" sh -c "'$SDK' sync 2>/dev/null | grep -Eq '^checkout .*up to date'"
mv "$TMP/two-git" "$SDK_OUT/repos/two/.git"

"$SDK" repos add hidden "$(echo "$SECRET/two.git" | sed 's,//,//user:wrong@,')" >/dev/null
ok "a password in an address is shown nowhere" sh -c "! { '$SDK' repos list; '$SDK' repos list --json
	'$SDK' sync -v hidden; '$SDK' repos add hidden x; } 2>&1 | grep -q wrong"
"$SDK" repos remove hidden >/dev/null
git remote rename origin other
fails "without a remote it says so" 3 'has no remote "origin" to sync from' sync checkout
git remote rename other origin
mkdir "$TMP/base/src"; echo >"$TMP/base/src/new.c"; git -C "$TMP/base" switch -q main
commit "$TMP/base" Program; push "$TMP/base" origin main
"$SDK" repos add down git://127.0.0.1:1/two.git >/dev/null; sync >"$TMP/log" 2>&1
ok "a change of the SDK itself is told" grep -q 'the SDK itself has changed: make' "$TMP/log"
is "what failed is told once" "$(grep -c 127.0.0.1:1 "$TMP/log")" 1
"$SDK" repos remove down >/dev/null

# ---- what it rebuilds, of packages that are built
rebuilds() {
	upstream built; tree=$TMP/built arch=$(dpkg --print-architecture 2>/dev/null || echo amd64)
	for name in bootstrap toolchains; do cp -r "$SDK_TOP/$name" "$tree/$name"; done
	mkdir -p "$tree/recipes" "$tree/board-configs/$arch-usr" "$TMP/built-out" "$TMP/cache" "$SDK_TOP/out/toolchain"
	cp -r "$SDK_TOP/recipes/.build-systems" "$tree/recipes/"
	cp -r "$SDK_TOP/board-configs/mini" "$tree/board-configs/"
	printf '%s\n' 'summary: For the tests' "arch: $arch" 'extends: mini' \
		'packages: [-linux, -busybox, top, alone]' >"$tree/board-configs/$arch-usr/board.yaml"
	printf '/sdk.yaml\n/out\n' >"$tree/.gitignore"
	for name in low middle top alone extra; do recipe "$tree" $name 1.0; done
	echo 'depends: {target: [low]}' >>"$tree/recipes/middle/recipe.yaml"
	echo 'depends: {target: [middle]}' >>"$tree/recipes/top/recipe.yaml"
	commit "$tree" First; push "$tree" origin main
	git clone -q "$TMP/srv/built.git" "$TMP/here" -b main
	for name in env toolchain; do ln -s "$SDK_TOP/out/$name" "$TMP/built-out/$name"; done
	ln -s "$downloads" "$TMP/cache/downloads"
	export SDK_ROOT="$TMP/here" SDK_OUT="$TMP/built-out" SDK_CACHE="$TMP/cache"
	next() { commit "$tree" Next --allow-empty; push "$tree" origin main; sync >"$TMP/log" 2>&1; }
	told() { sed -n "/^$arch-usr: /,\$p" "$TMP/log" | sed 's/up to .* with [0-9]* jobs*/up to …/'; }
	recipe "$tree" alone 1.1; next
	is "before anything is built, only what changed is told of" "$(told)" "$arch-usr: 1 to build (alone)
  up to …, which is a guess: nothing of it was built here before"
	ok "the board builds" "$SDK" build --board="$arch-usr"
	next; is "a commit that changes nothing rebuilds nothing" "$(told)" ""
	sed -i 's/^version:.*/version: 1.1/' "$tree/recipes/low/recipe.yaml"
	recipe "$tree" extra 1.1; next
	is "a change names what it rebuilds, counts what follows, and knows how long" "$(told)" \
		"$arch-usr: 1 to build (low), 2 that follow unless nothing changes for them
  up to …, by what they took here before"
	sed -i 's/^summary:.*/summary: In other words/' "$tree/recipes/alone/recipe.yaml"; next
	is "what has no influence on the bytes rebuilds nothing" "$(told)" "$arch-usr: nothing to build for that"
	recipe "$tree" alone 2.0; next
	is "what was to be built before is not told of again" "$(told)" "$arch-usr: 1 to build (alone)
  up to …, by what they took here before"
	recipe "$tree" new 1.0; sed -i 's/^packages: .*/packages: [-linux, -busybox, top, new]/' \
		"$tree/board-configs/$arch-usr/board.yaml"; next
	is "a package that comes is a guess" "$(told)" "$arch-usr: 1 to build (new)
  up to …, which is a guess: nothing of it was built here before"
	sed -i 's/^version:.*/version: 1.2/' "$tree/recipes/low/recipe.yaml"; recipe "$tree" new 1.1; commit "$tree" Both
	push "$tree" origin main
	is "programs are told the same" "$(sync --json | jq -c '.build | [.packages, .following, .guessed]')" \
		'[["low","new"],2,1]'
}
environment=$(ls "$SDK_TOP/out/env" 2>/dev/null)
if [ -n "$environment" ]; then
	old_root=$SDK_ROOT old_out=$SDK_OUT
	rebuilds
	SDK_ROOT=$old_root SDK_OUT=$old_out; unset SDK_CACHE
else
	skip "what a sync rebuilds" "there is no environment; sdk create makes it"
fi

# ---- shallow ones
git clone -q --depth 1 "$GIT/base.git" "$TMP/shallow" 2>/dev/null
git -C "$TMP/base" switch -q main; git -C "$TMP/base" commit -q --allow-empty -m Deep; push "$TMP/base" origin main
if SDK_ROOT=$TMP/shallow SDK_OUT=$TMP/shallow-out sync checkout >"$TMP/log" 2>&1; then
	is "a shallow checkout is synced" "$(head_of "$TMP/shallow")" "$(head_of "$TMP/base")"
else
	ok "a shallow checkout is not taken for a broken one" \
		grep -q "is a shallow clone, which libgit2 .* can't fetch into" "$TMP/log"
	git -C "$TMP/shallow" fetch -q --unshallow
	ok "and what it says helps" env SDK_ROOT="$TMP/shallow" SDK_OUT="$TMP/shallow-out" "$SDK" sync checkout
fi
if [ -n "$environment" ]; then
	is "the environment's libgit2 makes shallow clones, and goes on from them" \
		"$(SDK_ROOT=$SDK_TOP SDK_OUT=$SDK_TOP/out "$SDK" -q enter -- sh /sdk/tests/helpers/sync-shallow.sh 2>/dev/null)" \
		"cloned: 1 of 3 third
synced: 3 of 5 fifth
ahead: 4 of 5 mine
has 1 commit of its own
whole: 8 of 7 mine"
else
	skip "shallow clones" "there is no environment; sdk create makes it"
fi

# ---- removing
echo mine >"$SDK_OUT/repos/two/recipes/note"
fails "an overlay with edits is not removed" 2 'holds edits' "$SDK" repos remove two
rm "$SDK_OUT/repos/two/recipes/note"; git -C "$SDK_OUT/repos/two" commit -q --allow-empty -m Mine
fails "nor one with commits" 2 'holds 1 commits' "$SDK" repos remove two
ok "unless it is forced" "$SDK" repos remove two --force
is "sdk.yaml is as it began" "$(cat sdk.yaml)" "$(printf '# Ours.\nbinhosts: [] # none yet')"
fails "what is not there can't be removed" 3 'no overlay is called "two"' "$SDK" repos remove two
done_testing
