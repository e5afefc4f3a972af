#!/bin/sh
# Libraries that are loaded when they are first called.
. "$(dirname "$0")/../lib.sh"
cd "$SDK_TOP" || exit 1

loaded() { LD_DEBUG=files "$@" 2>&1 | sed -n 's/.*file=\(lib[a-z0-9]*\).*dynamically loaded.*/\1/p' | sort -u | tr '\n' ' '; }
is "help loads no library" "$(loaded "$SDK" --help)" ""
ok "a query loads neither libcurl nor libgit2 nor libarchive" \
	sh -c "! echo '$(loaded "$SDK" list)' | grep -E 'curl|git2|archive'"
printf 'no archive' >"$TMP/it-1.0.tar.gz"
ok "what reads archives loads libarchive" sh -c "echo '$(loaded "$SDK" new it "$TMP/it-1.0.tar.gz")' | grep archive"

mkdir "$TMP/lib"
: >"$TMP/lib/libarchive.so.13"
fails "a library that can't be loaded is named, with what to do" 6 'error: .*libarchive\.so\.13' \
	env LD_LIBRARY_PATH="$TMP/lib" "$SDK" new it "$TMP/it-1.0.tar.gz"
fails "its hint" 6 'hint: run bootstrap/install-deps' \
	env LD_LIBRARY_PATH="$TMP/lib" "$SDK" new it "$TMP/it-1.0.tar.gz"
ok "others work without it" env LD_LIBRARY_PATH="$TMP/lib" "$SDK" list

# Every way to pass arguments, through stubs made for a library of the test's own.
cat >"$TMP/demo.h" <<'EOF'
struct big { long numbers[5]; };
long demo_many(long, long, long, long, long, long, long, long);
double demo_doubles(double, double, double, double, double, double, double, double, double);
double demo_mixed(int, double, const char *, float);
struct big demo_big(long);
double demo_sum(int count, ...);
EOF
cat >"$TMP/demo.c" <<'EOF'
#include <stdarg.h>
#include <string.h>
#include "demo.h"
long demo_many(long a, long b, long c, long d, long e, long f, long g, long h)
{ return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * g + 10000000 * h; }
double demo_doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i)
{ return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f + 1000000 * g + 10000000 * h + 100000000 * i; }
double demo_mixed(int a, double b, const char *c, float d) { return a + b + (double)strlen(c) + d; }
struct big demo_big(long a) { return (struct big){{a, a + 1, a + 2, a + 3, a + 4}}; }
double demo_sum(int count, ...)
{
	va_list list;
	double sum = 0;
	va_start(list, count);
	for (int i = 0; i < count; i++)
		sum += i % 2 ? va_arg(list, double) : va_arg(list, int);
	va_end(list);
	return sum;
}
EOF
cat >"$TMP/main.c" <<'EOF'
#include <stdio.h>
#include "demo.h"
int main(void)
{
	for (int i = 0; i < 2; i++) { /* first through the stub, then past it */
		struct big big = demo_big(40);
		printf("%ld %.0f %.1f %ld %.1f\n", demo_many(1, 2, 3, 4, 5, 6, 7, 8),
		       demo_doubles(1, 2, 3, 4, 5, 6, 7, 8, 9), demo_mixed(1, 2.5, "abc", 0.5f),
		       big.numbers[0] + big.numbers[4], demo_sum(10, 1, 2.5, 3, 4.5, 5, 6.5, 7, 8.5, 9, 10.5));
	}
}
EOF
cd "$TMP" || exit 1
stubs=$SDK_TOP/src/base/lazy.sh
cc -shared -fPIC -Wl,-soname,libdemo.so.7 -o libdemo.so demo.c && ln -s libdemo.so libdemo.so.7
cc -O2 -c main.c
ok "stubs are made" sh -c "'$stubs' -L'$TMP' -ldemo -- main.o >stubs.S"
ok "a program is linked with them" cc -iquote "$SDK_TOP/src/base" -o main main.o stubs.S "$SDK_TOP/build/libsdk.a"
line="87654321 987654321 7.0 84 57.5"
is "arguments of every kind arrive" "$(LD_LIBRARY_PATH=$TMP ./main)" "$line
$line"
ok "and the library was not linked" sh -c "! readelf -d main | grep demo"
cd "$SDK_TOP" || exit 1
out=${SDK_OUT:-$SDK_TOP/out}
arm64=$(cd "$out" && find toolchain -name aarch64-linux-gnu-gcc-14 2>/dev/null | head -n 1)
if [ -n "$arm64" ] && [ -d "$out/env" ]; then
	ok "those of arm64 are assembled" "$SDK" enter -- sh -c '
		printf "#include \"lazy.S\"\n\tSTUB demo_many, 0\n.bss\nlazy_slots: .zero 8\n" |
			LD_LIBRARY_PATH=/sdk/out/${0%/bin/*}/lib/x86_64-linux-gnu "/sdk/out/$0" -iquote /sdk/src/base -c -o /dev/null -x assembler-with-cpp -' "$arm64"
else skip "those of arm64 are assembled" "there is no toolchain"; fi

cd "$TMP" || exit 1
printf 'int demo_variable = 1;\n' | cc -shared -fPIC -Wl,-soname,libv.so.1 -x c -o libv.so -
printf 'extern int demo_variable; int main(void) { return demo_variable; }\n' | cc -x c -c -o v.o -
fails "a library's variable can't be bound later" 1 'demo_variable of libv.so.1 is no function' \
	"$stubs" -L"$TMP" -lv -- v.o

done_testing
