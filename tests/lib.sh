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
