#!/bin/sh
# A board and DATA_MB of other files from a binhost on loopback, nothing built and nothing cached, beside
# dpkg and pacman that install packages made of the same files from this disk; then the plan of a large
# index. What is fetched is synced, archives too, and what the others install is not: so this disk is
# asked for its speed as well.
#   BOARD=amd64-usr  must be built     RUNS=3  the best counts     DATA_MB=320
# pacman: `apt install pacman-package-manager` on Debian. (Debian 12 has no apk.)
# Memory is measured in a run of its own: to look at it slows down what is looked at.
set -eu
cd "$(dirname "$0")/../.."
SDK=${SDK:-$(pwd)/sdk} BOARD=${BOARD:-amd64-usr} RUNS=${RUNS:-3} DATA_MB=${DATA_MB:-320}
"$SDK" build -n --board="$BOARD" | tail -1 | grep -q ' 0 to build' ||
	{ echo "binhost: SKIPPED: sdk build --board=$BOARD first"; exit 0; }
top=$(pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/sdk-bench.XXXXXX")
export SDK_DATA="$dir/data"
server=
trap '[ -z "$server" ] || kill $server; chmod -R u+rwX "$dir"; rm -rf "$dir"' EXIT
now() { date +%s%N; }
# All is removed at the end: deleting a tree makes ext4 slow for those who create files soon after.
best() { # best NAME COMMAND…: least milliseconds of RUNS; $WHERE is a fresh directory
	what=$1; shift
	run=0; unset least
	while [ $run -lt "$RUNS" ]; do
		run=$((run + 1))
		mkdir -p "$dir/$what-$run"
		sync
		start=$(now)
		WHERE=$dir/$what-$run "$@" >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
		ms=$((($(now) - start) / 1000000))
		if [ -z "${least:-}" ] || [ $ms -lt "$least" ]; then least=$ms; fi
	done
	echo "$least"
}

# ---- ours
"$SDK" build -q --board="$BOARD" >/dev/null
"$SDK" binhost keys make >/dev/null 2>&1
"$SDK" binhost push -q --to="file://$dir/host" --board="$BOARD"
"$SDK" binhost serve -q --listen=127.0.0.1:0 "$dir/host" >"$dir/told" &
server=$!
for _ in $(seq 50); do grep -q keys: "$dir/told" && break; sleep 0.1; done
mkdir "$dir/root"
for name in bootstrap toolchains board-configs; do ln -s "$top/$name" "$dir/root/$name"; done
cp -r "$top/recipes" "$dir/root/recipes"
# Eight packages of files of 100 kB, that shrink as the packages of amd64-usr do (to 38 %).
data=
for n in 1 2 3 4 5 6 7 8; do
	data="$data bench-data$n"
	mkdir "$dir/root/recipes/bench-data$n"
	cat >"$dir/root/recipes/bench-data$n/recipe.yaml" <<-Y
	name: bench-data$n
	version: "1.0"
	summary: For the benchmark
	license: MIT
	sources: []
	build: copy
	libc: false
	phases:
	  install: |
	    python3 - <<'P'
	    import itertools, os, random
	    random.seed($n)
	    words = [random.randbytes(random.randrange(2, 9)) for _ in range(4096)]
	    often = list(itertools.accumulate(0.988 ** i for i in range(4096)))
	    os.makedirs(os.environ["DEST"] + "/usr/share/bench-data$n")
	    for i in range($DATA_MB * 10 // 8):
	        with open(os.environ["DEST"] + f"/usr/share/bench-data$n/{i}", "wb") as file:
	            file.write(b"".join(random.choices(words, cum_weights=often, k=20000))[:100000])
	    P
	Y
done
mkdir -p "$dir/builder"
for name in env toolchain; do ln -s "$top/out/$name" "$dir/builder/$name"; done
# shellcheck disable=SC2086
SDK_ROOT="$dir/root" SDK_CACHE="$dir/cache" "$SDK" build -q --out "$dir/builder" $data >/dev/null
# shellcheck disable=SC2086
SDK_ROOT="$dir/root" SDK_CACHE="$dir/cache" "$SDK" binhost push -q --out "$dir/builder" --to="file://$dir/host" $data
sed -n '/^binhosts:/,$p' "$dir/told" >"$dir/root/sdk.yaml"
# shellcheck disable=SC2016
fetch='SDK_CACHE=$WHERE/cache; export SDK_CACHE; board=$1; shift
	"$0" build --binhost-only --out "$WHERE/out" --board="$board" && "$0" build --binhost-only --out "$WHERE/out" "$@"'
# shellcheck disable=SC2086
ours=$(SDK_ROOT=$dir/root best ours sh -c "$fetch" "$SDK" "$BOARD" $data)
mkdir "$dir/watched"
# shellcheck disable=SC2086
SDK_ROOT=$dir/root WHERE=$dir/watched sh "$top/tests/bench/peak.sh" "$dir/peak" sh -c "$fetch && times" "$SDK" "$BOARD" $data >"$dir/log" 2>&1
peak=$(cat "$dir/peak")
processor=$(tail -1 "$dir/log" | awk -F'[ms ]+' '{ printf "%.0f", ($1 * 60 + $2 + $3 * 60 + $4) * 1000 }')

# ---- the same files as packages of others
bytes=0 count=0
mkdir "$dir/debs" "$dir/pacs"
for store in "$dir/ours-$RUNS"/out/store/*; do
	name=$(sed -n 's/^package //p' "$store/manifest") tree=$dir/tree
	size=$(du -sb --apparent-size "$store/root" | cut -f1)
	bytes=$((bytes + size)) count=$((count + 1))
	cp -a "$store/root" "$tree"
	printf 'pkgname = %s\npkgbase = %s\npkgver = 1-1\npkgdesc = bench\nsize = %s\narch = any\n' "$name" "$name" "$size" >"$tree/.PKGINFO"
	(cd "$tree" && tar --owner=root:0 --group=root:0 -cf - .PKGINFO -- * | zstd -q >"$dir/pacs/$name-1-1-any.pkg.tar.zst")
	rm "$tree/.PKGINFO"; mkdir "$tree/DEBIAN"
	printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: b <b@example.org>\nDescription: bench\n' "$name" >"$tree/DEBIAN/control"
	dpkg-deb -Zzstd -z3 --root-owner-group -b "$tree" "$dir/debs/$name.deb" >/dev/null
	rm -rf "$tree"
done
speed() { awk -v b="$bytes" -v ms="$1" 'BEGIN { printf "%.0f MB/s", b / ms / 1000 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
written=$((bytes + $(du -sb "$dir/ours-$RUNS/cache/objects" | cut -f1)))
# shellcheck disable=SC2016
disk=$(best disk sh -c 'dd if=/dev/zero of="$WHERE/file" bs=1M count="$0" conv=fsync' $((written >> 20)))
echo "$BOARD: $count packages, $((bytes / 1000000)) MB unpacked (with $DATA_MB MB of data)"
echo "sdk, by HTTP, checked:     $ours ms, $(speed "$ours") (wanted: at least 150 MB/s); memory of all processes: $peak (wanted: at most 200 MiB)"
echo "  processor, all of it:    $processor ms, $(speed "$processor") a core"
echo "  this disk, $((written / 1000000)) MB synced: $disk ms, $(speed "$disk") at most; ratio ours/disk: $(ratio "$ours" "$disk")"
if [ "$(id -u)" -ne 0 ]; then
	echo "dpkg, pacman: SKIPPED: they want root"
else
	# No fsync for anybody, no triggers, no scripts: unpacking alone.
	theirs=$(best dpkg sh -c 'mkdir -p "$WHERE/var/lib/dpkg/info" "$WHERE/var/lib/dpkg/updates"
		: >"$WHERE/var/lib/dpkg/status"
		dpkg --root="$WHERE" --log=/dev/null --force-unsafe-io --force-all --no-triggers --unpack "$0"/*.deb' "$dir/debs")
	echo "dpkg --unpack, from disk:  $theirs ms, $(speed "$theirs"); ratio ours/dpkg: $(ratio "$ours" "$theirs")"
	if command -v pacman >/dev/null; then
		printf '[options]\nArchitecture = auto\nSigLevel = Never\nLocalFileSigLevel = Never\n' >"$dir/pacman.conf"
		theirs=$(best pacman sh -c 'mkdir -p "$WHERE/db" "$WHERE/cache"
			pacman --config "$0" --root "$WHERE" --dbpath "$WHERE/db" --cachedir "$WHERE/cache" --logfile /dev/null \
				--noconfirm --noscriptlet --nodeps --nodeps --overwrite "*" --hookdir /nonexistent -U "$1"/*.zst' "$dir/pacman.conf" "$dir/pacs")
		echo "pacman -U, from disk:      $theirs ms, $(speed "$theirs"); ratio ours/pacman: $(ratio "$ours" "$theirs")"
	else
		echo "pacman: SKIPPED: not installed (apt install pacman-package-manager)"
	fi
fi

# ---- plans: the real entries among 20,000, signed
python3 - "$dir/host/index/amd64" "$dir/large" <<'P'
import random, sys, time
random.seed(1)
text = open(sys.argv[1]).read()
real = [l for l in text[text.index("\n\n", text.index("dray-binhost-index")) + 2:text.index("-----BEGIN PGP SIGNATURE")].splitlines() if l]
hexes = lambda: "%064x" % random.getrandbits(256)
lines = sorted(real + [f"{hexes()} package-{i} 1.{i} 12.5 1790000000 dev={hexes()}:120000:30000:{hexes()} "
                       f"run={hexes()}:1200000:300000:{hexes()}" for i in range(20000 - len(real))])
with open(sys.argv[2], "w") as file:
    now = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
    file.write(f"dray-binhost-index 1\narch amd64\nserial 1000\ndate {now}\ncreated {now}\nentries {len(lines)}\n\n")
    file.write("\n".join(lines) + "\n")
P
rm "$dir/host/index/amd64"
gpg --homedir "$SDK_DATA/gnupg" --batch --quiet --no-auto-check-trustdb --clearsign -o "$dir/host/index/amd64" "$dir/large"
export SDK_ROOT="$dir/root" SDK_CACHE="$dir/plan-cache"
plan() { "$SDK" build -n --out "$dir/plan-out" --board="$BOARD" "$@"; }
start=$(now); plan --refresh | tail -1 | tee "$dir/plan"; first=$((($(now) - start) / 1000000))
planned=$(best plan "$SDK" build -n --out "$dir/plan-out" --board="$BOARD")
echo "plan of $BOARD from an index of 20,000 entries: $planned ms (with fetching and gpg: $first ms)"
