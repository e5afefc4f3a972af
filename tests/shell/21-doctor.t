#!/bin/sh
# sdk doctor: what it finds on machines that lack something. (Namespaces are switched off inside one.)
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 to read JSON with"
cd "$SDK_TOP" || exit 1
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY
export SDK_OUT="$TMP/out" SDK_CACHE="$TMP/cache"
export SDK_MIRROR_DEBIAN=http://127.0.0.1:1/x SDK_MIRROR_DEBIAN_SECURITY="file://$TMP/mirror"
mkdir -p "$TMP/mirror/dists/trixie-security"
echo index >"$TMP/mirror/dists/trixie-security/InRelease"
# finding NAME FIELD: of $TMP/json, one a line
finding() {
	python3 -c 'import json, sys
for f in json.load(open(sys.argv[1]))["findings"]:
    if f["name"] == sys.argv[2]: print(f[sys.argv[3]])' "$TMP/json" "$@"
}

"$SDK" doctor --json >"$TMP/json" 2>"$TMP/err"
is "a mirror that can't be reached, and nothing cached: exit 6" $? 6
is "… is bad; another one may be well" "$(finding mirror verdict | tr '\n' ' ')" "bad good "
ok "… with what to do" sh -c "grep -q SDK_MIRROR_DEBIAN '$TMP/json'"
is "stderr is quiet" "$(cat "$TMP/err")" ""
is "looking leaves nothing behind" "$(find "$TMP/out" "$TMP/cache/indexes" -mindepth 1 2>/dev/null)" ""
is "it tells of the machine" "$(finding machine text | grep -c processors)" 1
is "… and of KVM" "$(finding kvm verdict | grep -Ec 'good|slow')" 1

if unshare -Ur true 2>/dev/null; then
	is "sandboxes work where namespaces do" "$(finding namespaces verdict) $(finding overlay verdict)" "good good"
	# shellcheck disable=SC2016
	unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; "$SDK" doctor --json' >"$TMP/json" 2>&1
	is "no more user namespaces: exit 6" $? 6
	ok "… names the sysctl" sh -c "grep -q 'sysctl -w user.max_user_namespaces' '$TMP/json'"
	is "… and says the rest all the same" "$(finding machine verdict)" good
else
	for what in sandboxes exit sysctl rest; do skip "$what" "no user namespaces here"; done
fi
SDK_OUT=/proc/nowhere "$SDK" doctor --json >"$TMP/json" 2>&1
is "a place that is not writable: exit 6" $? 6
is "… is bad" "$(finding space verdict)" bad
fails "plain text says it, too" 6 "^FAIL +mirror .*" "$SDK" doctor
fails "quiet: trouble alone" 6 "can't build yet" "$SDK" -q doctor
ok "… no good news" sh -c "! '$SDK' -q doctor | grep -q '^ok'"

# ---- a checkout with something wrong in it
mkdir -p "$TMP/checkout/recipes/t-good" "$TMP/checkout/recipes/t-bad"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$TMP/checkout/$name"; done
ln -s "$SDK_TOP/recipes/.build-systems" "$TMP/checkout/recipes/.build-systems"
printf 'name: t-good\nversion: 1.0\nsummary: Good\nlicense: MIT\nsources: []\nbuild: copy\n' \
	>"$TMP/checkout/recipes/t-good/recipe.yaml"
printf 'name: t-bad\nversoin: 1.0\n' >"$TMP/checkout/recipes/t-bad/recipe.yaml"
look() { SDK_ROOT="$TMP/checkout" HOME="$TMP" XDG_CONFIG_HOME="$TMP" "$SDK" doctor --json >"$TMP/json" 2>&1; }
look
is "a recipe that can't be read is named" "$(finding recipes text)" "1 of 2 can't be read: t-bad"
is "no git repository, no commits" "$(finding commits verdict)" slow
rm -r "$TMP/checkout/recipes/t-bad"
git init -q "$TMP/checkout"
git -C "$TMP/checkout" config user.name Doctor
git -C "$TMP/checkout" config user.email doctor@example.org
printf 'binhosts:\n  - {name: gone, url: "file://%s/gone", keys: [%s]}\n' "$TMP" \
	"0123456789012345678901234567890123456789" >"$TMP/checkout/sdk.yaml"
look
is "all recipes can be read" "$(finding recipes text)" "1, all can be read"
is "who commits" "$(finding commits text)" "are made as Doctor <doctor@example.org>"
is "a binhost that is not there" "$(finding binhost verdict)" slow
ok "… by its name" sh -c "grep -q 'gone' '$TMP/json'"
printf 'repos:\n  - {name: company, url: "file://%s/company"}\n' "$TMP" >"$TMP/checkout/sdk.yaml"
look
is "an overlay that was not fetched" "$(finding recipes verdict)" bad
ok "… how to fetch it" sh -c "grep -q 'sdk sync' '$TMP/json'"

# ---- bootstrap/install-deps, as distributions without apt see it
mkdir "$TMP/bin"
for tool in sh sed sort tr id env; do ln -s "$(command -v $tool)" "$TMP/bin/$tool"; done
for manager in dnf zypper pacman; do
	printf '#!/bin/sh\nexit 1\n' >"$TMP/bin/$manager"; chmod +x "$TMP/bin/$manager"
	fails "install-deps names packages for $manager" 6 "$manager .*libarchive" \
		env -i PATH="$TMP/bin" sh bootstrap/install-deps
	rm "$TMP/bin/$manager"
done
fails "install-deps: an unknown argument" 2 'unknown argument' bootstrap/install-deps --frobnicate
ok "install-deps installs nothing where nothing is missing" env DEBIAN_FRONTEND=x bootstrap/install-deps
done_testing
