#!/bin/sh
# sdk new: first recipes from tarballs, which pass lint, and what is said of them.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 for the HTTP server"
cd "$SDK_TOP" || exit 1
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY
WWW=$TMP/www CHECKOUT=$TMP/checkout
mkdir -p "$WWW" "$CHECKOUT/recipes" "$TMP/home" "$TMP/out" "$TMP/none"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$CHECKOUT/$name"; done
for name in .build-systems zlib openssl linux-headers glibc gcc-runtime; do
	ln -s "$SDK_TOP/recipes/$name" "$CHECKOUT/recipes/$name"
done
: >"$TMP/log"
python3 tests/helpers/server.py "$WWW" "$TMP/port" "$TMP/log" &
server=$!
trap 'kill $server 2>/dev/null; cleanup' EXIT
for _ in $(seq 100); do [ -s "$TMP/port" ] && break; sleep 0.3; done
URL=http://127.0.0.1:$(cat "$TMP/port")/good
export SDK_ROOT="$CHECKOUT" SDK_OUT="$TMP/out" SDK_CACHE="$TMP/cache" HOME="$TMP/home" SDK_APT_DIR="$TMP/none"
export SDK_MIRROR_DEBIAN="$URL/debian" SDK_MIRROR_DEBIAN_SECURITY="$URL/security"
mit='Permission is hereby granted, free of charge, to any person obtaining a copy
of this software. The above copyright notice and this permission notice
shall be included.'
bsd='Redistribution and use in source and binary forms, with or
 * without modification. Neither name may be used to endorse or promote products
 * derived from this software'
# pack DIRECTORY FILE-NAME: makes the archive of $TMP/t/DIRECTORY
pack() { tar -C "$TMP/t" --mtime=@1700000000 --sort=name -caf "$WWW/$2" "$1"; }
put() { mkdir -p "$(dirname "$TMP/t/$1")"; cat >"$TMP/t/$1"; }
text() { cat "$CHECKOUT/recipes/$1/recipe.yaml"; }
has() { grep -qxF -- "$2" "$CHECKOUT/recipes/$1/recipe.yaml"; }

put auto-1.2.3/configure.ac <<'X'
AC_INIT([auto], [1.2.3])
AC_PROG_YACC
PKG_CHECK_MODULES([SSL], [openssl >= 3.0 zlib])
AC_CHECK_LIB([unheardof], [f])
AC_CHECK_LIB([pthread], [f])
dnl AC_CHECK_LIB([commented], [f])
X
echo "$mit" | put auto-1.2.3/COPYING
pack auto-1.2.3 auto-1.2.3.tar.gz
ok "a tarball of autoconf's" sh -c "'$SDK' new auto $URL/auto-1.2.3.tar.gz >'$TMP/said' 2>'$TMP/err'"
sed 's/^/# /' "$TMP/said"
ok "its version" has auto 'version: 1.2.3'
ok "its licence" has auto 'license: MIT'
ok "its address, with the version to come" has auto "  - urls: [\"$URL/auto-\${version}.tar.gz\"]"
ok "its digest" has auto "    sha256: $(sha256sum <"$WWW/auto-1.2.3.tar.gz" | cut -c1-64)"
ok "its build system, without a configure" has auto 'autoreconf: true'
ok "recipes that provide what it looks for" has auto '  target: [openssl, zlib]'
ok "the tools' group" has auto '  tools: [parsers]'
ok "what nobody provides is told" grep -q 'library unheardof' "$TMP/said"
ok "what is commented out is not" sh -c "! grep -q commented '$TMP/said'"
ok "what is to be checked" grep -q 'summary: to be written' "$TMP/said"
ok "it passes lint" "$SDK" lint auto
fails "a recipe that is there stays" 3 'recipes/auto is there already' "$SDK" new auto "$URL/auto-1.2.3.tar.gz"

# Nothing is built here: what recipes are called, and what they say, must do.
for name in curl systemd bzip2 ncurses; do ln -s "$SDK_TOP/recipes/$name" "$CHECKOUT/recipes/$name"; done
put fresh-1/configure.ac <<'X'
PKG_CHECK_MODULES([A], [libcurl libsystemd])
AC_CHECK_LIB([z], [inflate])
AC_CHECK_LIB([bz2], [f])
AC_CHECK_LIB([lzma], [f])
AC_CHECK_HEADERS([openssl/ssl.h sys/sockio.h \
	stdlib.h])
AC_CHECK_HEADER([windows.h])
X
pack fresh-1 fresh-1.tar.gz
ok "needs where nothing is built" sh -c "'$SDK' new fresh $URL/fresh-1.tar.gz >'$TMP/said' 2>&1"
ok "are found by names and recipes' words" has fresh '  target: [bzip2, curl, openssl, systemd, zlib]'
ok "what can't be known is not denied" sh -c "grep -q 'not built yet.*: library lzma\$' '$TMP/said' && ! grep -q 'no recipe' '$TMP/said'"
for name in curl systemd bzip2 ncurses; do rm "$CHECKOUT/recipes/$name"; done
rm -r "$CHECKOUT/recipes/fresh"

put thing/meson.build <<'X'
project('thing', 'c', license: 'MIT', version: '0.9')
ssl = dependency('openssl', required: false)
m = cc.find_library('m')
X
{ echo "$bsd"; echo "$mit"; } | put thing/LICENSE.txt
pack thing thing.tar.xz
ok "a file of this machine, its version inside" sh -c "'$SDK' new thing '$WWW/thing.tar.xz' >'$TMP/said' 2>&1"
ok "meson's" has thing 'build: meson'
ok "the version of project()" has thing 'version: 0.9'
ok "two licences in one file" has thing 'license: BSD-3-Clause AND MIT'
ok "which are to be checked" grep -q 'license: read from LICENSE.txt; ' "$TMP/said"
ok "so is the address" grep -q 'on this machine alone' "$TMP/said"
ok "it passes lint, too" "$SDK" lint thing
mkdir "$TMP/my files"; cp "$WWW/thing.tar.xz" "$TMP/my files/a thing-0.9.tar.xz"
ok "a path with blanks" "$SDK" new blanks "$TMP/my files/a thing-0.9.tar.xz"
ok "is an address all the same" grep -q 'my%20files/a%20thing-' "$CHECKOUT/recipes/blanks/recipe.yaml"
echo '<html>' >"$TMP/my files/page 1.tar"
fails "a file that is no archive is named as it was" 3 'error: [^ ]*/my files/page 1.tar: ' \
	"$SDK" new page "$TMP/my files/page 1.tar"
rm -r "$CHECKOUT/recipes/blanks"
put cm-v2.0/CMakeLists.txt <<'X'
cmake_minimum_required(VERSION 3.1)
project(cm
  VERSION 2.0.1 LANGUAGES C)
find_package(ZLIB REQUIRED)
X
pack cm-v2.0 cm-v2.0.tar.bz2
ok "CMake's, for a program" sh -c "'$SDK' new cm $URL/cm-v2.0.tar.bz2 --json >'$TMP/said' 2>'$TMP/err'"
is "the file's version, and the other one told" "$(python3 -c 'import json; d = json.load(open("'"$TMP"'/said")); print([c for c in d["check"] if c.startswith("version")][0])')" \
	"version: the file's name says 2.0, its build files 2.0.1"
ok "its needs" has cm '  target: [zlib]'
ok "no licence is said to be none" has cm 'license: LicenseRef-unknown'
put loose <<'X'
all:
X
mkdir "$TMP/t/two"; echo 'all:' >"$TMP/t/two/Makefile"; echo x >"$TMP/t/two/x"
tar -C "$TMP/t/two" -czf "$WWW/bare-3.tgz" Makefile x
ok "a tarball without a directory of its own" sh -c "'$SDK' new bare $URL/bare-3.tgz >'$TMP/said' 2>&1"
ok "is not stripped" has bare '    strip: 0'
ok "a version that is a number stays text" has bare 'version: "3"'
for name in auto thing cm bare; do ok "$name is read" "$SDK" info "$name"; done

# ---- names of an archive can't write on the terminal, and many licences don't fill the memory
python3 - "$WWW/evil-1.0.tar.gz" <<'X'
import io, sys, tarfile
tar = tarfile.open(sys.argv[1], "w:gz")
def add(name, text):
    info = tarfile.TarInfo("evil-1.0/" + name); info.size = len(text)
    tar.addfile(info, io.BytesIO(text))
add("COPYING\x1b[2J\nnext: rm -rf", b"Apache License Version 2.0, January 2004")
add("meson.build", b"project('evil', version: '1.0')\ndependency('lib\x1bc\x07')\n")
for i in range(3000):
    add("LICENSES/%d.txt" % i, bytes(300000))
tar.close()
X
ok "an archive with names for terminals" sh -c "ulimit -v 1500000; '$SDK' new evil $URL/evil-1.0.tar.gz >'$TMP/said' 2>&1"
ok "which are shown as what they are" grep -qF 'COPYING\x1b[2J\x0anext: rm -rf' "$TMP/said"
ok "so are names in its build files" grep -qF 'module lib\x1bc\x07' "$TMP/said"
is "no control character is printed" "$(tr -d '\n\40-\377' <"$TMP/said" | wc -c)" 0
ok "of thousands of licences, it is told that not all were read" grep -q 'more licence or build files than were looked at' "$TMP/said"
rm -r "$CHECKOUT/recipes/evil"

# ---- what is refused leaves nothing behind
before=$(ls "$CHECKOUT/recipes")
echo '<html>' >"$WWW/page-1.0.tar.gz"
fails "a page in place of an archive" 3 'page-1.0.tar.gz' "$SDK" new page "$URL/page-1.0.tar.gz"
fails "an address of nothing" 4 'HTTP 404' "$SDK" new none "$URL/none-1.0.tar.gz"
fails "a file that is not there" 6 'none.tar: No such file' "$SDK" new none "$TMP/none.tar"
fails "a name that is none" 2 'wanted lower-case letters' "$SDK" new 'No/Name' "$URL/auto-1.2.3.tar.gz"
put versionless/x </dev/null; pack versionless versionless.tar.gz
fails "a tarball without a version" 3 'neither its name nor what is in it' "$SDK" new versionless "$URL/versionless.tar.gz"
fails "a name that Debian does not know" 3 'Debian has no source package unheard' "$SDK" new unheard
fails "no name" 2 'new' "$SDK" new
is "and no recipe" "$(ls "$CHECKOUT/recipes")" "$before"
done_testing
