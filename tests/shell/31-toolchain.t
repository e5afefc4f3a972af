#!/bin/sh
# The compilers: whatever they read as input lies in the sysroot, in the toolchain or in the package
# itself, and what they make is hardened. Shown by the compiler's own reports (-H, --trace, -v).
# touches: glibc gcc-runtime linux-headers
. "$(dirname "$0")/../lib.sh"
SDK_ROOT=$TMP/checkout SDK_OUT=${SDK_OUT:-$SDK_TOP/out}
export SDK_ROOT SDK_OUT
mkdir -p "$SDK_ROOT/recipes/t-inputs"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
for name in .build-systems linux-headers glibc gcc-runtime; do
	ln -s "$SDK_TOP/recipes/$name" "$SDK_ROOT/recipes/$name"
done
cat >"$SDK_ROOT/recipes/t-inputs/recipe.yaml" <<'Y'
name: t-inputs
version: 1.0
summary: For the tests
license: MIT
sources: []
build: make
phases:
  compile: |
    printf '#include <stdio.h>\n#include <math.h>\nint main(int c, char **v) { char b[64]; sprintf(b, "%%s", v[c - 1]); puts(b); return (int)sqrt(c); }\n' >c.c
    printf '#include <iostream>\n#include <vector>\nint main() { std::vector<int> v{1}; try { v.at(2); } catch (...) { std::cout << "x"; } }\n' >cc.cc
    {
        $CC $CFLAGS -H -c c.c -o c.o 2>&1 | sed -n 's/^\.\.* //p'
        $CXX $CXXFLAGS -H -c cc.cc -o cc.o 2>&1 | sed -n 's/^\.\.* //p'
        $CC c.o -o c -lm -Wl,--trace
        $CXX cc.o -o cc -Wl,--trace
        $CXX cc.o -o cc-map -Wl,-M | sed -n 's/^LOAD //p'
    } >inputs
    # As the kernel's Makefile does: make exports what it sets of the environment.
    printf 'NAME = Someone Else\nSYSROOT = /nowhere\nnamed.o: c.c\n\t$(CC) -g -c $< -o $@\n' >named.mk
    make -f named.mk
  install: |
    install -Dm755 -t "$DEST"/usr/bin c cc
    mkdir -p "$DEST"/usr/share/inputs
    # What they name, without directories of the build: the packager would not have those.
    tr ' ' '\n' <inputs | sed 's/^-l.*(\(.*\))$/\1/; s/(.*)$//; s/^(//' | grep / | while read -r path; do
        case $(realpath -m "$path") in
        /build/sysroot/* | /opt/dray/* | /build/t-inputs/*) ;;
        /tmp/*) ;;
        *) echo "$path" ;;
        esac
    done | sort -u >"$DEST"/usr/share/inputs/foreign
    wc -l <inputs >"$DEST"/usr/share/inputs/count
    $READELF --debug-dump=info named.o | sed -n 's/.*DW_AT_comp_dir.*: //p' >"$DEST"/usr/share/inputs/named
    # Landing pads (x86), signed return addresses (AArch64).
    $OBJDUMP -d c | grep -c 'endbr64\|paciasp\|hint.*#0x19' >"$DEST"/usr/share/inputs/protected
Y
root() {
	digest=$("$SDK" info --arch="$1" t-inputs | awk '$1 == "output" && $2 == "run" { print $NF }')
	echo "$SDK_OUT/store/$digest"*/root
}
for arch in amd64 arm64; do
	if [ $arch = arm64 ] && "$SDK" build -n --arch=arm64 t-inputs | grep -q '^build *glibc\|^build *linux-headers'; then
		skip "the inputs of the compilers for arm64" "its C library is not built (sdk build --arch=arm64 glibc)"
		continue
	fi
	ok "$arch: C and C++ compile and link" "$SDK" build --arch=$arch t-inputs
	ok "$arch: their inputs were listed" test "$(cat "$(root $arch)/usr/share/inputs/count")" -gt 100
	is "$arch: none lies elsewhere than in sysroot and toolchain" "$(cat "$(root $arch)/usr/share/inputs/foreign")" ""
	is "$arch: debug information has the package's name, whatever a Makefile calls itself" \
		"$(cat "$(root $arch)/usr/share/inputs/named")" /usr/src/t-inputs
	elf=$(root $arch)/usr/bin/c
	is "$arch: programs are position independent" "$(readelf -hW "$elf" | awk '/Type:/ { print $2 }')" DYN
	ok "$arch: bound at once" sh -c "readelf -dW '$elf' | grep -q NOW"
	ok "$arch: relocations are read-only afterwards" sh -c "readelf -lW '$elf' | grep -q GNU_RELRO"
	ok "$arch: fortified" sh -c "readelf -sW --dyn-syms '$elf' | grep -q '__sprintf_chk\|__strcpy_chk'"
	ok "$arch: stacks are protected" sh -c "readelf -sW --dyn-syms '$elf' | grep -q '__stack_chk'"
	ok "$arch: control flow is protected" test "$(cat "$(root $arch)/usr/share/inputs/protected")" -gt 1
	case $arch in
	amd64) marks='IBT, SHSTK' ;;
	arm64) marks='BTI, PAC' ;;
	esac
	ok "$arch: and marked so, start files included" sh -c "readelf -nW '$elf' | grep -q '$marks'"
	ok "$arch: a build id" sh -c "readelf -nW '$elf' | grep -q 'Build ID'"
done
done_testing
