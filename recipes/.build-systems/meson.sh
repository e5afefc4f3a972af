# Meson, with a cross file made for the target.
sdk_meson_list() {
	local word list=
	for word; do list+="${list:+, }'$word'"; done
	echo "[$list]"
}

sdk_meson_cross_file() {
	cat <<-END
	[binaries]
	c = '$CC'
	cpp = '$CXX'
	ar = '$AR'
	nm = '$NM'
	ranlib = '$RANLIB'
	strip = '$STRIP'
	objcopy = '$OBJCOPY'
	objdump = '$OBJDUMP'
	readelf = '$READELF'
	ld = '$LD'
	pkg-config = '$PKG_CONFIG'
	[built-in options]
	c_args = $(sdk_meson_list $CPPFLAGS $CFLAGS)
	cpp_args = $(sdk_meson_list $CPPFLAGS $CXXFLAGS)
	c_link_args = $(sdk_meson_list $LDFLAGS)
	cpp_link_args = $(sdk_meson_list $LDFLAGS)
	[properties]
	sys_root = '$SYSROOT'
	pkg_config_libdir = '$PKG_CONFIG_LIBDIR'
	needs_exe_wrapper = true
	[host_machine]
	system = 'linux'
	cpu_family = '$CPU'
	cpu = '$CPU'
	endian = 'little'
	END
}

sdk_meson_native_file() {
	cat <<-END
	[binaries]
	c = '$CC_FOR_BUILD'
	cpp = 'g++'
	END
}

default_configure() {
	sdk_meson_cross_file >"$HOME"/cross.ini
	sdk_meson_native_file >"$HOME"/native.ini
	# The variables of the environment would be taken for the build machine's.
	env -u CC -u CXX -u CPP -u AR -u LD -u CFLAGS -u CXXFLAGS -u CPPFLAGS -u LDFLAGS \
		-u PKG_CONFIG_LIBDIR -u PKG_CONFIG_SYSROOT_DIR \
		meson setup "$BUILD" "$SRC" --cross-file "$HOME"/cross.ini --native-file "$HOME"/native.ini \
		--prefix=/usr --bindir=bin --sbindir=bin --libdir=lib --libexecdir=libexec \
		--sysconfdir=/etc --localstatedir=/var --buildtype=plain --wrap-mode=nodownload \
		-Dauto_features=disabled "${MESON[@]}" "$@"
}

default_compile() { ninja -C "$BUILD" -j"$JOBS"; }
default_install() { DESTDIR="$DEST" meson install -C "$BUILD" --no-rebuild; }
