#!/bin/sh
# What builds took: kept a line a build, shown by `sdk history`, summed up at the end of a build.
. "$(dirname "$0")/../lib.sh"
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
mkdir -p "$SDK_ROOT/recipes" "$SDK_OUT" "$SDK_CACHE"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
ln -s "$SDK_TOP/recipes/.build-systems" "$SDK_ROOT/recipes/.build-systems"
# The environment and the toolchain of the checkout under test; everything else is this test's own.
ok "there is an environment" env -u SDK_CACHE SDK_ROOT="$SDK_TOP" SDK_OUT="$SDK_TOP/out" "$SDK" create
mkdir -p "$SDK_TOP/out/toolchain"
for name in env toolchain; do ln -s "$SDK_TOP/out/$name" "$SDK_OUT/$name"; done
ln -s "${XDG_CACHE_HOME:-$HOME/.cache}/sdk/downloads" "$SDK_CACHE/downloads"

recipe() { # recipe NAME DEPENDENCIES: the install phase comes from stdin
	mkdir -p "$SDK_ROOT/recipes/$1"
	{
		printf 'name: %s\nversion: "1.0"\nsummary: For the tests\nlicense: MIT\nsources: []\n' "$1"
		printf 'build: copy\nlibc: false\ndepends: {target: [%s]}\nphases:\n  install: |\n' "$2"
		sed 's/^/    /'
	} >"$SDK_ROOT/recipes/$1/recipe.yaml"
}
# A second; half of one of a processor in a process of a process; then 150 MiB of memory.
recipe t-work '' <<'S'
sleep 1
bash -c 'python3 -c "import time
while time.process_time() < 0.5: pass"; :'
python3 -c 'b = bytearray(150 << 20); b[::4096] = b"x" * len(b[::4096])'
install -Dm644 /dev/null "$DEST"/usr/share/t-work
S
recipe t-user t-work <<'S'
echo 1 >one; install -Dm644 one "$DEST"/usr/share/t-user
S
recipe t-fails '' <<'S'
false
S
ok "two packages build" "$SDK" build t-user
cp "$TMP/.out" "$TMP/first"
ok "the summary counts them" grep -q '^2 built, 0 fetched, 0 reused in ' "$TMP/first"
ok "and names the slowest" grep -Eq '^slowest: t-(work|user) .*, t-(work|user) ' "$TMP/first"
one() { "$SDK" history --json "$1" | jq -r ".[-1] | $2"; }
is "what was built" "$(one t-work '"\(.package) \(.version) \(.result)"')" "t-work 1.0 built"
ok "with processes of processes" test "$(one t-work '."user-ms" + ."system-ms"')" -ge 450
ok "and no more than there can be" test "$(one t-work '."user-ms"')" -lt 60000
peak=$(one t-work '."peak-bytes"')
ok "the peak of the biggest process" test "$peak" -ge 157286400 -a "$peak" -lt 1073741824
is "the phases, in order" "$(one t-work '[.phases[].name] | join(" ")')" \
	"fetch unpack prepare configure compile check install strip package"
is "which follow each other" "$(one t-work '[.phases[]."after-ms"] | . == sort')" true
is "sizes of outputs" "$(one t-user '.outputs | map("\(.name)=\(.bytes)") | join(" ")')" "run=2"
is "one run for both" "$("$SDK" history --runs --json | jq -c 'map([.built, .jobs > 0, .reused])')" \
	'[[2,true,[]]]'
ok "a run with nothing to do" "$SDK" build t-user
is "is no run" "$("$SDK" history --runs --json | jq length)" 1
is "and has no summary" "$(grep -c built, "$TMP/.out")" 0

sed -i 's/echo 1/echo 2/' "$SDK_ROOT/recipes/t-user/recipe.yaml"
"$SDK" build t-user >"$TMP/second" 2>&1
ok "reuse is counted, with what it spared" grep -Eq '^1 built, 0 fetched, 1 reused in .*; building the others took [1-9]' "$TMP/second"
is "by name" "$("$SDK" history --runs --json | jq -c '.[-1].reused')" '["t-work"]'
fails "a failure" 1 't-fails' "$SDK" build -k t-fails t-user
is "is kept as one" "$(one t-fails .result)" failed
ok "a table for people" sh -c "'$SDK' history | grep -Eq '^[-0-9]{10} [0-9:]{5}  t-work +1.0 +[a-z0-9]+ +built '"
is "of the newest" "$("$SDK" history --last=1 | wc -l)" 2
fails "nothing is known of others" 3 'no recipe is called "zlib"' "$SDK" history zlib
fails "--runs takes no packages" 2 'takes no packages' "$SDK" history --runs zlib
echo '{"package":"t-work","arch":' >>"$SDK_OUT/history.jsonl"
fails "a torn line is named and passed over" 0 '1 lines of out/history.jsonl' "$SDK" history

# Two runs at once write whole lines.
for i in 1 2; do
	"$SDK" build --rebuild t-user t-work >"$TMP/run.$i" 2>&1 &
done
wait
is "runs at the same time tear nothing" "$("$SDK" history 2>&1 | grep -c "1 lines")" 1
# The longest goes first: that is known from the history, not from the recipes.
recipe a-quick '' <<'S'
install -Dm644 /dev/null "$DEST"/usr/share/a-quick
S
recipe z-slow '' <<'S'
sleep 1.5; install -Dm644 /dev/null "$DEST"/usr/share/z-slow
S
"$SDK" build -j1 a-quick z-slow >"$TMP/order" 2>&1
first() { sed -n 's/^start *\([a-z-]*\):.*/\1/p' "$TMP/order" | head -1; }
"$SDK" build -j1 --rebuild a-quick z-slow >"$TMP/order" 2>&1
is "what took long before starts first" "$(first)" z-slow
is "nothing else remembers seconds" "$(find "$SDK_OUT/keys" -name seconds)" ""
done_testing
