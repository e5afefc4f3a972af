# A hand-written configure script: it gets the recipe's arguments and nothing else.
default_configure() { "$SRC"/configure "${CONFIGURE[@]}" "$@"; }
default_compile() { make "${MAKE_ARGS[@]}"; }
default_install() { make "${MAKE_INSTALL[@]:-install}" DESTDIR="$DEST" "${MAKE_ARGS[@]}"; }
