# A Makefile alone.
default_configure() { :; }
default_compile() { make "${MAKE_ARGS[@]}"; }
default_install() { make "${MAKE_INSTALL[@]:-install}" DESTDIR="$DEST" "${MAKE_ARGS[@]}"; }
