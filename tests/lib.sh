# shellcheck shell=sh
# Small TAP helpers for the shell tests: sourced by each .t file. POSIX sh.
# A test says: plan N (or done_testing at the end), then ok "what" command…

set -u
SDK_TOP=${SDK_TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
SDK=${SDK:-$SDK_TOP/sdk}
export SDK SDK_TOP NO_COLOR=1
test_number=0
TMP=$(mktemp -d "${TMPDIR:-/tmp}/sdk-test.XXXXXX")
cleanup() { chmod -R u+rwX "$TMP" 2>/dev/null; rm -rf "$TMP"; }
trap 'cleanup' EXIT
trap 'exit 130' INT TERM

# result STATUS TEXT
result() {
	test_number=$((test_number + 1))
	if [ "$1" -eq 0 ]; then echo "ok $test_number - $2"; else echo "not ok $test_number - $2"; fi
}
# ok TEXT COMMAND…: passes when the command succeeds; its output is shown when it doesn't.
ok() {
	what=$1; shift
	if "$@" >"$TMP/.out" 2>&1; then result 0 "$what"; else result 1 "$what"; sed 's/^/# /' "$TMP/.out"; fi
}
# fails TEXT CODE PATTERN COMMAND…: exits with CODE and its output matches the extended regex.
fails() {
	what=$1 code=$2 pattern=$3; shift 3
	"$@" >"$TMP/.out" 2>&1; got=$?
	if [ "$got" -eq "$code" ] && grep -Eq -- "$pattern" "$TMP/.out"; then result 0 "$what"
	else result 1 "$what"; echo "# exit $got, wanted $code and /$pattern/"; sed 's/^/# /' "$TMP/.out"; fi
}
is() { # is TEXT GOT WANTED
	if [ "$2" = "$3" ]; then result 0 "$1"; else result 1 "$1"; echo "# got:    $2"; echo "# wanted: $3"; fi
}
skip() { test_number=$((test_number + 1)); echo "ok $test_number - $1 # SKIP $2"; }
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
done_testing() { echo "1..$test_number"; }
# own_checkout OPTION: SDK_ROOT, SDK_OUT and SDK_CACHE of the test's own, with neither packages nor boards. The
# environment and the toolchains are those of the checkout under test, by links; so are the downloads
# that a toolchain is made of: cp's OPTION is -l, or -s for who changes their times.
own_checkout() {
	out=${SDK_OUT:-$SDK_TOP/out}
	downloads=${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}/downloads
	[ -d "$out/env" ] || skip_all "there is no environment: sdk create"
	SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
	export SDK_ROOT SDK_OUT SDK_CACHE
	mkdir -p "$SDK_ROOT/recipes" "$SDK_ROOT/board-configs" "$SDK_OUT" "$SDK_CACHE/downloads" "$out/toolchain"
	for name in bootstrap toolchains recipes/.build-systems; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
	ln -s "$out/env" "$out/toolchain" "$SDK_OUT/"
	for dir in "$downloads"/*; do
		mkdir -p "$SDK_CACHE/downloads/${dir##*/}"
		cp "$1" "$dir"/* "$SDK_CACHE/downloads/${dir##*/}/" 2>/dev/null || cp "$dir"/* "$SDK_CACHE/downloads/${dir##*/}/"
	done
}
