#!/bin/sh
# The store and the cache's archives: damaged files, and builds that are killed at any moment.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 to read manifests with"

own_checkout -l

# Four outputs of several files each: 3 MB that do not compress.
mkdir -p "$SDK_ROOT/recipes/p"
cat >"$SDK_ROOT/recipes/p/recipe.yaml" <<'Y'
name: p
version: 1.0
summary: For the tests
homepage: https://example.org/
license: MIT
sources: []
build: copy
libc: false
phases:
  compile: |
    for n in 1 2 3 4 5 6; do seq $n 3 700000 | gzip -n1 >file-$n; done
  install: |
    install -Dm644 -t "$DEST"/usr/share/p file-1 file-2
    install -Dm644 -t "$DEST"/usr/include/p file-3 file-4
    install -Dm644 -t "$DEST"/usr/share/doc/p file-5 file-6
    ln -s file-1 "$DEST"/usr/share/p/link
Y
build() { "$SDK" build "$@"; }
object() { # object OUTPUT: its archive in the cache
	digest=$("$SDK" info p --json | python3 -c 'import json, sys
print(next(o["digest"] for o in json.load(sys.stdin)[0]["outputs"] if o["name"] == sys.argv[1]))' "$1")
	echo "$SDK_CACHE/objects/$(echo "$digest" | cut -c1-2)/$digest.pkg.tar.zst"
}
damage() { # damage KIND FILE
	case $1 in
	empty) : >"$2" ;;
	truncated) truncate -s "$(($(stat -c %s "$2") / 2))" "$2" ;;
	flipped) python3 - "$2" <<'P' ;;
import sys
with open(sys.argv[1], "r+b") as file:
    data = bytearray(file.read())
    data[len(data) // 2] ^= 1
    file.seek(0)
    file.write(data)
P
	esac
}
# As a checkout that has nothing but the cache.
forget() { rm -rf "${SDK_OUT:?}/store" "$SDK_OUT/work"; }
# whole: every output in the store holds exactly what its manifest says, and that what its name says
whole() {
	python3 - "$SDK_OUT/store" <<'P'
import hashlib, os, stat, sys

def sha(data):
    return hashlib.sha256(data).hexdigest()

def look(path):
    st = os.lstat(path)
    if stat.S_ISLNK(st.st_mode):
        return "l", os.readlink(path)
    if stat.S_ISDIR(st.st_mode):
        return "d", "%o" % stat.S_IMODE(st.st_mode)
    with open(path, "rb") as file:
        data = file.read()
    return "f", "%o" % stat.S_IMODE(st.st_mode), str(len(data)), sha(data)

def expected(manifest):
    for line in manifest.decode().splitlines():
        part = line.split("\t")
        if len(part) == 5:
            kind, mode, size, value, path = part
            yield path, {"l": ("l", value), "d": ("d", mode), "f": ("f", mode, size, value)}[kind]

def check(output):
    with open(f"{output}/manifest", "rb") as file:
        manifest = file.read()
    assert sha(manifest) == os.path.basename(output), "the manifest is not that of the name"
    root = f"{output}/root"
    there = {os.path.relpath(os.path.join(dir, name), root)
             for dir, dirs, files in os.walk(root) for name in dirs + files}
    wanted = dict(expected(manifest))
    assert there == set(wanted), there ^ set(wanted)
    for path, what in wanted.items():
        assert look(f"{root}/{path}") == what, (path, look(f"{root}/{path}"), what)

store = sys.argv[1]
for name in os.listdir(store):
    if not name.startswith("."):
        check(f"{store}/{name}")
P
}

ok "a package is built" build p
ok "and is whole" whole
cp "$(object dev)" "$TMP/good-dev"

for kind in empty truncated flipped; do
	forget
	damage $kind "$(object dev)"
	damaged=$(object dev)
	"$SDK" files p >"$TMP/said" 2>&1
	is "$kind archive: a query fails" $? 5
	ok "$kind archive: it says why" grep -q "^error: p: .*$(basename "$damaged"): " "$TMP/said"
	ok "$kind archive: and what to do" grep -q '^hint: the damaged archive was removed: .sdk build.' "$TMP/said"
	is "$kind archive: the plan knows" "$(build -n p | awk 'NR == 1 { print $1, $2 }')" "build p"
	ok "$kind archive: it is built again" build p
	ok "$kind archive: to the same bytes" cmp "$TMP/good-dev" "$damaged"
	ok "$kind archive: and can be looked into" "$SDK" files p

	forget
	damaged=$(object run)
	damage $kind "$damaged"
	ok "$kind archive: a build that needs it goes on" sh -c "'$SDK' build p >'$TMP/said' 2>&1"
	is "$kind archive: with one warning, that names it" \
		"$(grep -c '^warning: ' "$TMP/said") $(grep -c "^warning: p: .*$(basename "$damaged")" "$TMP/said")" "1 1"
	ok "$kind archive: and builds" grep -q '^1 built' "$TMP/said"
	ok "$kind archive: all is whole" whole

	damage $kind "$(object dev)"
	ok "$kind archive: --rebuild replaces it" build --rebuild p
	ok "$kind archive: by a good one" cmp "$TMP/good-dev" "$(object dev)"
done

# ---- killed: from the start to after the end, so in every stage: compiling, splitting, packing the
# outputs' archives, publishing, recording
nothing() { rm -rf "${SDK_OUT:?}/store" "$SDK_OUT/keys" "$SDK_OUT/work" "${SDK_CACHE:?}/objects" "$SDK_CACHE/keys"; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
nothing; start=$(now_ms); build -q p >/dev/null 2>&1; took=$(($(now_ms) - start))
kills=${SDK_TEST_KILLS:-50} n=0 wrong=0 unfinished=0 published=0
while [ $n -lt "$kills" ]; do
	nothing
	# One slice of the time a kill, at random in it.
	delay=$(((took * n + $(od -An -N2 -tu2 /dev/urandom) % took) / kills))
	n=$((n + 1))
	timeout -s KILL "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))" "$SDK" build -q p >/dev/null 2>&1
	[ -d "$SDK_OUT/keys" ] || unfinished=$((unfinished + 1))
	for dir in "$SDK_OUT"/store/[0-9a-f]*; do [ -d "$dir" ] && published=$((published + 1)) && break; done
	{ [ ! -d "$SDK_OUT/store" ] || whole; } && build -q p && whole && cmp "$TMP/good-dev" "$(object dev)" ||
		wrong=$((wrong + 1))
done >"$TMP/killed" 2>&1
echo "# $kills kills over $took ms: $unfinished before the end, $published with something in the store"
is "killed $kills times, what is there is whole, and the next run goes on" $wrong 0
sed 's/^/# /' "$TMP/killed"
forget
ok "… and the archives are" "$SDK" files p
is "the next build clears what they left" "$(build -q p >/dev/null 2>&1; find "$SDK_OUT" -name '.jobserver*' | wc -l)" 0

# ---- a power cut: what was noted under another boot is looked at, once
build -q p
boot=$(cat /proc/sys/kernel/random/boot_id)
ok "outputs are noted under the boot they were made in" test -n "$(ls "$SDK_OUT/unsynced/$boot")"
store_dir() { archive=$(object "$1"); archive=${archive##*/}; echo "$SDK_OUT/store/${archive%%.*}"; }
run=$(store_dir run) dev=$(store_dir dev) doc=$(store_dir doc)
another_boot() { mv "$SDK_OUT/unsynced/$boot" "$SDK_OUT/unsynced/0-another"; }
another_boot
for file in "$run/root/usr/share/p/file-1" "$dev/manifest"; do chmod u+w "$file"; : >"$file"; done
rm "$SDK_CACHE/objects"/*/"${dev##*/}".*
kept=$(stat -c %i "$doc/root/usr/share/doc/p/file-5")
build p >"$TMP/said" 2>&1
ok "outputs of another boot are checked" grep -q 'started again: checking' "$TMP/said"
ok "a damaged one is named" grep -q "${run##*/}: damaged when the machine went down" "$TMP/said"
ok "and made again: from its archive, or by a build" whole
is "one that is whole stays" "$(stat -c %i "$doc/root/usr/share/doc/p/file-5")" "$kept"
ok "the notes are gone" test ! -e "$SDK_OUT/unsynced/0-another"
is "and that is said once" "$(build p 2>&1 | grep -c 'checking')" 0
done_testing
