#!/bin/sh
# sdk check-reproducible: what is the same passes, and what is not is caught, named and explained.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 to read JSON with"

out=${SDK_OUT:-$SDK_TOP/out}
downloads=${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}/downloads
[ -d "$out/env" ] || skip_all "there is no environment: sdk create"
case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
mkdir -p "$SDK_ROOT/recipes" "$SDK_ROOT/board-configs" "$SDK_OUT" "$SDK_CACHE"
for name in bootstrap toolchains recipes/.build-systems board-configs/common; do
	ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"
done
mkdir -p "$out/toolchain"
ln -s "$out/env" "$out/toolchain" "$SDK_OUT/"
ln -s "$downloads" "$SDK_CACHE/downloads"

recipe() { # recipe NAME DEPENDENCIES: the install phase comes from stdin
	mkdir -p "$SDK_ROOT/recipes/$1"
	{
		printf 'name: %s\nversion: 1.0\nsummary: For the tests\nhomepage: https://example.org/\n' "$1"
		printf 'license: MIT\nsources: []\nbuild: copy\nlibc: false\ndepends: {target: [%s]}\n' "$2"
		printf 'phases:\n  install: |\n    mkdir -p "$DEST"/usr/share/%s "$DEST"/usr/bin; cd "$DEST"/usr/share/%s\n' "$1" "$1"
		sed 's/^/    /'
	} >"$SDK_ROOT/recipes/$1/recipe.yaml"
}
check() { "$SDK" check-reproducible -j2 "$@"; }
# caught PACKAGE PATTERN: it differs, and the report says so
caught() {
	fails "$1 is caught: $2" 1 "$3" check "$1"
}

# ---- what hides behind the sandbox is no difference
recipe fine '' <<'R'
hostname >host; id >id; pwd | tr / _ >pwd; umask >umask; date -d "@$SOURCE_DATE_EPOCH" >date
echo "$LC_ALL $TZ $HOME ${USER-none} $CFLAGS" >variables; ls -ln / | awk '{print $1, $3, $4, $NF}' | grep -v proc >root
ln -s id link; printf '#!/bin/sh\n' >"$DEST"/usr/bin/fine; chmod 755 "$DEST"/usr/bin/fine
R
recipe one '' <<'R'
echo one >file
R
recipe two '' <<'R'
echo two >file
R
recipe uses-fine fine <<'R'
cp "$SYSROOT"/usr/share/fine/id copy
R
# ---- and what does
recipe date '' <<'R'
echo "first line" >built; date '+Built on %Y-%m-%d at %H:%M:%S.%N' >>built
R
recipe order 'one, two' <<'R'
ls -U "$SYSROOT"/usr/share >list
R
recipe random '' <<'R'
printf 'head\0\0\0' >data; head -c 16 /dev/urandom >>data; printf 'tail\0' >>data
R
recipe year '' <<'R'
date +%Y >year; python3 -c 'import time; print(time.gmtime().tm_year)' >>year
R
recipe uptime '' <<'R'
cut -d. -f1 /proc/uptime | sed 's/......$//' >uptime
R
recipe jobs '' <<'R'
echo "built with $JOBS jobs" >jobs
R
recipe processors '' <<'R'
nproc >processors
R
recipe mode '' <<'R'
touch file; [ "$JOBS" = 2 ] || chmod 755 file
ln -s "to-$JOBS" link
[ "$JOBS" = 2 ] || touch second-time-only
R
recipe packed '' <<'R'
echo content >file; gzip file
R
recipe fails '' <<'R'
[ "$JOBS" = 2 ] || { echo "no more than two, please"; exit 3; }
touch file
R
all="fine one two uses-fine date order random year uptime jobs processors mode packed fails"
# shellcheck disable=SC2086
ok "packages build" "$SDK" build -j2 $all
find "$SDK_OUT/store" "$SDK_OUT/keys" "$SDK_CACHE" -type f -exec sha256sum {} + | sort >"$TMP/before"

ok "packages that are the same pass" check fine one uses-fine
check fine >"$TMP/log" 2>&1
ok "it tells what was varied" grep -q 'varied: host name: .*, then another-machine' "$TMP/log"
ok "and that it knew that already" grep -Eq '^same +fine +1.0 +earlier' "$TMP/log"
check --again fine >"$TMP/log" 2>&1
ok "unless it is asked again" grep -Eq '^same +fine +1.0 +[0-9]' "$TMP/log"
ok "each condition is varied, or it is said why not" sh -c "'$SDK' check-reproducible --json -j2 fine | python3 -c '
import json, sys
conditions = json.load(sys.stdin)[\"conditions\"]
assert len(conditions) >= 12, conditions
assert all((c[\"other\"] is None) != (c[\"why_not\"] is None) for c in conditions), conditions'"

caught date "the moment" 'run: usr/share/date/built: content differs'
caught date "with the line" 'line 2: “Built on .*” and then “Built on .*looks like the time of the build'
caught order "a directory that is not sorted" 'the same content in another order'
caught random "chance" 'usr/share/random/data: content differs'
caught random "with the place" '[0-9]+ bytes differ, the first one at 7 '
caught jobs "the number of jobs" '“built with 2 jobs” and then “built with 3 jobs”'
caught mode "a mode" 'usr/share/mode/file: mode 0644 and then 0755'
caught mode "a link" 'usr/share/mode/link: leads to to-2 and then to to-3'
caught mode "a file more" 'usr/share/mode/second-time-only: there only the second time'
caught packed "a time in a gzip header" 'gzip header holds a time'
caught fails "a build that fails" 'no more than two, please'
if "$SDK" check-reproducible --json one | grep -q '"time since boot","first":"[^"]*","other":null'; then
	skip "uptime" "no time namespaces here"
else
	caught uptime "the time since boot" 'usr/share/uptime/uptime: content differs'
fi
if "$SDK" check-reproducible --json one | grep -q '"wall clock","first":"now","other":null'; then
	skip "another year" "the environment has no group \`reproducible\`"
else
	caught year "another year" 'line 2: “20[0-9]*” and then “20[0-9]*”'
fi
if [ "$(nproc)" -gt 1 ]; then
	caught processors "the number of processors" 'line 1: “[0-9]+” and then “1”'
else
	skip "processors" "there is only one"
fi
second=$(check date 2>/dev/null | sed -n 's/^ *with *//p')
ok "the second output can be looked at" test -f "$second/root/usr/share/date/built"

# shellcheck disable=SC2086
check $all --json >"$TMP/json" 2>/dev/null
is "all of them keep their results apart" "$(python3 -c 'import json, sys
print(" ".join(r["package"] + ":" + r["result"] for r in json.load(open(sys.argv[1]))["results"]))' "$TMP/json" |
	sed 's/processors:[a-z]*/processors/; s/uptime:[a-z]*/uptime/; s/year:[a-z]*/year/')" \
	"date:differs fails:failed fine:same jobs:differs mode:differs one:same order:differs packed:differs processors random:differs two:same uptime uses-fine:same year"
check one two --report="$TMP/report.md" >/dev/null 2>&1
ok "a report for people has the table" grep -Eq '^\| two \| 1.0 \| same \| [0-9]+ \|' "$TMP/report.md"
find "$SDK_OUT/store" "$SDK_OUT/keys" "$SDK_CACHE" -type f -exec sha256sum {} + | sort >"$TMP/after"
ok "the store and its records are as before" diff "$TMP/before" "$TMP/after"
mkdir "$TMP/fresh"
ln -s "$out/env" "$out/toolchain" "$TMP/fresh/"
ok "what only the cache has comes from there" env SDK_OUT="$TMP/fresh" "$SDK" check-reproducible -j2 uses-fine
ok "nothing is left of what was the same" test ! -e "$SDK_OUT/reproducible/builds/$arch/one"

recipe one '' <<'R'
echo changed >file
R
fails "what is not built can't be compared" 1 'sdk build' check one
fails "a package that is none" 3 'did you mean' check fina
fails "an image of packages" 2 'name no packages' check --image fine
(TMPDIR=/dev/shm; [ -d $TMPDIR ] && [ -w $TMPDIR ]) && {
	recipe sources '' <<'R'
cd "$SRC"; ls -U >"$DEST"/usr/share/sources/list
R
	mkdir -p "$TMP/tree/t"; for i in 1 2 3 4 5 6 7 8 9; do echo $i >"$TMP/tree/t/$i"; done
	tar -C "$TMP/tree" -cf "$TMP/tree.tar" t
	sed -i "s|^sources:.*|sources: [{urls: ['file://$TMP/tree.tar'], size: $(stat -c %s "$TMP/tree.tar"), sha256: $(sha256sum "$TMP/tree.tar" | cut -c1-64)}]|" \
		"$SDK_ROOT/recipes/sources/recipe.yaml"
	rm "$SDK_CACHE/downloads"; mkdir "$SDK_CACHE/downloads"
	scratch=$(mktemp -d /dev/shm/sdk-test.XXXXXX)
	"$SDK" build -q -j2 sources >/dev/null 2>&1
	fails "sources in another order, on another file system" 1 'the same content in another order' check --scratch="$scratch" sources
	rm -rf "$scratch"
}

# ---- interrupted
recipe quick '' <<'R'
touch quick
R
recipe slow '' <<'R'
sleep 10; touch slow
R
"$SDK" build -q -j2 quick slow >/dev/null 2>&1
results=$SDK_OUT/reproducible/results/$arch
env --default-signal=INT "$SDK" check-reproducible -j2 quick slow >"$TMP/log" 2>&1 &
pid=$!
while kill -0 $pid 2>/dev/null && [ ! -e "$results/quick" ]; do sleep 0.2; done
if [ -e "$results/slow" ]; then
	wait $pid; skip "Ctrl-C" "both were finished before it could be sent"
else
	kill -INT $pid; wait $pid
	is "Ctrl-C ends it" $? 130
	check quick slow >"$TMP/log" 2>&1
	ok "what was finished is not built again" grep -Eq '^same +quick +1.0 +earlier' "$TMP/log"
	ok "the rest is" grep -Eq '^same +slow +1.0 +[0-9]' "$TMP/log"
fi

# ---- an image
recipe kernel '' <<'R'
mkdir -p "$DEST"/usr/lib/modules/1.2.3; cd "$DEST"/usr/lib/modules/1.2.3; echo kernel >vmlinuz; echo CONFIG=y >config
R
"$SDK" build -q -j2 one kernel >/dev/null 2>&1
mkdir -p "$SDK_ROOT/board-configs/t/initrd"; ln -s usr/bin/one "$SDK_ROOT/board-configs/t/initrd/init"
cat >"$SDK_ROOT/board-configs/t/board.yaml" <<Y
summary: For the tests
arch: $arch
packages: [kernel, one]
image:
  version: 1.0
  date: 2025-11-23
  loader: direct
  kernel: usr/lib/modules/*/vmlinuz
  cmdline: ['hash=\${usr-hash}']
  initrd: [usr/share/one/file]
  os-release: {ID: dray, NAME: Test}
  usr-size: 1MiB
  verity-size: 1MiB
Y
ok "an image is the same again" check --image --board=t
latest=$(readlink -f "$SDK_OUT/images/t/latest")
printf x | dd of="$latest/dray-t.img" bs=1 seek=1048600 conv=notrunc status=none
echo more >>"$latest/packages.txt"
fails "one that is not is caught, with the partition" 1 'partition 1 \(dray_1.0\): 1 bytes differ, the first one at 24' \
	check --image --board=t
fails "and what lies beside it" 1 'packages.txt: content differs' check --image --board=t
done_testing
