# What all build systems share. Sourced before the build system's own file; see
# docs/recipe-reference.md for the variables.

# The recipe's patches, in order.
sdk_apply_patches() {
	local patch
	for patch in "$PATCHES"/*.patch; do
		[ -e "$patch" ] || continue
		echo "applying ${patch##*/}"
		patch -d "$SRC" -p1 --forward --fuzz=0 <"$patch"
	done
}

default_prepare() { sdk_apply_patches; }

# Programs for the target can't run here, so tests run only where a recipe says how.
default_check() { :; }

# The flags of configure scripts that follow the GNU coding standards.
sdk_gnu_flags=(
	--build="$BUILD_TRIPLE" --host="$TRIPLE" --prefix=/usr --bindir=/usr/bin --sbindir=/usr/bin
	--libdir=/usr/lib --libexecdir=/usr/libexec --sysconfdir=/etc --localstatedir=/var
)
