# CMake, with a toolchain file made for the target.
sdk_cmake_toolchain_file() {
	cat <<-END
	set(CMAKE_SYSTEM_NAME Linux)
	set(CMAKE_SYSTEM_PROCESSOR $CPU)
	set(CMAKE_C_COMPILER $CC)
	set(CMAKE_CXX_COMPILER $CXX)
	set(CMAKE_AR $(command -v "$AR"))
	set(CMAKE_RANLIB $(command -v "$RANLIB"))
	set(CMAKE_SYSROOT $SYSROOT)
	set(CMAKE_FIND_ROOT_PATH $SYSROOT)
	set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
	set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
	set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
	set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
	END
}

default_configure() {
	sdk_cmake_toolchain_file >"$HOME"/toolchain.cmake
	cmake -S "$SRC" -B "$BUILD" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$HOME"/toolchain.cmake \
		-DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_BINDIR=bin -DCMAKE_INSTALL_SBINDIR=bin \
		-DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_LIBEXECDIR=libexec \
		-DCMAKE_INSTALL_SYSCONFDIR=/etc -DCMAKE_INSTALL_LOCALSTATEDIR=/var \
		-DCMAKE_BUILD_TYPE=None -DCMAKE_SKIP_RPATH=ON "${CMAKE[@]}" "$@"
}

default_compile() { ninja -C "$BUILD" -j"$JOBS"; }
default_install() { DESTDIR="$DEST" ninja -C "$BUILD" install; }
