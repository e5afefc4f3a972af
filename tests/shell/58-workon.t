#!/bin/sh
# Working on a package: the shell at a phase.
. "$(dirname "$0")/../lib.sh"

# A checkout of its own with recipes that need no compiler; sources are local files.
SDK_ROOT=$TMP/checkout SDK_OUT=${SDK_OUT:-$SDK_TOP/out}
export SDK_ROOT SDK_OUT
mkdir -p "$SDK_ROOT/recipes"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
ln -s "$SDK_TOP/recipes/.build-systems" "$SDK_ROOT/recipes/.build-systems"
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
tidy() { rm -rf "$work" "$work.lock"; cleanup; }
trap tidy EXIT
sh_in() { "$SDK" shell "$@" 2>"$TMP/notes"; }

# ---- sdk shell
fails "an unknown phase" 2 'wanted one of prepare, configure, compile, check, install' \
	"$SDK" shell "$name" --phase=build
is "before compile, what was configured is there" \
	"$(sh_in "$name" --phase=compile -- sh -c 'cat obj/state; cat src/sub/letters' | tr '\n' ' ')" \
	"configured a B c d "
is "and nothing is compiled" "$(ls "$work/obj")" state
is "the next shell is in the same tree" "$(sh_in "$name" -- ls obj)" state
is "before prepare, no patch is applied" \
	"$(sh_in "$name" --phase=prepare -- cat src/sub/letters | tr '\n' ' ')" "a b c d "
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
done_testing
