#!/bin/sh
# sdk diff: recipes of two revisions, two builds, two images.
. "$(dirname "$0")/../lib.sh"
command -v git >/dev/null || skip_all "no git"
command -v python3 >/dev/null || skip_all "no python3 to read JSON with"
cd "$SDK_TOP" || exit 1
CHECKOUT=$TMP/checkout arch=amd64
[ "$(uname -m)" = x86_64 ] || arch=arm64
mkdir -p "$CHECKOUT/recipes" "$TMP/home" "$TMP/out" "$TMP/cache"
for name in bootstrap toolchains; do ln -s "$SDK_TOP/$name" "$CHECKOUT/$name"; done
cp -r board-configs "$CHECKOUT/board-configs"
ln -s "$SDK_TOP/recipes/.build-systems" "$CHECKOUT/recipes/.build-systems"
environment=${SDK_OUT:-$SDK_TOP/out} cache=${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}
export SDK_ROOT="$CHECKOUT" SDK_OUT="$TMP/out" HOME="$TMP/home"
git config --global user.name T; git config --global user.email t@example.org
recipe() { # recipe NAME VERSION LICENSE: phases from stdin
	mkdir -p "$CHECKOUT/recipes/$1"
	{ printf 'name: %s\nversion: %s\nsummary: For the tests\nlicense: %s\nsources: []\nbuild: copy\nlibc: false\n' "$1" "$2" "$3"
	  cat; } >"$CHECKOUT/recipes/$1/recipe.yaml"
}
commit() { git -C "$CHECKOUT" add -A && git -C "$CHECKOUT" commit -qm "$1" && git -C "$CHECKOUT" tag "$1"; }
install='phases:
  install: |
    mkdir -p "$DEST"/usr/share'
diff() { "$SDK" diff "$@"; }
json() { # json EXPRESSION ARGUMENTS…: of the answer, as d
	expression=$1; shift
	"$SDK" diff "$@" --json | python3 -c 'import json,sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$expression"
}

# ---- revisions
git -C "$CHECKOUT" init -q
recipe stays 1.0 MIT </dev/null; recipe goes 1.0 MIT </dev/null
recipe moves 1.9 MIT <<X
$install
X
commit v1
recipe moves 1.10 ISC <<X
depends: {runtime: [stays]}
$install
X
rm -r "$CHECKOUT/recipes/goes"; recipe comes 3 MIT </dev/null
echo '# a word' >>"$CHECKOUT/board-configs/amd64-usr/board.yaml"
commit v2
is "a release: what came, went and changed" "$(diff v1 v2 | tr -s ' ' | tr '\n' '|')" \
	"added comes - -> 3|gone goes 1.0 -> -|version moves 1.9 -> 1.10 license, depends.runtime|changed board-configs/amd64-usr/board.yaml|"
is "the same backwards" "$(diff v2 v1 | head -1 | tr -s ' ')" "gone comes 3 -> -"
is "nothing differs from itself" "$(diff v2 v2)" "recipes: nothing differs between v2 and v2"
is "nor the clean checkout from HEAD" "$(diff)" "recipes: nothing differs between HEAD and the checkout"
sed -i 's/^summary:.*/summary: Said differently/' "$CHECKOUT/recipes/stays/recipe.yaml"
is "what is not committed counts" "$(diff | tr -s ' ')" "changed stays 1.0 -> 1.0"
diff moves v1 v2 >"$TMP/moves"
ok "one recipe: its values" grep -A2 '^  license$' "$TMP/moves"
ok "and its text" grep -q '^+license: ISC' "$TMP/moves"
is "for programs" "$(json 'd["recipes"][0]["fields"][0]' moves v1 v2)" "{'name': 'version', 'old': '1.9', 'new': '1.10'}"
fails "a word that is nothing" 3 'v9 is no package, image, build, or revision' "$SDK" diff v9
fails "a slip" 3 'did you mean "stays"' "$SDK" diff stasy v1
fails "three of no kind" 2 'v1 is no package' "$SDK" diff v1 v2 v2

# ---- images
image() { # image KEY PACKAGES FILES
	mkdir -p "$TMP/out/images/amd64-usr/$1"
	printf '%b' "$2" >"$TMP/out/images/amd64-usr/$1/packages.txt"
	printf '%b' "$3" >"$TMP/out/images/amd64-usr/$1/files.txt"
	printf '# bytes\n%b' "$4" >"$TMP/out/images/amd64-usr/$1/sizes.txt"
	printf '%b' "$5" >"$TMP/out/images/amd64-usr/$1/kernel-config"
	ln -sfn "$1" "$TMP/out/images/amd64-usr/latest"
}
fails "a board without images" 3 'sdk image --board=amd64-usr' "$SDK" diff amd64-usr
image aaaa 'zlib\t1.0\tx1\nxz\t5\ty\n' 'f\t0755\t3\tabc\tzlib\t/usr/bin/z\nf\t0644\t1\td\txz\t/usr/x\n' '100\t1\tzlib\n150\t2\ttotal\n' '# CONFIG_A is not set\nCONFIG_B=y\n'
fails "a board with one image" 3 'no image before the newest' "$SDK" diff amd64-usr
sleep 1
image bbbb 'zlib\t1.1\tx2\nzstd\t1\tz\n' 'f\t4755\t3\tabc\tzlib\t/usr/bin/z\nf\t0644\t1\td\tzstd\t/usr/y\n' '90\t1\tzlib\n130\t2\ttotal\n' 'CONFIG_A=y\nCONFIG_B=y\n'
is "two images: packages" "$(diff amd64-usr | sed -n 's/^  \(gone\|added\|changed\) /\1/p' | tr -s ' ' | tr '\n' '|')" \
	"gone xz 5 -> -|changed zlib 1.0 -> 1.1|added zstd - -> 1|"
ok "a file that became set-id" sh -c "'$SDK' diff amd64-usr | grep -A1 'set-id files added' | grep -q /usr/bin/z"
is "sizes, the total last" "$(json '[(s["name"], s["new"] - s["old"]) for s in d["sizes"]]' amd64-usr)" \
	"[('zlib', -10), ('total', -20)]"
is "by their keys, the kernel's configuration" "$(json 'd["kernel_config_added"]' amd64-usr/aa amd64-usr/bb)" "['CONFIG_A=y']"
is "by directories, the other way round" \
	"$(json 'd["files_added"]' "$TMP/out/images/amd64-usr/bbbb" "$TMP/out/images/amd64-usr/aaaa")" "['/usr/x (xz)']"
is "the newest by its key, which stays" "$(json 'd["new"].endswith("/bbbb")' amd64-usr)" True
cp -r "$TMP/out/images/amd64-usr/bbbb" "$TMP/quiet"; echo 'root=a quiet' >"$TMP/quiet/cmdline"
cp -r "$TMP/quiet" "$TMP/loud"; echo 'root=a' >"$TMP/loud/cmdline"
is "a word less for the kernel differs" "$(diff "$TMP/quiet" "$TMP/loud" | tail -n +3 | tr '\n' '|')" \
	'kernel command line: gone (1)|  quiet|'
cp "$TMP/quiet/cmdline" "$TMP/loud/cmdline"; echo CONFIG_C=y >>"$TMP/loud/kernel-config"
is "a line of its configuration does" "$(diff "$TMP/quiet" "$TMP/loud" | grep -c 'nothing differs')" 0
cp "$TMP/quiet/kernel-config" "$TMP/loud/kernel-config"
is "and else nothing does" "$(diff "$TMP/quiet" "$TMP/loud" | tail -n +3)" 'nothing differs'

# ---- builds
for name in env toolchain; do
	mkdir -p "$environment/$name"; ln -s "$environment/$name" "$TMP/out/$name"
done
ln -s "$cache/downloads" "$TMP/cache/downloads"
export SDK_CACHE="$TMP/cache"
if SDK_ROOT=$SDK_TOP SDK_OUT=$environment SDK_CACHE=$cache "$SDK" create >"$TMP/create.log" 2>&1; then
	recipe moves 1 MIT <<-X
	$install; echo a >"\$DEST"/usr/share/a; echo same >"\$DEST"/usr/share/same
	X
	ok "one build" "$SDK" build moves
	run() { "$SDK" info moves --json | python3 -c 'import json,sys; print([o["digest"] for o in json.load(sys.stdin)[0]["outputs"] if o["name"] == "run"][0])'; }
	old=$(run)
	recipe moves 2 MIT <<-X
	$install; echo b >"\$DEST"/usr/share/b; echo other >"\$DEST"/usr/share/same
	X
	ok "another one" "$SDK" build moves
	new=$(run)
	is "two outputs by their digests" "$(diff "$old" "$new" | head -4 | tr '\n' '|')" \
		"moves 1 ($arch) -> moves 2 ($arch)|- files added (1): usr/share/b|- files gone (1): usr/share/a|- files changed: 1|"
	is "by the first digits" "$(json 'd["files"]["gone"]' "$(echo "$old" | cut -c1-10)" "$(echo "$new" | cut -c1-10)")" "['usr/share/a']"
	keys=$(cd "$TMP/out/keys/$arch/moves" && find . -name '????????????????????????????????*' | sed 's#^./##' | tr '\n' ' ')
	# shellcheck disable=SC2086
	is "and two builds by their keys" "$(json 'd["name"], d["changed_files"]' $keys)" "('moves', 1)"
	fails "a build that nobody knows" 3 'no build and no output is known' "$SDK" diff "$old" 0123456789abcdef
else
	skip "two builds" "no environment"
fi
done_testing
