#!/bin/sh
# The kernel's configuration: changed without a build, written back by as little as possible.
# Unpacks the kernel's source (once in out/), so it is skipped where that is not cached.
# touches: linux
. "$(dirname "$0")/../lib.sh"

SDK_ROOT=$TMP/checkout SDK_OUT=${SDK_OUT:-$SDK_TOP/out}
export SDK_ROOT SDK_OUT
mkdir -p "$SDK_ROOT/recipes"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
for recipe in "$SDK_TOP"/recipes/* "$SDK_TOP"/recipes/.build-systems; do
	[ "${recipe##*/}" = linux ] || ln -s "$recipe" "$SDK_ROOT/recipes/"
done
cp -RL "$SDK_TOP/recipes/linux" "$SDK_ROOT/recipes/linux"
files=$SDK_ROOT/recipes/linux/files
kernel() { "$SDK" kernel "$@" 2>"$TMP/notes"; }

# ---- mistakes that are told before anything is done
fails "without a terminal" 2 'set=SYMBOL=VALUE works without one' "$SDK" kernel config --fragment=amd64
fails "no fragment for new lines" 2 'fragment=common, or' "$SDK" kernel config --set=SQUASHFS=y
fails "a value that is missing" 2 'wanted SYMBOL=VALUE' "$SDK" kernel config --set=SQUASHFS -f amd64
fails "a symbol twice" 2 'wanted different symbols' "$SDK" kernel config --set=A=y,CONFIG_A=n,A=m -f amd64
fails "an unknown program" 2 'wanted menuconfig, nconfig' "$SDK" kernel config --command=make -f amd64
fails "two ways to say what is wanted" 2 'set and --config: wanted one' "$SDK" kernel config --set=A=y --config=x -f amd64
fails "a package that is no kernel" 3 'package=NAME says which' \
	"$SDK" kernel config --board=amd64-usr --package=zlib --set=A=y -f amd64

sha=$(sed -n 's/^ *sha256: *//p' "$SDK_ROOT/recipes/linux/recipe.yaml")
downloads=${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}/downloads
if ! ls "$downloads"/*/"$sha"-* >/dev/null 2>&1; then
	skip "changes of the real configuration" "the kernel's source is not in the cache (sdk build linux)"
	done_testing; exit 0
fi
kernel diff --board=amd64-usr arm64-usr >"$TMP/boards"
ok "two boards are compared" grep -q 'symbols differ between amd64-usr and arm64-usr' "$TMP/boards"
ok "by what they have differently" grep -q '^CONFIG_X86_64  *y → -$' "$TMP/boards"
sed -i '1i # One line more.' "$SDK_ROOT/recipes/linux/recipe.yaml"
is "the same when the recipe's lines have moved" "$(kernel diff --board=amd64-usr arm64-usr)" "$(cat "$TMP/boards")"
sed -i 1d "$SDK_ROOT/recipes/linux/recipe.yaml"

fails "an unknown fragment" 2 'wanted common or amd64' \
	"$SDK" kernel config --board=amd64-usr --set=SQUASHFS=y --fragment=arm64
fails "an unknown symbol" 3 'CONFIG_SQUASHFSS does not become y: it is unknown' \
	"$SDK" kernel config --board=amd64-usr --set=SQUASHFSS=y --fragment=amd64
fails "a line of all architectures for one" 3 'fragment=common changes it there' \
	"$SDK" kernel config --board=amd64-usr --set=WIREGUARD=y --fragment=amd64
is "no fragment was touched by all that" "$(diff -r "$SDK_TOP/recipes/linux" "$SDK_ROOT/recipes/linux")" ""

wanted="amd64.config: +CONFIG_SQUASHFS=y
amd64.config: +CONFIG_SQUASHFS_XATTR=y
amd64.config: +CONFIG_SQUASHFS_ZLIB=y"
is "the lines are found" \
	"$(kernel config --board=amd64-usr --set=SQUASHFS=y,CONFIG_SQUASHFS_XATTR=y -f amd64)" "$wanted"
ok "many more symbols follow from them" \
	sh -c "[ \$(sed -n 's/^\([0-9]*\) symbols differ.*/\1/p' '$TMP/notes') -gt 4 ]"
is "three lines are added" "$(diff "$SDK_TOP/recipes/linux/files/amd64.config" "$files/amd64.config" | grep '^[<>]')" \
	"> CONFIG_SQUASHFS=y
> CONFIG_SQUASHFS_XATTR=y
> CONFIG_SQUASHFS_ZLIB=y"
if "$SDK" info linux --arch=amd64 >/dev/null 2>&1 && kernel diff --board=amd64-usr >"$TMP/diff"; then
	ok "diff shows what that is, against what was built" grep -q '^CONFIG_SQUASHFS  *n → y$' "$TMP/diff"
	ok "with what follows" grep -q '^CONFIG_SQUASHFS_ZLIB' "$TMP/diff"
else
	skip "diff against what was built" "no kernel was built here"
fi
is "going back takes them out" \
	"$(kernel config --board=amd64-usr --set=SQUASHFS=n -f amd64)" \
	"amd64.config: -CONFIG_SQUASHFS=y
amd64.config: -CONFIG_SQUASHFS_XATTR=y
amd64.config: -CONFIG_SQUASHFS_ZLIB=y"
is "and leaves the file as it was" "$(diff -r "$SDK_TOP/recipes/linux" "$SDK_ROOT/recipes/linux")" ""
is "a line of common.config goes, with what was selected by it" \
	"$(kernel config --board=amd64-usr --set=WIREGUARD=n --fragment=common --dry-run)" \
	"common.config: -CONFIG_WIREGUARD=m"
ok "tried for the other architecture, too" grep -q 'trying the change for arm64' "$TMP/notes"
is "and a dry run writes nothing" "$(diff -r "$SDK_TOP/recipes/linux" "$SDK_ROOT/recipes/linux")" ""
fails "what the other one lacks" 1 'common.config: CONFIG_X86_CPUID=y: not in the final' \
	"$SDK" kernel config --board=amd64-usr --set=X86_CPUID=y --fragment=common

# ---- menuconfig, by keys
if command -v tmux >/dev/null; then
	screen() { tmux -L "k$$" capture-pane -p; }
	await() { # PATTERN: until the screen shows it
		i=0
		until screen | grep -q "$1"; do [ $((i += 1)) -le 600 ] || return 1; sleep 0.2; done
	}
	tmux -L "k$$" new-session -d -x 100 -y 40 \
		"'$SDK' kernel config --board=amd64-usr; echo 'ended:' \$?; sleep 60"
	ok "menuconfig opens" await 'Arrow keys navigate'
	tmux -L "k$$" send-keys /; await 'Enter .*symbol'
	tmux -L "k$$" send-keys X86_CPUID Enter; await 'Symbol: X86_CPUID'
	tmux -L "k$$" send-keys 1; await 'cpu/.*/cpuid'
	tmux -L "k$$" send-keys y; sleep 1
	i=0
	until screen | grep -q 'save your new' || [ $((i += 1)) -gt 8 ]; do
		tmux -L "k$$" send-keys Escape Escape; sleep 2
	done
	tmux -L "k$$" send-keys Enter
	ok "then it is asked where new lines go" await 'Where do new lines go'
	tmux -L "k$$" send-keys amd65 Enter
	ok "a mistyped answer is asked again" await 'amd65: wanted common or amd64'
	tmux -L "k$$" send-keys common Enter
	ok "so is one that can't be" await 'common.config: CONFIG_X86_CPUID=y: not in the final'
	echo '# mine' >>"$files/amd64.config"
	tmux -L "k$$" send-keys Enter
	ok "a fragment edited meanwhile stays" await 'amd64.config was edited meanwhile'
	ok "and so does what was chosen" await 'what was chosen is kept'
	ok "and it ends with that" await 'ended: 3'
	tmux -L "k$$" kill-server
	kept=$SDK_OUT/kernel/linux-amd64.config
	is "which is gone on with" "$(kernel config --board=amd64-usr --config="$kept" -f amd64)" \
		'amd64.config: +CONFIG_X86_CPUID=y'
	ok "the fragment has it" grep -qx 'CONFIG_X86_CPUID=y' "$files/amd64.config"
	ok "and the edit" grep -qx '# mine' "$files/amd64.config"
	ok "and nothing is kept any more" test ! -e "$kept"
else
	skip "menuconfig, by keys" "no tmux"
fi
done_testing
