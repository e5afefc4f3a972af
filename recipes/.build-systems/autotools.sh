# GNU autotools: ./configure; make; make install.

# By Debian's sh a configure script takes a tenth less than by bash, which it would look for. The
# answers are glibc's (its recipe writes them).
export CONFIG_SHELL=/bin/sh CONFIG_SITE=/build/sysroot/usr/share/config.site

default_prepare() {
	sdk_apply_patches
	if [ "$SDK_AUTORECONF" = yes ]; then
		(cd "$SRC" && autoreconf -fi)
	fi
}

default_configure() {
	"$SRC"/configure "${sdk_gnu_flags[@]}" --disable-dependency-tracking "${CONFIGURE[@]}" "$@"
}

default_compile() { make "${MAKE_ARGS[@]}"; }
default_install() { make "${MAKE_INSTALL[@]:-install}" DESTDIR="$DEST" "${MAKE_ARGS[@]}"; }
