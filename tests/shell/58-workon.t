#!/bin/sh
# Working on a package: the shell at a phase, a work tree of git as its source, patches of both.
. "$(dirname "$0")/../lib.sh"

# A checkout of its own with recipes that need no compiler; sources are local files.
SDK_ROOT=$TMP/checkout SDK_OUT=${SDK_OUT:-$SDK_TOP/out}
export SDK_ROOT SDK_OUT
mkdir -p "$SDK_ROOT/recipes"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
ln -s "$SDK_TOP/recipes/.build-systems" "$SDK_ROOT/recipes/.build-systems"
# Whose name commits and patches have is in the home directory.
SDK_CACHE=${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk} HOME=$TMP/home
export SDK_CACHE HOME GIT_CONFIG_NOSYSTEM=1
unset XDG_CONFIG_HOME GIT_CONFIG_GLOBAL; mkdir "$HOME"
once=$$-$(date +%s) # so that other runs' outputs and trees are not found
name=t-w$$

mkdir -p "$TMP/$name-1/sub"
echo "one $once" >"$TMP/$name-1/one"
printf 'a\nb\nc\nd\n' >"$TMP/$name-1/sub/letters"
echo '*.log' >"$TMP/$name-1/.gitignore"
tar -C "$TMP" -cf "$TMP/$name-1.tar" "$name-1"
mkdir -p "$SDK_ROOT/recipes/$name/patches"
cat >"$SDK_ROOT/recipes/$name/recipe.yaml" <<Y
name: $name
version: "1"
summary: For the tests
homepage: https://example.org/
license: MIT
sources:
  - urls: ["file://$TMP/$name-1.tar"]
    size: $(wc -c <"$TMP/$name-1.tar")
    sha256: $(sha256sum <"$TMP/$name-1.tar" | cut -c1-64)
build: copy
libc: false
phases:
  configure: |
    echo configured >"\$HOME"/obj/state
  compile: |
    cat "\$SRC"/one "\$SRC"/sub/letters >"\$HOME"/obj/result
    [ ! -e "\$SRC"/broken ]
  install: |
    install -Dm644 "\$HOME"/obj/result "\$DEST"/usr/share/$name
Y
cat >"$SDK_ROOT/recipes/$name/patches/0001-second.patch" <<'P'
Subject: Make b bigger

--- a/sub/letters
+++ b/sub/letters
@@ -1,4 +1,4 @@
 a
-b
+B
 c
 d
P
work=$SDK_OUT/work/$(dpkg --print-architecture 2>/dev/null || echo amd64)/$name
tidy() { rm -rf "$work" "$work.lock" "$SDK_OUT/workon/$name"; cleanup; }
trap tidy EXIT
sh_in() { "$SDK" shell "$@" 2>"$TMP/notes"; }

# ---- sdk shell
fails "an unknown phase" 2 'wanted one of prepare, configure, compile, check, install' \
	"$SDK" shell "$name" --phase=build
is "before compile, what was configured is there" \
	"$(sh_in "$name" --phase=compile -- sh -c 'cat ~/obj/state $SRC/sub/letters' | tr '\n' ' ')" \
	"configured a B c d "
is "and nothing is compiled" "$(ls "$work/tree/obj")" state
is "the next shell is in the same tree" "$(sh_in "$name" -- sh -c 'ls ~/obj')" state
is "before prepare, no patch is applied" \
	"$(sh_in "$name" --phase=prepare -- cat sub/letters | tr '\n' ' ')" "a b c d "
is "a phase can be run there" "$(sh_in "$name" --phase=install -- \
	bash -c '. /build/.sdk/env.sh; sdk_run_phase install >/dev/null; cat "$DEST"/usr/share/*' | head -1)" \
	"one $once"
is "the command's exit code is passed on" "$(sh_in "$name" -- sh -c 'exit 7'; echo $?)" 7
: >"$TMP/held"
sh_in "$name" -- sh -c 'echo here; sleep 5' >"$TMP/held" &
i=0
until grep -q here "$TMP/held" || [ $((i += 1)) -gt 100 ]; do sleep 0.1; done
fails "a second shell in the same tree" 2 'a build or another shell is at its tree' "$SDK" shell "$name" -- true
wait
if command -v tmux >/dev/null; then
	tmux -L "$name" new-session -d -x 120 -y 30 "'$SDK' shell $name --phase=compile"
	i=0
	until tmux -L "$name" capture-pane -p | grep -q ") .* \\$" || [ $((i += 1)) -gt 100 ]; do sleep 0.1; done
	tmux -L "$name" capture-pane -p >"$TMP/screen"
	tmux -L "$name" send-keys 'exit' Enter
	ok "the prompt names package, architecture and phase" grep -q "^($name [a-z0-9]* compile) " "$TMP/screen"
	ok "and the greeting says what to try" grep -q 'sdk_run_phase compile' "$TMP/screen"
else
	skip "the prompt names package, architecture and phase" "no tmux"
	skip "and the greeting says what to try" "no tmux"
fi

# ---- sdk workon
tree=$TMP/tree
printf '[user]\n\tname = Tess Ter\n\temail = tess@example.org\n' >"$HOME/.gitconfig"
plan() { "$SDK" build -n "$name" | awk -v n="$name" '$2 == n'; }
key() { "$SDK" build -n --json "$name" | tr ',' '\n' | sed -n 's/.*"key": *"\([0-9a-f]*\)".*/\1/p'; }
result_of() { # what the package installs
	digest=$("$SDK" info "$1" | awk '$1 == "output" && $2 == "run" { print $NF }')
	cat "$SDK_OUT/store/$digest"*/root/usr/share/"$1"
}
ok "the package builds from its recipe" "$SDK" build "$name"
recipe_key=$(key)
fails "a recipe that is none" 3 'no recipe is called' "$SDK" workon t-no "$tree"
mkdir "$TMP/plain"
fails "a directory below none" 3 "there is no directory $TMP/none" "$SDK" workon "$name" "$TMP/none/dir"
fails "a directory that is no work tree" 3 'not the top of a git work tree' "$SDK" workon "$name" "$TMP/plain"
is "nothing is worked on yet" "$("$SDK" workon | grep -c "^$name ")" 0
fails "so nothing can be stopped" 3 'not worked on' "$SDK" workon "$name" stop
ok "a tree is made of the source" "$SDK" workon "$name" "$tree"
is "with the patches as commits" "$(git -C "$tree" log --format=%s | tr '\n' '|')" \
	"Make b bigger|$name 1, as it was published|"
is "and nothing left over" "$(git -C "$tree" status --short)" ""
first=$(git -C "$tree" rev-parse HEAD)
"$SDK" workon "$name" stop >/dev/null; mv "$tree" "$TMP/other-tree"
ok "made again" "$SDK" workon "$name" "$tree"
is "it is the same, commit by commit" "$(git -C "$tree" rev-parse HEAD)" "$first"
is "it is listed" "$("$SDK" workon | tr -s ' ')" "$name $tree"
ok "for programs, too" sh -c "'$SDK' workon --json | grep -q '\"dir\": *\"$tree\"'"
ok "status says so" sh -c "'$SDK' status | grep -q '$name: source is the working tree $tree'"
ok "info says so" sh -c "'$SDK' info $name | grep -q 'worked on *$tree'"
ok "the plan says so" sh -c "'$SDK' build -n $name | grep -q 'source is the working tree $tree'"
fails "a second tree" 2 "worked on in $tree already" "$SDK" workon "$name" "$TMP/other-tree"
ok "it builds" "$SDK" build "$name"
is "to what the recipe gives" "$(result_of "$name" | tr '\n' '|')" "one $once|a|B|c|d|"
is "and not twice" "$(plan)" ""
clean_key=$(key)

echo "two $once" >"$tree/one"
ok "an edit is a new key" test "$(key)" != "$clean_key"
"$SDK" build "$name" >"$TMP/build.log" 2>&1
is "which is built" "$(result_of "$name" | head -1)" "two $once"
ok "and told" grep -q "source is the working tree $tree" "$TMP/build.log"
edited_key=$(key)
git -C "$tree" commit -qam 'Two'
is "committing it changes nothing" "$(key)" "$edited_key"
echo noise >"$tree/noise.log"
is "nor does an ignored file" "$(key)" "$edited_key"
echo new >"$tree/new"
ok "a new file does" test "$(key)" != "$edited_key"
rm "$tree/new"; touch "$tree/one"
is "a touched one does not" "$(key)" "$edited_key"
chmod +x "$tree/one"
ok "a mode does" test "$(key)" != "$edited_key"
chmod -x "$tree/one"; rm "$tree/sub/letters"
ok "so does a deleted file" test "$(key)" != "$edited_key"
fails "whose lack shows in the build" 1 'No such file' "$SDK" build "$name"
git -C "$tree" checkout -q sub/letters
is "and back" "$(key)" "$edited_key"

cat >>"$HOME/.gitconfig" <<'G'
[protocol "file"]
	allow = always
G
git init -q "$TMP/inner"; echo deep >"$TMP/inner/deep"
git -C "$TMP/inner" add -A; git -C "$TMP/inner" commit -qm inner
git -C "$tree" submodule --quiet add "$TMP/inner" inner
is "a submodule's files are there, too" "$(sh_in "$name" --phase=prepare -- cat inner/deep)" deep
before=$(key); echo deeper >"$tree/inner/deep"
ok "and count" test "$(key)" != "$before"
git -C "$tree" reset -q --hard 2>/dev/null; git -C "$tree" clean -qffdx
is "once more back" "$(key)" "$edited_key"

if [ -e "$SDK_OUT/keys" ]; then
	fails "it is never pushed to a binhost" 3 "$name is built from the working tree" \
		"$SDK" binhost push --to="file://$TMP/binhost" "$name"
	ok "and nothing is written there" test ! -e "$TMP/binhost/index"
fi
mv "$tree" "$TMP/moved"
fails "a tree that has gone" 3 "sdk workon $name stop" "$SDK" build "$name"
mv "$TMP/moved" "$tree"
ok "it is stopped" "$SDK" workon "$name" --stop
is "the key is the recipe's" "$(key)" "$recipe_key"
is "nothing has to be built for that" "$(plan)" ""
ok "the tree stays" test -e "$tree/one"

# ---- sdk patch
recipe_dir=$SDK_ROOT/recipes/$name
patches() { ls "$recipe_dir/patches" | tr '\n' ' '; }
"$SDK" workon "$name" stop >/dev/null 2>&1; rm -rf "$tree"
"$SDK" workon "$name" "$tree" >/dev/null
fails "nothing was changed" 3 'nothing was changed there' "$SDK" patch "$name"
echo "three" >>"$tree/one"; echo new >"$tree/new"
fails "edits need words" 2 "sdk patch $name --message" "$SDK" patch "$name"
is "and no patch was made" "$(patches)" "0001-second.patch "
is "an edit becomes a patch" "$("$SDK" patch "$name" -m 'Count to three, properly!' 2>/dev/null)" \
	"recipes/$name/patches/0002-count-to-three-properly.patch"
made=$recipe_dir/patches/0002-count-to-three-properly.patch
ok "with a head as git makes it" sh -c "sed -n 1p '$made' | grep -qx 'From: Tess Ter <tess@example.org>' &&
	sed -n 3p '$made' | grep -qx 'Subject: Count to three, properly!'"
ok "it holds the new file" grep -q '^+++ b/new$' "$made"
is "the edit is committed" "$(git -C "$tree" log -1 --format=%s; git -C "$tree" status --short)" "Count to three, properly!"
fails "it is not made twice" 3 'nothing was changed there' "$SDK" patch "$name"
sed -i 's/^d$/D/' "$tree/sub/letters"; git -C "$tree" commit -qam 'D' -m 'Because it is big.'
git -C "$tree" mv new newer; git -C "$tree" commit -qam 'Rename'
is "each commit becomes one" "$("$SDK" patch "$name" 2>/dev/null | sed 's/.*patches.//' | tr '\n' ' ')" \
	"0003-d.patch 0004-rename.patch "
ok "with what it says" grep -qx 'Because it is big.' "$recipe_dir/patches/0003-d.patch"
"$SDK" build "$name" >/dev/null 2>&1; from_tree=$(result_of "$name" | tr '\n' '|')
"$SDK" workon "$name" stop >/dev/null
"$SDK" build "$name" >"$TMP/build.log" 2>&1
is "the recipe with its patches gives what the tree gave" "$(result_of "$name" | tr '\n' '|')" "$from_tree"
is "which is" "$from_tree" "one $once|three|a|B|c|D|"
"$SDK" workon "$name" "$TMP/again" >/dev/null 2>&1
is "a new tree has them as commits" "$(git -C "$TMP/again" log --format='%an: %s' | head -3 | tr '\n' '|')" \
	"Tess Ter: Rename|Tess Ter: D|Tess Ter: Count to three, properly!|"
"$SDK" workon "$name" stop >/dev/null
git clone -q "$tree" "$TMP/upstream" 2>/dev/null
"$SDK" workon "$name" "$TMP/upstream" >/dev/null
echo "elsewhere" >"$TMP/upstream/other"; git -C "$TMP/upstream" add -A; git -C "$TMP/upstream" commit -qm base
git -C "$TMP/upstream" tag v1.1
fails "of a foreign clone: since when?" 2 'since=TAG' "$SDK" patch "$name"
fails "a revision that is none" 3 'git knows no revision "v2"' "$SDK" patch "$name" --since=v2
echo "elsewhere again" >"$TMP/upstream/other"; git -C "$TMP/upstream" commit -qam 'Elsewhere again'
before=$(patches)
fails "what does not apply to the recipe's source" 1 'no patch was written: 0005-elsewhere-again.patch does not apply' \
	"$SDK" patch "$name" --since=v1.1
is "is not written" "$(patches)" "$before"
"$SDK" workon "$name" stop >/dev/null

rm -rf "$work"
fails "and a tree" 3 'there is no tree of' "$SDK" patch "$name" -m X
sh_in "$name" --phase=compile -- true
fails "in which something was changed" 3 'no file of the source was changed' "$SDK" patch "$name" -m X
sh_in "$name" -- sh -c 'cd "$SRC"; sed -i s/a/A/ sub/letters; echo x >extra; echo y >junk'
fails "a shell's edits need words, too" 2 "say what the patch does" "$SDK" patch "$name"
ok "they become a patch" sh -c "'$SDK' patch $name -m 'Make a bigger' 2>'$TMP/notes'"
is "with its number" "$(ls "$recipe_dir/patches" | tail -1)" 0005-make-a-bigger.patch
is "of that file alone" "$(grep -c '^diff' "$recipe_dir/patches/0005-make-a-bigger.patch")" 1
ok "new files are told of" grep -q '2 new files are left out, "extra"' "$TMP/notes"
ok "a named one is taken" "$SDK" patch "$name" -m 'Extra' extra
ok "it is a new file" grep -q '^new file mode' "$recipe_dir/patches/0006-extra.patch"
fails "not one outside" 2 'wanted a path below' "$SDK" patch "$name" -m 'Out' ../../x
ok "with all of them it builds" "$SDK" build "$name"
is "to what was edited" "$(result_of "$name" | tail -4 | tr '\n' '|')" "A|B|c|D|"
done_testing
