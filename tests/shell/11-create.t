#!/bin/sh
# sdk create, status, delete: a small seed from a real HTTP server, with everything that can go wrong.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 for the HTTP server"
command -v ar >/dev/null || skip_all "no ar to make packages with"
cd "$SDK_TOP" || exit 1
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY SDK_OUT
KILLS=${KILLS:-50}

mkdir -p "$TMP/www" "$TMP/checkout/bootstrap" "$TMP/none"
: >"$TMP/log"
python3 tests/helpers/server.py "$TMP/www" "$TMP/port" "$TMP/log" &
server=$!
trap 'kill $server 2>/dev/null; umount "$TMP/small" 2>/dev/null; cleanup' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s "$TMP/port" ] && break; sleep 0.3; done
URL=http://127.0.0.1:$(cat "$TMP/port")

# package NAME GROUPS KILOBYTES: makes a .deb and its line of the lock.
package() {
	rm -rf "$TMP/deb"; mkdir -p "$TMP/deb/root/usr/share/$1" "$TMP/deb/root/usr/bin" "$TMP/deb/root/var/run"
	echo "$1" >"$TMP/deb/root/usr/bin/$1"
	head -c "$3"000 /dev/urandom >"$TMP/deb/root/usr/share/$1/data"
	ln "$TMP/deb/root/usr/share/$1/data" "$TMP/deb/root/usr/share/$1/hard"
	(cd "$TMP/deb" && echo 2.0 >debian-binary && tar -cf control.tar -C root ./usr/bin &&
		tar -cJf data.tar.xz -C root . && ar rc "$1.deb" debian-binary control.tar data.tar.xz)
	mv "$TMP/deb/$1.deb" "$TMP/www/"
	printf '%s\t1.0\tall\tmirror://debian/%s.deb\t%s\t%s\t%s\n' "$1" "$1" "$(stat -c %s "$TMP/www/$1.deb")" \
		"$(sha256sum "$TMP/www/$1.deb" | cut -d' ' -f1)" "$2"
}
lock() { printf 'suite\ttest\narch\t%s\n' "$arch"; cat "$TMP/lines"; }
case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
{
	for n in 10 11 12 13 14 15 16 17; do package "base$n" base 40; done
	package parser kernel,parsers 10
	package shared base,kernel,toolchain-arm64 10
	package toolchain toolchain-amd64 10
} >"$TMP/lines"
LOCK=$TMP/checkout/bootstrap/seed.$arch.lock
lock >"$LOCK"
cat >"$TMP/checkout/bootstrap/seed.yaml" <<X
suite: test
fixups:
  base:
    directories: [etc, build]
    links: {usr/bin/awk: base10, var/run: /run}
    files: {etc/hosts: "127.0.0.1 localhost\n"}
    copies: {etc/copy: usr/bin/base11}
    bundles: {etc/bundle: usr/bin}
  parsers:
    links: {usr/bin/yacc: parser}
X

export SDK_ROOT="$TMP/checkout" SDK_CACHE="$TMP/cache" SDK_APT_DIR="$TMP/none"
create() { SDK_MIRROR_DEBIAN=$URL/$1 "$SDK" create --out "$TMP/$2"; }
layers() { echo "$TMP/$1"/env/[0-9a-f]*/layers; }
published() { [ -d "$(layers "$1")" ]; }
tree() { (cd "$(layers "$1")" && find . -type f -exec sha256sum {} + -o -printf '%p %y %l\n' | LC_ALL=C sort); }
temporaries() { find "$TMP/$1/env" -maxdepth 1 -name '.tmp-*' | wc -l; }

# ---- what is made
fails "no mirror: says what to do" 3 'SDK_MIRROR_DEBIAN' "$SDK" create --out "$TMP/out"
ok "status before" sh -c "'$SDK' status --out '$TMP/out' | grep -q 'not created'"
create good out >"$TMP/said" 2>&1; is "creates" $? 0
ok "… and says so at once, in a log, too" grep -Eq 'creating the environment: 10 packages, [0-9.]+ MB to fetch' "$TMP/said"
ok "… and when it is done" grep -Eq 'the environment is there, after [0-9]+ s' "$TMP/said"
is "one layer for each set of groups" "$(ls "$(layers out)")" "$(printf '0\n1\n2')"
ok "base holds what is base's" test -f "$(layers out)/0/usr/bin/base10"
ok "… also what is base's among others" test -f "$(layers out)/0/usr/bin/shared"
ok "another set is in a layer of its own" sh -c "ls '$(layers out)'/*/usr/bin/parser | grep -qv /0/"
is "toolchains are not in it" "$(find "$TMP/out/env" -name toolchain | wc -l)" 0
is "… nor downloaded" "$(grep -c toolchain "$TMP/log")" 0
is "fix-ups: a link" "$(readlink "$(layers out)/0/usr/bin/awk")" base10
is "fix-ups: a link in a directory's place" "$(readlink "$(layers out)/0/var/run")" /run
is "fix-ups: a file" "$(cat "$(layers out)/0/etc/hosts")" "127.0.0.1 localhost"
is "fix-ups: a copy" "$(cat "$(layers out)/0/etc/copy")" base11
is "fix-ups: a bundle" "$(head -n 2 "$(layers out)/0/etc/bundle")" "$(printf 'base10\nbase10')"
ok "fix-ups: another group's, in its layer" sh -c "ls -d '$(layers out)'/[12]/usr/bin/yacc"
is "no temporary tree is left" "$(temporaries out)" 0
tree out >"$TMP/reference"
ok "status after" sh -c "'$SDK' status --out '$TMP/out' | grep -q 'ready'"
ok "status as JSON" sh -c "'$SDK' status --json --out '$TMP/out' | python3 -c 'import json,sys; assert json.load(sys.stdin)[\"environment\"][\"exists\"]'"
: >"$TMP/log"
ok "again: nothing to do" create good out
create error out2 >"$TMP/said" 2>&1; is "elsewhere: from the cache" $? 0
ok "… says that" grep -q '10 packages, all in the cache' "$TMP/said"
is "… without a request" "$(wc -l <"$TMP/log")" 0
tree out2 >"$TMP/second"
ok "… to the same tree" cmp "$TMP/reference" "$TMP/second"

# ---- what goes wrong
rm -rf "$TMP/cache"
fails "wrong bytes" 5 'base1[0-9].deb.*SHA-256' create wrong bad
ok "… publish nothing" test ! -e "$(layers bad)"
is "… leave no temporary tree" "$(temporaries bad)" 0
fails "truncated files" 4 'fetch [a-z0-9]*.deb' create truncated bad
ok "… are resumed" create good bad
rm -rf "$TMP/cache" "$TMP/bad"
fails "a redirect loop" 4 'redirects' create loop bad
fails "a mirror that is down" 4 'SDK_MIRROR_DEBIAN' env SDK_MIRROR_DEBIAN=http://127.0.0.1:1 "$SDK" create --out "$TMP/bad"
ok "a second mirror helps" env SDK_MIRROR_DEBIAN="http://127.0.0.1:1 $URL/good" "$SDK" create --out "$TMP/bad"
for f in "$TMP"/cache/downloads/*/*base12.deb; do printf x | dd of="$f" bs=1 seek=2000 conv=notrunc 2>/dev/null; done
fails "a file damaged in the cache" 5 'damaged in the download cache' create good damaged
ok "… is fetched again" create good damaged
sed 's/\t1.0\t/\t1.0/' "$LOCK" >"$TMP/lock" && cp "$LOCK" "$TMP/lock.good" && cp "$TMP/lock" "$LOCK"
fails "a lock that is damaged" 3 "seed.$arch.lock:3" "$SDK" create --out "$TMP/out3"
cp "$TMP/lock.good" "$LOCK"
sed 's/links/lnks/' "$TMP/checkout/bootstrap/seed.yaml" >"$TMP/seed" && mv "$TMP/checkout/bootstrap/seed.yaml" "$TMP/seed.good"
cp "$TMP/seed" "$TMP/checkout/bootstrap/seed.yaml"
fails "a misspelt fix-up" 3 'did you mean .?links' "$SDK" create --out "$TMP/out3"
mv "$TMP/seed.good" "$TMP/checkout/bootstrap/seed.yaml"

# A package that would write outside.
cp "$TMP/lines" "$TMP/lines.good"
rm -rf "$TMP/deb"; mkdir -p "$TMP/deb/x"; echo evil >"$TMP/deb/evil"
(cd "$TMP/deb/x" && tar -cPJf ../data.tar.xz ../evil && cd .. && echo 2.0 >debian-binary && ar rc "$TMP/www/evil.deb" debian-binary data.tar.xz)
printf 'zevil\t1\tall\tmirror://debian/evil.deb\t%s\t%s\tbase\n' "$(stat -c %s "$TMP/www/evil.deb")" \
	"$(sha256sum "$TMP/www/evil.deb" | cut -d' ' -f1)" >>"$TMP/lines"
lock >"$LOCK"
fails "a package that would write outside" 5 '"\.\." in the path' create good evil
ok "… publishes nothing" test ! -e "$(layers evil)"
cp "$TMP/lines.good" "$TMP/lines"; lock >"$LOCK"

if [ "$(id -u)" -eq 0 ] && mkdir "$TMP/small" && mount -t tmpfs -o size=300k none "$TMP/small" 2>/dev/null; then
	fails "a full disk" 6 'No space left' "$SDK" create --out "$TMP/small/out"
	"$SDK" create --out "$TMP/small/out" >"$TMP/full" 2>&1
	ok "… with what to do" grep -q 'make room' "$TMP/full"
	is "… leaves nothing behind" "$(find "$TMP/small/out/env" -mindepth 1 | wc -l)" 0
else
	for t in 1 2 3; do skip "a full disk ($t)" "mounting a small tmpfs needs root"; done
fi

# ---- two at once, and interrupted
rm -rf "$TMP/cache"
create late twice >"$TMP/one" 2>&1 & one=$!
sleep 0.2
create late twice >"$TMP/two" 2>&1; two=$?
wait $one; is "two at once: the first succeeds" $? 0
is "… the second too" $two 0
ok "… and has said that it waits" grep -q 'waiting' "$TMP/two"
tree twice >"$TMP/second"
ok "… to the same tree" cmp "$TMP/reference" "$TMP/second"

rm -rf "$TMP/cache"
SDK_MIRROR_DEBIAN=$URL/stall timeout --preserve-status -s INT 1 "$SDK" create --out "$TMP/int" >/dev/null 2>&1
is "Ctrl-C ends it" $? 130
sleep 0.1
is "… and all of its processes" "$(pgrep -fc "$TMP/int")" 0
ok "… the next run goes on" create good int
tree int >"$TMP/second"
ok "… to the same tree" cmp "$TMP/reference" "$TMP/second"

# Killed at random points, from a cold and from a warm cache.
wrong=0 whole=0 n=0
while [ $n -lt "$KILLS" ]; do
	n=$((n + 1))
	[ $((n % 10)) -eq 1 ] && rm -rf "$TMP/cache"
	mode=good; [ $((n % 3)) -eq 0 ] && mode=slow
	delay=0.$(printf '%03d' $(($(od -An -N2 -tu2 /dev/urandom) % 250)))
	SDK_MIRROR_DEBIAN=$URL/$mode timeout -s KILL "$delay" "$SDK" create --out "$TMP/kill" >/dev/null 2>&1
	if published kill; then
		whole=$((whole + 1))
		tree kill >"$TMP/second"
		cmp -s "$TMP/reference" "$TMP/second" || wrong=$((wrong + 1))
		rm -rf "$TMP/kill/env"
	fi
done
is "$KILLS kills: what was published ($whole times) was always whole" $wrong 0
ok "… and the run after them succeeds" create good kill
tree kill >"$TMP/second"
ok "… to the same tree" cmp "$TMP/reference" "$TMP/second"
is "… and clears what they left" "$(temporaries kill)" 0

# ---- delete
fails "delete asks" 2 '\-\-yes' "$SDK" delete --out "$TMP/out" </dev/null
ok "… and keeps all then" published out
ok "delete --yes" "$SDK" delete --yes --out "$TMP/out"
ok "… removes the environment" test ! -e "$TMP/out/env"
ok "… and not the cache" test -d "$TMP/cache/downloads"
ok "delete --cache removes it" "$SDK" delete --yes --cache --out "$TMP/out"
ok "… indeed" test ! -e "$TMP/cache/downloads"
done_testing
