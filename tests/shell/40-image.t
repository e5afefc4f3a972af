#!/bin/sh
# Images of tiny packages: what goes in, what is refused, and that no-one's own things show in the bytes.
. "$(dirname "$0")/../lib.sh"

out=${SDK_OUT:-$SDK_TOP/out}
downloads=${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}/downloads
[ -d "$out/env" ] || skip_all "there is no environment: sdk create"
case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
mkdir -p "$SDK_ROOT/recipes" "$SDK_ROOT/board-configs" "$SDK_OUT" "$SDK_CACHE"
for name in bootstrap toolchains recipes/.build-systems board-configs/common; do
	ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"
done
ln -s "$out/env" "$out/toolchain" "$SDK_OUT/"
ln -s "$downloads" "$SDK_CACHE/downloads"

# recipe NAME FILE CONTENT [FILE CONTENT]…
recipe() {
	name=$1; shift
	mkdir -p "$SDK_ROOT/recipes/$name"
	{
		printf 'name: %s\nversion: 1.0\nsummary: For the tests\nhomepage: https://example.org/\n' "$name"
		printf 'license: MIT\nsources: []\nbuild: copy\nlibc: false\nphases:\n  install: |\n'
		while [ $# -gt 0 ]; do
			printf '    mkdir -p "$DEST"/%s; echo "%s" >"$DEST"/%s\n' "${1%/*}" "$2" "$1"
			shift 2
		done
	} >"$SDK_ROOT/recipes/$name/recipe.yaml"
}
# board: the rest of the board comes from stdin
board() {
	mkdir -p "$SDK_ROOT/board-configs/t"
	{ printf 'summary: For the tests\nextends: t-base\narch: %s\n' $arch; cat; } \
		>"$SDK_ROOT/board-configs/t/board.yaml"
}
image() { "$SDK" image --board=t -j1 -q "$@"; }
PATH=$PATH:/usr/sbin:/sbin # sfdisk
absent() { ! listed "$@"; }
listed() { cut -f6 "$SDK_OUT/images/t/latest/$1" | grep -qx "$2"; }

recipe kernel usr/lib/modules/1.2.3/vmlinuz kernel usr/lib/modules/1.2.3/config CONFIG=y
recipe one usr/bin/one one usr/share/man/man1/one.1 manual usr/share/extra/one extra
recipe two usr/bin/two two
mkdir -p "$SDK_ROOT/board-configs/t-base/files/usr/lib" "$SDK_ROOT/board-configs/t-base/initrd"
cat >"$SDK_ROOT/board-configs/t-base/board.yaml" <<'Y'
summary: For the tests
packages: [kernel, one, two]
image:
  version: 1.0
  date: 2025-11-23
  loader: direct
  kernel: usr/lib/modules/*/vmlinuz
  kernel-config: usr/lib/modules/*/config
  cmdline: ['hash=${usr-hash}', 'blocks=${usr-blocks}', 'v=${version}']
  remove: [usr/share/man/**, usr/share/extra/**]
  initrd: [usr/bin/one]
  os-release: {ID: dray, NAME: Test}
  usr-size: 1MiB
  verity-size: 1MiB
Y
echo base >"$SDK_ROOT/board-configs/t-base/files/usr/lib/from-board"
ln -s usr/bin/one "$SDK_ROOT/board-configs/t-base/initrd/init"

board </dev/null
ok "an image is made" image
latest=$SDK_OUT/images/t/latest
for path in /usr/bin/one /usr/bin/two /usr/lib/from-board /usr/lib/os-release /usr/lib64; do
	ok "/usr holds $path" listed files.txt $path
done
ok "not what the board removes" absent files.txt /usr/share/extra/one
ok "nor the kernel" absent files.txt /usr/lib/modules/1.2.3/vmlinuz
ok "the initrd holds what is listed" listed initrd.txt /usr/bin/one
ok "and the board's files" listed initrd.txt /init
ok "and nothing else" absent initrd.txt /usr/bin/two
is "the kernel lies beside it" "$(cat "$latest/kernel")" kernel
is "with its configuration" "$(cat "$latest/kernel-config")" CONFIG=y
ok "the command line is filled in" grep -Eqx 'hash=[0-9a-f]{64} blocks=[0-9]+ v=1.0' "$latest/cmdline"
ok "packages are listed" grep -Eq '^two	1.0	[0-9a-f]{64}$' "$latest/packages.txt"
is "temporary files are gone" "$(find "$SDK_OUT/images/t" -name '.tmp*')" ""
if command -v sfdisk >/dev/null; then
	sfdisk -J "$latest/dray-t.img" >"$TMP/table"
	is "four partitions, two of them empty" \
		"$(grep -c '"name": "_empty"' "$TMP/table") $(grep -c '"node"' "$TMP/table")" "2 4"
	ok "named by version" grep -q '"name": "dray_1.0_verity"' "$TMP/table"
	hash=$(sed 's/hash=\([0-9a-f]*\).*/\1/' "$latest/cmdline")
	ok "and known by the root hash" grep -iq "\"uuid\": \"$(echo "$hash" | cut -c1-8)-" "$TMP/table"
else
	skip "the partition table" "no sfdisk here"
fi

# ---- the same bytes; another key when something changes
first=$(image)
is "an image that exists is not made again" "$("$SDK" image --board=t --json | grep -o '"made":[a-z]*')" \
	'"made":false'
mkdir "$TMP/out2" && ln -s "$SDK_OUT/env" "$SDK_OUT/toolchain" "$SDK_OUT/keys" "$SDK_OUT/store" "$TMP/out2/"
touch "$SDK_ROOT"/board-configs/t-base/files/usr/lib/from-board
mv "$SDK_ROOT" "$TMP/a-checkout-elsewhere"
second=$(SDK_ROOT=$TMP/a-checkout-elsewhere image --out "$TMP/out2")
mv "$TMP/a-checkout-elsewhere" "$SDK_ROOT"
ok "elsewhere it has the same bytes" cmp "$first" "$second"
echo changed >"$SDK_ROOT/board-configs/t-base/files/usr/lib/from-board"
third=$(image)
fails "a file of the board changes it" 1 differ cmp "$first" "$third"
ok "latest follows" grep -q "${third%/*}" <<-Y
	$SDK_OUT/images/t/$(readlink "$latest")
Y
mkdir -p "$SDK_ROOT/board-configs/t/files/usr/lib"
echo base >"$SDK_ROOT/board-configs/t-base/files/usr/lib/from-board"
echo nearer >"$SDK_ROOT/board-configs/t/files/usr/lib/from-board"
image >/dev/null
is "a nearer board's file wins" \
	"$(awk '$6 == "/usr/lib/from-board" { print $3, $5 }' "$latest/files.txt")" "7 board"
rm -r "$SDK_ROOT/board-configs/t/files"

# ---- mistakes
recipe three usr/bin/two three usr/share/extra/one extra
board <<'Y'
packages: [three]
Y
fails "two packages with one file" 3 'same files: /usr/bin/two \(three, two\)$' image
board <<'Y'
packages: [three]
image: {remove: [usr/bin/two]}
Y
ok "unless the board takes it away" image
board <<'Y'
image: {kernel: usr/lib/modules/*/zImage}
Y
fails "a kernel that is not there" 3 'image: kernel: no package holds usr/lib/modules/\*/zImage' image
board <<'Y'
image: {initrd: [usr/bin/gone]}
Y
fails "an initrd that wants what is not there" 3 'nothing in the image matches usr/bin/gone' image
board <<'Y'
image: {usr-budget: 1KiB}
Y
fails "a budget that is overrun" 3 '/usr is .* above the board.s budget' image
mkdir -p "$SDK_ROOT/board-configs/t/files/etc"; echo x >"$SDK_ROOT/board-configs/t/files/etc/x"
board </dev/null
fails "a board's file outside /usr" 3 'files lie below usr/' image
rm -r "$SDK_ROOT/board-configs/t/files"
is "a failure leaves the last image" "$(basename "$(readlink "$latest")" | wc -c)" 65
sed 's/^mkfs.erofs.*/echo mkfs says no; false \\/' "$SDK_TOP/board-configs/common/assemble.sh" >"$TMP/bad.sh"
rm "$SDK_ROOT/board-configs/common"; mkdir "$SDK_ROOT/board-configs/common"
cp "$TMP/bad.sh" "$SDK_ROOT/board-configs/common/assemble.sh"
fails "a tool that fails shows its last lines" 1 'mkfs says no' image
done_testing
