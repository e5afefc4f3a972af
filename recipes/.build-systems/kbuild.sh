# The kernel's own build system (Linux, BusyBox): options are fragments over allnoconfig.
export KBUILD_BUILD_TIMESTAMP="@$SOURCE_DATE_EPOCH"
export KBUILD_BUILD_USER=dray KBUILD_BUILD_HOST=dray KBUILD_BUILD_VERSION=1

sdk_kmake() {
	# HOSTCC is the build machine's; kbuild takes CC from CROSS_COMPILE.
	env -u CC -u CXX -u CPP -u AR -u LD -u NM -u STRIP -u OBJCOPY -u OBJDUMP -u READELF \
		-u CFLAGS -u CXXFLAGS -u CPPFLAGS -u LDFLAGS \
		make -C "$SRC" O="$BUILD" ARCH="$KERNEL_ARCH" CROSS_COMPILE="$TRIPLE-" "${MAKE_ARGS[@]}" "$@"
}

# Every option of the fragments must be in the final configuration: one that is not (a dependency is
# missing, it was renamed) fails here and not on somebody's machine.
sdk_check_config() {
	local fragment line missing=0
	for fragment; do
		while IFS= read -r line; do
			case $line in
			CONFIG_*=n) line="# ${line%=n} is not set" ;;
			CONFIG_*=* | '# CONFIG_'*' is not set') ;;
			*) continue ;;
			esac
			grep -qxF -- "$line" "$BUILD"/.config && continue
			case $line in
			'# '*) line=${line#\# }; grep -q "^${line%% *}=" "$BUILD"/.config || continue ;;
			esac
			echo "${fragment##*/}: $line: not in the final configuration" >&2
			missing=1
		done <"$fragment"
	done
	# (bash 5.2 complains of itself when `return 1` ends a shell here.)
	[ $missing = 0 ]
}

default_configure() { sdk_kmake allnoconfig; }
default_compile() { sdk_kmake; }
default_install() { sdk_kmake install INSTALL_PATH="$DEST"/usr/lib; }
