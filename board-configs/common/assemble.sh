#!/bin/bash
# Makes the parts of an image: file system, hash tree, initrd, kernel image, EFI partition. Runs in
# the SDK's sandbox with the environment's group `image`; everything that could differ between two
# runs (times, ids, salts) is given. Reads and writes the current directory:
#   tree/usr  initrd-root/  kernel  stub  loader   ->   usr.erofs usr.verity root-hash initrd cmdline esp
set -eu -o pipefail
: "${VERSION:?}" "${LOADER:?}" "${COMPRESSION:?}" "${USR_UUID:?}" "${VERITY_UUID:?}" "${SALT:?}"
: "${CMDLINE?}" "${SOURCE_DATE_EPOCH:?}" "${EFI_ARCH:?}" "${ESP_MIB:?}" "${FAT_ID:?}"

size() { stat -c %s "$1"; }
stamp() { find "$@" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +; }

echo "== /usr"
# A fixed number of workers: one cuts large files differently from several.
mkfs.erofs --quiet --all-root -T "$SOURCE_DATE_EPOCH" -U "$USR_UUID" -z "$COMPRESSION" -C 65536 \
	--workers=4 usr.erofs tree/usr

echo "== hash tree"
veritysetup format --hash=sha256 --data-block-size=4096 --hash-block-size=4096 --salt="$SALT" \
	--uuid="$VERITY_UUID" --root-hash-file=root-hash usr.erofs usr.verity
hash=$(cat root-hash)

echo "== command line"
id() { echo "${1:0:8}-${1:8:4}-${1:12:4}-${1:16:4}-${1:20:12}"; }
cmdline=$CMDLINE
cmdline=${cmdline//'${usr-hash}'/$hash}
cmdline=${cmdline//'${usr-salt}'/$SALT}
cmdline=${cmdline//'${usr-id}'/$(id "${hash:0:32}")}
cmdline=${cmdline//'${verity-id}'/$(id "${hash:32:32}")}
cmdline=${cmdline//'${usr-sectors}'/$(($(size usr.erofs) / 512))}
cmdline=${cmdline//'${usr-blocks}'/$(($(size usr.erofs) / 4096))}
cmdline=${cmdline//'${version}'/$VERSION}
printf '%s' "$cmdline" >cmdline
cat cmdline; echo

echo "== initrd"
stamp initrd-root
(cd initrd-root && find . -mindepth 1 | LC_ALL=C sort |
	cpio -o -H newc --reproducible --owner=0:0 --quiet) | zstd -q -12 -T1 >initrd

[ "$LOADER" = uki ] || exit 0

echo "== kernel image"
ukify build --linux=kernel --initrd=initrd --cmdline=@cmdline --stub=stub --efi-arch="$EFI_ARCH" \
	--os-release=@tree/usr/lib/os-release --uname="$KERNEL_RELEASE" --output=uki.efi

echo "== EFI partition"
case $EFI_ARCH in
x64) boot=BOOTX64.EFI ;;
aa64) boot=BOOTAA64.EFI ;;
esac
printf 'timeout 0\n' >loader.conf
stamp loader loader.conf uki.efi
truncate -s "${ESP_MIB}M" esp
mkfs.vfat --invariant -F32 -i "$FAT_ID" -n ESP esp
# One by one: a recursive copy would follow the order of the directory it reads.
mmd -i esp ::EFI ::EFI/BOOT ::EFI/Linux ::EFI/systemd ::loader
mcopy -m -i esp loader "::EFI/BOOT/$boot"
mcopy -m -i esp loader "::EFI/systemd/systemd-boot$EFI_ARCH.efi"
mcopy -m -i esp uki.efi "::EFI/Linux/dray_$VERSION.efi"
mcopy -m -i esp loader.conf ::loader/loader.conf
