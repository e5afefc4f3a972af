#!/bin/sh
# lazy.sh -l<library>… -- object…
#
# Prints the assembler file (see lazy.h) of the functions that the objects call and the libraries
# export. Fails when they use a variable of one: that can't be bound later. $CC and $NM are used.
set -eu
export LC_ALL=C
CC=${CC:-gcc} NM=${NM:-nm}
dirs=
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The file of the library $1, where the linker would find it.
find_library() {
	for dir in $dirs; do
		[ ! -e "$dir/lib$1.so" ] || { printf '%s\n' "$dir/lib$1.so"; return; }
	done
	$CC -print-file-name="lib$1.so"
}

# What the library $1 exports: name, kind, soname.
exports() {
	file=$(find_library "$1")
	soname=$(objdump -p "$file" | awk '$1 == "SONAME" { print $2 }')
	[ -n "$soname" ] || { echo "lazy.sh: $file is no shared library" >&2; exit 1; }
	$NM -D --defined-only "$file" |
		awk -v soname="$soname" '{ sub(/@.*/, "", $3); print $3, $2, soname }'
}

while [ "$1" != -- ]; do
	case $1 in
	-L*) dirs="$dirs ${1#-L}" ;;
	-l*) exports "${1#-l}" >>"$work/exported" ;;
	esac
	shift
done
shift
$NM -u "$@" | awk 'NF == 2 { print $2 }' | sort -u >"$work/undefined"
sort -s -k1,1 "$work/exported" | awk '!seen[$1]++' | join "$work/undefined" - | awk '
BEGIN { n = 0; print "#include \"lazy.S\"" }
$2 !~ /[TWi]/ { print "lazy.sh: " $1 " of " $3 " is no function" >"/dev/stderr"; failed = 1 }
{ name[n] = $1; soname[n] = $3; print "\tSTUB\t" $1 ", " n++ }
END {
	print "\t.section .rodata\n\t.balign 4\n\t.globl\tlazy_function_count, lazy_functions"
	print "lazy_function_count:\n\t.long\t" n "\nlazy_functions:"
	for (i = 0; i < n; i++) {
		if (!(soname[i] in label)) label[soname[i]] = "library_" i
		print "\t.long\tname_" i " - .\n\t.long\t" label[soname[i]] " - ."
	}
	for (i = 0; i < n; i++) print "name_" i ":\t.asciz\t\"" name[i] "\""
	for (i in label) print label[i] ":\t.asciz\t\"" i "\"" | "sort"
	close("sort")
	print "\t.bss\n\t.balign 8\n\t.globl\tlazy_slots\nlazy_slots:\n\t.zero\t8 * " n
	exit failed
}'
