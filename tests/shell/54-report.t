#!/bin/sh
# The report: one page that needs nothing else, the same from the same inputs, and what a browser
# makes of it. SDK_TEST_SCREENSHOTS=DIR keeps pictures of it for people to look at.
. "$(dirname "$0")/../lib.sh"
SDK_ROOT=$TMP/checkout SDK_OUT=$TMP/out SDK_CACHE=$TMP/cache
export SDK_ROOT SDK_OUT SDK_CACHE
mkdir -p "$SDK_ROOT/recipes" "$SDK_ROOT/board-configs/t-board" "$SDK_OUT" "$SDK_CACHE"
for name in bootstrap toolchains; do ln -s "$SDK_TOP/$name" "$SDK_ROOT/$name"; done
ln -s "$SDK_TOP/recipes/.build-systems" "$SDK_ROOT/recipes/.build-systems"
ok "there is an environment" env -u SDK_CACHE SDK_ROOT="$SDK_TOP" SDK_OUT="$SDK_TOP/out" "$SDK" create
mkdir -p "$SDK_TOP/out/toolchain"
for name in env toolchain; do ln -s "$SDK_TOP/out/$name" "$SDK_OUT/$name"; done
ln -s "${XDG_CACHE_HOME:-$HOME/.cache}/sdk/downloads" "$SDK_CACHE/downloads"
arch=$(dpkg --print-architecture 2>/dev/null || echo amd64)
cat >"$SDK_ROOT/board-configs/t-board/board.yaml" <<Y
summary: For the tests
arch: $arch
extends: mini
packages: [-linux, -busybox, t-top, t-other, t-evil]
Y
ln -s "$SDK_TOP/board-configs/mini" "$SDK_ROOT/board-configs/mini"
recipe() { # recipe NAME DEPENDENCIES SECONDS BYTES
	mkdir -p "$SDK_ROOT/recipes/$1"
	cat >"$SDK_ROOT/recipes/$1/recipe.yaml" <<-Y
	name: $1
	version: "1.0"
	summary: 'For the tests ${5:-}'
	license: MIT
	sources: []
	build: copy
	libc: false
	depends: {target: [$2]}
	phases:
	  install: |
	    sleep $3
	    mkdir -p "\$DEST"/usr/share/t; head -c $4 /dev/zero >"\$DEST"/usr/share/t/$1
	Y
}
recipe t-base '' 0.1 1000
recipe t-middle t-base 1.2 3000
recipe t-top 't-middle, t-base' 0.1 500
recipe t-other '' 0.1 2000
# What would end the data, start markup, or be taken for an entity.
recipe t-evil t-base 0.1 700 '</script><script>document.title = "broken"</script><!-- &lt; <img src=x onerror=alert(1)> " \ é'
page=$TMP/page.html

fails "without a build there is a page, too" 0 "^$page\$" "$SDK" report --board=t-board -o "$page"
ok "the board builds" "$SDK" build -j2 --board=t-board
fails "it goes to out/ by default" 0 "^$SDK_OUT/report-t-board.html\$" "$SDK" report --board=t-board
ok "and elsewhere when told" "$SDK" report --board=t-board -o "$page" --date='3 May'
"$SDK" report --board=t-board -o "$TMP/again.html" --date='3 May' >/dev/null
ok "same inputs, same bytes" cmp "$page" "$TMP/again.html"
is "nothing but the data ends the data" "$(grep -c '</script>' "$page")" 2
is "nothing is loaded" "$(grep -Eic '(src|href)="?(https?:)?//|@import|url\(|<link[^>]*stylesheet|<img' "$page")" 0
ok "and nothing may be" grep -q "Content-Security-Policy\" content=\"default-src 'none'" "$page"
fails "an unknown run" 3 'no run "nonsense"' "$SDK" report --board=t-board --run=nonsense
fails "an unknown board" 3 'did you mean "?t-board' "$SDK" report --board=t-bord
json() { "$SDK" report --board=t-board --json | jq -c "$1"; }
is "all packages, by name" "$(json '[.packages[].name] | join(" ")')" '"t-base t-evil t-middle t-other t-top"'
is "sizes" "$(json '[.packages[].outputs.run]')" '[1000,700,3000,2000,500]'
is "the critical path" "$(json '[.run.builds[] | select(.critical).package]')" '["t-base","t-middle","t-top"]'
is "arrows that follow from others are left out" "$(json '.packages[] | select(.name == "t-top") | .edges')" '["t-middle"]'
is "what is escaped is not changed" "$(json '.packages[] | select(.name == "t-evil").summary' | grep -c '<!-- &lt; <img src=x onerror=alert(1)> \\" \\\\ é')" 1
run=$("$SDK" history --runs --json | jq -r '.[0].run')
"$SDK" build --rebuild t-other >/dev/null 2>&1
is "the newest run is drawn" "$(json '[.run.builds[].package]')" '["t-other"]'
recipe t-elsewhere '' 0.1 10
"$SDK" build t-elsewhere >/dev/null 2>&1
is "a run with none of the board's packages is not" "$(json '[.run.builds[].package]')" '["t-other"]'
is "or the one asked for" "$("$SDK" report --board=t-board --run="$run" --json | jq '.run.builds | length')" 5

# ---- in a browser
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
	skip "what a browser makes of the page" "no chromium here (Debian: apt install chromium)"
	done_testing
	exit
fi
chrome() { # chrome WIDTH ARGUMENT…
	width=$1; shift
	timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
		--user-data-dir="$TMP/profile" --window-size="$width,2000" --enable-logging=stderr \
		--virtual-time-budget=2000 "$@" "file://$page" 2>"$TMP/browser.log"
}
chrome 1280 --dump-dom >"$TMP/dom"
count() { grep -o "$1" "$TMP/dom" | wc -l; }
is "its program ran to the end" "$(grep -c 'CONSOLE.*\(Uncaught\|Refused\)' "$TMP/browser.log")" 0
is "a title that no package changed" "$(sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' "$TMP/dom")" "t-board · Dray SDK"
is "a bar for each build" "$(count 'class="build"')" 5
is "three of them on the critical path" "$(count '<rect class="critical"')" 3
is "a cell for each package" "$(count 'class="cell"')" 5
is "a node for each" "$(count 'class="node')" 5
is "an arrow for each dependency" "$(count 'class="edge')" 3
is "a row for each" "$(count '<tr><td')" 5
is "no element made of a package's words" "$(count '<img')" 0
is "the date that was given" "$(count '3 May')" 2
# A click by program: the table sorts, biggest first; the graph lights what belongs together.
sed 's|</body>|<script>document.querySelectorAll("#table th button")[6].click();document.querySelector(".node[data-name=t-middle]").dispatchEvent(new Event("click"));</script></body>|' \
	"$page" >"$TMP/clicked.html"
page=$TMP/clicked.html
chrome 1280 --dump-dom >"$TMP/dom"
first_row=$(grep -o '<tr><td[^>]*>[a-z-]*' "$TMP/dom" | head -1 | sed 's/.*>//')
is "a click sorts the table" "$first_row" t-middle
is "and lights what a package needs and what needs it" "$(count 'class="node[^"]*faded')" 2
page=$TMP/page.html
for width in 1280 390; do
	chrome $width --screenshot="$TMP/$width.png" >/dev/null
	ok "a picture, $width wide" test "$(stat -c %s "$TMP/$width.png")" -gt 10000
	# On a telephone the page itself does not scroll sideways; its charts do.
	sed 's|</body>|<script>document.title = document.documentElement.scrollWidth \&lt;= innerWidth;</script></body>|; s|\&lt;=|<=|' \
		"$TMP/page.html" >"$TMP/width.html"
	page=$TMP/width.html
	is "which is not wider than that" "$(chrome $width --dump-dom | sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p')" true
	page=$TMP/page.html
	[ -z "${SDK_TEST_SCREENSHOTS:-}" ] || cp "$TMP/$width.png" "$SDK_TEST_SCREENSHOTS/report-$width.png"
done
done_testing
