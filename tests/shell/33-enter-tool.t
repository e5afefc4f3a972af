#!/bin/sh
# The SDK inside the environment: it is compiled anew when its sources have changed, and only then.
. "$(dirname "$0")/../lib.sh"
out=${SDK_OUT:-$SDK_TOP/out}
[ -d "$out/env" ] || skip_all "there is no environment: sdk create"
# A checkout whose program is a script: what is copied here is compiled elsewhere.
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
mkdir -p "$SDK_ROOT/src/cli" "$SDK_OUT"
ln -s "$SDK_TOP/bootstrap" "$SDK_ROOT/bootstrap"
ln -s "$out/env" "$SDK_OUT/env"
cat >"$SDK_ROOT/Makefile" <<'M'
$(BUILD)/sdk: $(BUILD)/object
	cp $(BUILD)/object $@; echo linked >>/sdk/out/made
$(BUILD)/object: src/cli/main.sh
	mkdir -p $(BUILD); install -m755 src/cli/main.sh $@; echo compiled >>/sdk/out/made
M
says() { printf '#!/bin/sh\n[ $# -eq 0 ] || exit 3\necho %s\n' "$1" >"$SDK_ROOT/src/cli/main.sh"; }
# inside COMMAND…: its output; what was made for it is in $SDK_OUT/made, what was told in $TMP/told.
inside() { : >"$SDK_OUT/made"; "$SDK" enter -- "$@" 2>"$TMP/told" </dev/null; }
made() { tr '\n' ' ' <"$SDK_OUT/made"; }

says one
is "the first time it is compiled" "$(inside sdk)" one
is "by the checkout's Makefile" "$(made)" "compiled linked "
ok "which is told" grep -q 'compiling the SDK for the environment' "$TMP/told"
is "it has its other names" "$(inside sh -c 'build-packages; build-image')" "one
one"

is "unchanged, it is there" "$(inside sdk)" one
is "at no cost" "$(made)" ""
is "and without a word" "$(cat "$TMP/told")" ""

says two
is "a change is seen inside" "$(inside sdk)" two
is "a new file is, too" "$(: >"$SDK_ROOT/src/cli/new.h"; inside sdk; grep -c compiling "$TMP/told")" "two
1"
is "for which make finds nothing to do" "$(made)" ""
rm "$SDK_ROOT/src/cli/new.h"
is "and one that is gone" "$(inside true; grep -c compiling "$TMP/told")" 1

echo '# a comment' >>"$SDK_ROOT/Makefile"
is "another Makefile may mean other options" "$(inside sdk)" two
is "for which everything is compiled" "$(made)" "compiled linked "

echo 'nonsense' >"$SDK_ROOT/src/cli/main.sh"
sed -i 's/install -m755/false/' "$SDK_ROOT/Makefile"
fails "what does not compile is not entered" 1 'the SDK does not compile inside' "$SDK" enter -- true
sed -i 's/false/install -m755/' "$SDK_ROOT/Makefile"
says three
is "mended, it is" "$(inside sdk)" three
rm "$SDK_OUT/tool/sdk"
is "a program that was lost is made again" "$(inside sdk)" three
rm "$SDK_OUT/tool/inputs"
is "one of which nothing is known as well" "$(inside sdk; grep -c compiling "$TMP/told")" "three
1"
done_testing
