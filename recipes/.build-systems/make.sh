# A Makefile alone.
default_configure() { :; }
default_compile() { make "${MAKE_ARGS[@]}"; }
default_install() { make install DESTDIR="$DEST" "${MAKE_ARGS[@]}" "${MAKE_INSTALL[@]}"; }
