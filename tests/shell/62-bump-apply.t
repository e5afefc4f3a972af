#!/bin/sh
# sdk bump: recipes taken to another version, with real sandboxes, a real HTTP server and git.
. "$(dirname "$0")/../lib.sh"
command -v python3 >/dev/null || skip_all "no python3 for the HTTP server"
command -v git >/dev/null || skip_all "no git"
command -v gpg-agent >/dev/null || skip_all "no gpg-agent to sign with"
cd "$SDK_TOP" || exit 1
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY
# A checkout, a state and a cache of its own; environment, toolchain and downloads are shared.
WWW=$TMP/www CHECKOUT=$TMP/checkout GPG=$TMP/gpg
mkdir -p "$WWW/pages" "$WWW/pool" "$CHECKOUT/recipes" "$CHECKOUT/tests/shell" "$TMP/home" "$TMP/out" "$TMP/none"
for name in bootstrap toolchains board-configs; do ln -s "$SDK_TOP/$name" "$CHECKOUT/$name"; done
ln -s "$SDK_TOP/recipes/.build-systems" "$CHECKOUT/recipes/.build-systems"
"$SDK" create >"$TMP/create.log" 2>&1 || skip_all "no environment: $(tail -1 "$TMP/create.log")"
mkdir -p "${SDK_OUT:-$SDK_TOP/out}/toolchain" "$TMP/cache"
for name in env toolchain; do ln -s "${SDK_OUT:-$SDK_TOP/out}/$name" "$TMP/out/$name"; done
ln -s "${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}/downloads" "$TMP/cache/downloads"
: >"$TMP/log"
python3 tests/helpers/server.py "$WWW" "$TMP/port" "$TMP/log" &
server=$!
mkdir -m 700 "$GPG"
trap 'kill $server 2>/dev/null; GNUPGHOME=$GPG gpgconf --kill all; cleanup' EXIT
for _ in $(seq 100); do [ -s "$TMP/port" ] && break; sleep 0.3; done
URL=http://127.0.0.1:$(cat "$TMP/port")/good
export SDK_ROOT="$CHECKOUT" SDK_OUT="$TMP/out" SDK_CACHE="$TMP/cache" HOME="$TMP/home"
export SDK_MIRROR_DEBIAN="$URL/debian" SDK_MIRROR_DEBIAN_SECURITY="$URL/security" SDK_APT_DIR="$TMP/none"
export GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@example.org
git config --global user.name "Tess Ter"; git config --global user.email tess@example.org
gpg() { command gpg --homedir "$GPG" --batch --quiet --no-tty "$@"; }
for who in upstream stranger; do
	gpg --passphrase '' --quick-gen-key "$who@example.org" ed25519 sign never 2>/dev/null
done
# tarball NAME VERSION: what lies in $TMP/t/NAME-VERSION.
tarball() {
	tar -C "$TMP/t" --mtime=@1700000000 --sort=name -czf "$WWW/pool/$1-$2.tar.gz" "$1-$2"
}
# src NAME VERSION: a small source, of 40 numbered lines.
src() {
	mkdir -p "$TMP/t/$1-$2"
	seq 1 40 | sed "s/^/line /" >"$TMP/t/$1-$2/lines"
	printf 'Permission is hereby granted, free of charge, to any person obtaining a copy\nThe above copyright notice and this permission notice\n' >"$TMP/t/$1-$2/LICENSE"
	echo "AC_INIT([$1], [$2])" >"$TMP/t/$1-$2/configure.ac"
	echo "$1 $2" >"$TMP/t/$1-$2/file"
}
recipe() { # recipe NAME VERSION: the recipe, with comments in odd places; more from stdin
	mkdir -p "$CHECKOUT/recipes/$1"
	file=$WWW/pool/$1-$2.tar.gz
	{
		cat <<-X
		# The recipe of $1.
		name: $1
		version:   '$2'   # $2 is the newest

		summary: For the tests # of it
		license: MIT
		sources:
		    # where it is
		  - urls: ["$URL/pool/$1-\${version}.tar.gz"] # $2
		    size: $(wc -c <"$file")   # bytes

		    sha256: "$(sha256sum <"$file" | cut -c1-64)"
		upstream: {check: "$URL/pages/$1", match: '$1-([0-9.]+)\.tar'}
		build: copy # no compiler
		libc: false
		X
		cat
	} >"$CHECKOUT/recipes/$1/recipe.yaml"
}
phases='phases:
  # what it is made of
  install: |
    install -Dm644 "$SRC"/file "$DEST"/usr/share/$NAME/file
    install -Dm644 "$SRC"/lines "$DEST"/usr/share/$NAME/lines'
bump() { "$SDK" bump --from=upstream "$@"; }
# all but the three values, of two files
rest() { sed "s/^version: .*/version/; s/^    size: .*/size/; s/^    sha256: .*/sha256/" "$1"; }

# ---- one package, edited, compared, committed
src one 1.9; tarball one 1.9; recipe one 1.9 <<X
$phases
X
src one 1.10; echo new >"$TMP/t/one-1.10/extra"
echo 'PKG_CHECK_MODULES([Z], [zlib >= 1.2])' >>"$TMP/t/one-1.10/configure.ac"
echo "and another condition" >>"$TMP/t/one-1.10/LICENSE"
tarball one 1.10
echo '<a href="one-1.10.tar.gz">' >"$WWW/pages/one"
cat >"$CHECKOUT/tests/shell/10-one.t" <<'X'
#!/bin/sh
# touches: zero one two
echo "ok 1 - $SDK_ROOT"; echo "1..1"; : >"$SDK_ROOT/../tested"
X
printf '#!/bin/sh\n# touches: one\necho "1..0 # SKIP no machine"\n' >"$CHECKOUT/tests/shell/20-skips.t"
(cd "$CHECKOUT" && git init -q && git add -A && git commit -qm start)
cp "$CHECKOUT/recipes/one/recipe.yaml" "$TMP/one.before"
ok "the old version builds" "$SDK" build one
echo dirty >"$CHECKOUT/recipes/one/dirt"
fails "--commit wants a clean directory" 3 'recipes/one/dirt has changes that are not committed' bump one --commit
rm "$CHECKOUT/recipes/one/dirt"
ok "and nothing was changed" cmp "$TMP/one.before" "$CHECKOUT/recipes/one/recipe.yaml"
echo elsewhere >"$CHECKOUT/tests/other"
ok "a bump to the newest" sh -c "'$SDK' bump --from=upstream one --arch=amd64 --signoff >'$TMP/summary' 2>'$TMP/err'"
sed 's/^/# /' "$TMP/summary"
ok "changes the version, keeping quotes and comment" \
	grep -q "^version:   '1.10'   # 1.9 is the newest\$" "$CHECKOUT/recipes/one/recipe.yaml"
ok "the digest" grep -q "^    sha256: \"$(sha256sum <"$WWW/pool/one-1.10.tar.gz" | cut -c1-64)\"\$" "$CHECKOUT/recipes/one/recipe.yaml"
ok "the size" grep -q "^    size: $(wc -c <"$WWW/pool/one-1.10.tar.gz")   # bytes\$" "$CHECKOUT/recipes/one/recipe.yaml"
is "and no other byte" "$(rest "$CHECKOUT/recipes/one/recipe.yaml")" "$(rest "$TMP/one.before")"
ok "the summary begins with the versions" grep -q '^### one 1.9 → 1.10$' "$TMP/summary"
ok "says that a licence file changed" grep -q 'LOOK: licence file changed: LICENSE' "$TMP/summary"
ok "what the build files ask for" grep -q 'ask for something new: module zlib' "$TMP/summary"
ok "what changed in the package" grep -q '^  - files changed: 1$' "$TMP/summary"
ok "that the test which touches it passes" grep -q '^- tests/shell/10-one.t: passes' "$TMP/summary"
ok "and one that skips is no pass" grep -q '^- tests/shell/20-skips.t: skipped' "$TMP/summary"
ok "the test ran" test -e "$TMP/tested"
log() { git -C "$CHECKOUT" log -1 "$@"; }
is "the commit's subject" "$(log --format=%s)" "one: update to 1.10"
is "its author" "$(log --format=%ae)" "tess@example.org"
ok "is signed off" sh -c "git -C '$CHECKOUT' log -1 --format=%B | grep -q '^Signed-off-by: Tess Ter <tess@example.org>'"
is "it holds the recipe and nothing else" "$(log --name-only --format=)" "recipes/one/recipe.yaml"
is "which leaves the rest as it was" "$(git -C "$CHECKOUT" status --porcelain)" "?? tests/other"
ok "nothing newer is no failure" sh -c "'$SDK' bump --from=upstream one 2>/dev/null | grep -q 'nothing newer'"

# ---- patches
src two 1.0; tarball two 1.0; recipe two 1.0 <<X
$phases
X
mkdir "$CHECKOUT/recipes/two/patches"
patch() { # patch NUMBER NAME SED-EXPRESSION: what it changes in lines, with a header
	sed "$3" "$TMP/t/two-1.0/lines" >"$TMP/lines"
	{ printf 'Why %s.\n\nForwarded: no\n' "$2"
	  diff -u --label a/lines --label b/lines "$TMP/t/two-1.0/lines" "$TMP/lines"
	} >"$CHECKOUT/recipes/two/patches/$1-$2.patch"
}
patch 1 stays 's/line 5$/line five/'
patch 2 upstream 's/line 15$/line fifteen/'
patch 3 moved 's/line 35$/line thirty-five/'
src two 1.1
sed -i 's/line 15$/line fifteen/; s/^line 25$/line 25\nline 25 and a half/' "$TMP/t/two-1.1/lines"
tarball two 1.1
ok "patches are tried on the new source" sh -c "'$SDK' bump --from=upstream two 1.1 --no-build >'$TMP/summary' 2>'$TMP/err'"
sed 's/^/# /' "$TMP/summary"
ok "one that fits stays" grep -q '^- patch 1-stays.patch: fits$' "$TMP/summary"
ok "one that upstream took goes" sh -c "grep -q '2-upstream.patch: removed' '$TMP/summary' && ! [ -e '$CHECKOUT/recipes/two/patches/2-upstream.patch' ]"
ok "one that moved is written anew" grep -q '^- patch 3-moved.patch: written anew' "$TMP/summary"
is "with its head" "$(head -3 "$CHECKOUT/recipes/two/patches/3-moved.patch" | tr '\n' '|')" "Why moved.||Forwarded: no|"
ok "and the right lines" grep -q '^@@ -33,7 +33,7 @@' "$CHECKOUT/recipes/two/patches/3-moved.patch"
ok "with which it builds" "$SDK" build two
src two 1.2; sed -i 's/line 35$/line 3.5/' "$TMP/t/two-1.2/lines"; tarball two 1.2
cp -r "$CHECKOUT/recipes/two" "$TMP/two.before"
fails "a hunk that fails is named" 3 'two/patches/3-moved.patch fails: hunk 1 of lines, at line 33' bump two 1.2 --no-build
ok "and nothing is changed" diff -r "$TMP/two.before" "$CHECKOUT/recipes/two"
if command -v python3 >/dev/null; then
	cat >"$TMP/person.py" <<-'X'
	import os, pty, sys
	# A person at a terminal: pairs of what is waited for and what is typed then, "" for Ctrl-D.
	at = sys.argv.index("--")
	steps = list(zip(sys.argv[1:at:2], sys.argv[2:at:2]))
	pid, fd = pty.fork()
	if pid == 0:
	    os.execvp(sys.argv[at + 1], sys.argv[at + 1:])
	seen, new = b"", b""
	while True:
	    try:
	        chunk = os.read(fd, 4096)
	    except OSError:
	        break
	    if not chunk:
	        break
	    seen += chunk
	    new += chunk
	    if steps and steps[0][0].encode() in new:
	        new = b""
	        os.write(fd, (steps.pop(0)[1] + "\n").encode())
	sys.stdout.buffer.write(seen)
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	X
	person() { timeout 120 python3 "$TMP/person.py" "$@" -- "$SDK" bump --from=upstream two 1.2 --no-build; }
	prompt='/work/b $ '
	fails "at a terminal there is a shell to mend it" 3 '3-moved.patch fails' person \
		"$prompt" "sed -i 's/line 3.5\$/line thirty-five!/' lines; ls nothing*; exit" 'mended?' 'what' 'mended?' l
	fails "a run without a terminal leaves the work" 3 'it is being mended' bump two 1.2 --no-build
	ok "which is there the next time" person "$prompt" "grep -q thirty-five! lines; exit \$?" \
		'mended?' y 'rejected hunks are left' '' "$prompt" 'rm *.rej; false' "$prompt" exit 'mended?' y
	ok "and becomes the patch" grep -q '^+line thirty-five!$' "$CHECKOUT/recipes/two/patches/3-moved.patch"
	is "under its old head" "$(head -1 "$CHECKOUT/recipes/two/patches/3-moved.patch")" "Why moved."
	src two 1.3; sed -i 's/line 35$/line 3.6/' "$TMP/t/two-1.3/lines"; tarball two 1.3
	person13() { timeout 120 python3 "$TMP/person.py" "$@" -- "$SDK" bump --from=upstream two 1.3 --no-build; }
	fails "what is given up" 3 '3-moved.patch fails' person13 "$prompt" "echo >lost; exit" 'mended?' a
	fails "begins anew" 3 '3-moved.patch fails: hunk' person13 "$prompt" "ls lost && exit" "$prompt" exit 'mended?' a
fi

# ---- signatures
src three 1.0; tarball three 1.0; recipe three 1.0 </dev/null
gpg --armor --export upstream@example.org >"$CHECKOUT/recipes/three/upstream.asc"
sed -i 's|^upstream:.*|    signature: {url: "'"$URL"'/pool/three-1.0.tar.gz.asc", key: upstream.asc}|' "$CHECKOUT/recipes/three/recipe.yaml"
printf '%s\n' "$phases" >>"$CHECKOUT/recipes/three/recipe.yaml"
src three 1.1; tarball three 1.1
gpg -u stranger@example.org --armor --detach-sign --output "$WWW/pool/three-1.1.tar.gz.asc" "$WWW/pool/three-1.1.tar.gz"
cp "$CHECKOUT/recipes/three/recipe.yaml" "$TMP/three.before"
fails "a stranger's signature is refused" 5 "three-1.1.tar.gz: upstream's signature" bump three 1.1 --no-build
ok "and the recipe stays" cmp "$TMP/three.before" "$CHECKOUT/recipes/three/recipe.yaml"
rm "$WWW/pool/three-1.1.tar.gz.asc"
gpg -u upstream@example.org --armor --detach-sign --output "$WWW/pool/three-1.1.tar.gz.asc" "$WWW/pool/three-1.1.tar.gz"
ok "upstream's counts" sh -c "'$SDK' bump --from=upstream three 1.1 --no-build 2>/dev/null | grep -q 'three-1.1.tar.gz: signature good (upstream.asc)'"
ok "its address follows" grep -q "pool/three-1.1.tar.gz.asc" "$CHECKOUT/recipes/three/recipe.yaml"
src three 1.2; tarball three 1.2
gpg -u upstream@example.org --armor --detach-sign --output "$WWW/pool/three-1.2.tar.gz.asc" "$WWW/pool/three-1.2.tar.gz"
echo "and more" >>"$TMP/t/three-1.2/file"; tarball three 1.2
fails "a tarball changed since is refused" 5 "three-1.2.tar.gz: upstream's signature: .*the text is not what was signed" bump three 1.2 --no-build
gunzip -c "$WWW/pool/three-1.2.tar.gz" >"$TMP/plain.tar"
sed -i 's|tar.gz.asc|tar.sign|' "$CHECKOUT/recipes/three/recipe.yaml"
gpg -u upstream@example.org --armor --detach-sign --output "$WWW/pool/three-1.2.tar.sign" "$TMP/plain.tar"
ok "one of the tar without its compression as well" sh -c "'$SDK' bump --from=upstream three 1.2 --no-build 2>/dev/null | grep -q 'signature good'"

# ---- what can't be had, and a build that fails
cp "$CHECKOUT/recipes/one/recipe.yaml" "$TMP/one.before"
fails "a version that is nowhere" 4 'one 7.7.*HTTP 404' bump one 7.7
echo '<html>not found</html>' >"$WWW/pool/one-7.8.tar.gz"
fails "a page in place of an archive" 3 'one-7.8.tar.gz' bump one 7.8
ok "leave the recipe alone" cmp "$TMP/one.before" "$CHECKOUT/recipes/one/recipe.yaml"
src one 2.0; rm "$TMP/t/one-2.0/file"; tarball one 2.0
fails "a build that fails" 1 'sdk bump --undo one. takes it back' bump one 2.0 --arch=amd64
ok "leaves the recipe at the new version" grep -q "^version:   '2.0'" "$CHECKOUT/recipes/one/recipe.yaml"
cp "$CHECKOUT/recipes/one/recipe.yaml" "$TMP/one.edited"
sed -i '/SRC.*file/d' "$CHECKOUT/recipes/one/recipe.yaml"
fails "an edited recipe is not put back" 3 'was edited after the bump' bump --undo one
ok "mended, it goes on" sh -c "'$SDK' bump --from=upstream one 2.0 --arch=amd64 >'$TMP/summary' 2>'$TMP/err'"
ok "and still compares with the version before" grep -q '^  - files gone (1): usr/share/one/file' "$TMP/summary"
fails "a bump that ended well is not taken back" 3 'no unfinished bump' bump --undo one
src one 2.1; rm "$TMP/t/one-2.1/lines"; tarball one 2.1
cp "$CHECKOUT/recipes/one/recipe.yaml" "$TMP/one.before"
fails "one that fails again" 1 'FAILED' bump one 2.1 --arch=amd64
ok "is taken back" bump --undo one
ok "to the very bytes" cmp "$TMP/one.before" "$CHECKOUT/recipes/one/recipe.yaml"

# ---- all of them
for i in 1 2 3; do
	src all$i 1.0; tarball all$i 1.0; recipe all$i 1.0 <<-X
	$phases
	X
	src all$i 1.1
	[ $i != 2 ] || rm "$TMP/t/all$i-1.1/file"
	tarball all$i 1.1; echo "all$i-1.1.tar" >"$WWW/pages/all$i"
done
(cd "$CHECKOUT" && git add recipes && git commit -qm more)
cp "$CHECKOUT/recipes/all2/recipe.yaml" "$TMP/all2.before"
old3=$(sha256sum <"$WWW/pool/all3-1.0.tar.gz" | cut -c1-64)
old3=$TMP/cache/downloads/$(echo "$old3" | cut -c1-2)/$old3-all3-1.0.tar.gz
rm -f "$old3"
fails "one that fails does not stop the others" 1 '1 of 3 could not be bumped' bump --all --arch=amd64 --commit -j2
cp "$TMP/.out" "$TMP/.all"
sed 's/^/# /' "$TMP/.out" | grep -v '^# *$' | tail -30
is "those that came out well are committed" \
	"$(git -C "$CHECKOUT" log -2 --format=%s | sort | tr '\n' '|')" "all1: update to 1.1|all3: update to 1.1|"
ok "the last one's old source came before the first was built" \
	[ "$old3" -ot "$(find "$TMP/out/logs" -name '*all1*' -print -quit)" ]
ok "they are compared, though the old ones were not built" grep -q '^  - files changed: 1$' "$TMP/.all"
ok "that no test names them is told" grep -q '^- no test names it' "$TMP/.all"
ok "the bad one is as it was" cmp "$TMP/all2.before" "$CHECKOUT/recipes/all2/recipe.yaml"
ok "the next run leaves it out" sh -c "'$SDK' bump --from=upstream --all --arch=amd64 2>&1 | grep -q 'all2 1.1 left out: it failed before'"
src all2 1.1; tarball all2 1.1; rm -rf "$TMP/out/bump/all2/new"
ok "until it is asked to try again" bump --all --arch=amd64 --retry
ok "which bumps it" grep -q "^version:   '1.1'" "$CHECKOUT/recipes/all2/recipe.yaml"
# ---- an interrupted run, and the one that goes on
for i in 1 2; do
	src run$i 1.0; tarball run$i 1.0
	recipe run$i 1.0 <<-'X'
	phases:
	  install: |
	    [ ! -e "$SRC/slow" ] || sleep 60
	    install -Dm644 "$SRC"/file "$DEST"/usr/share/$NAME/file
	X
	src run$i 1.1
	[ $i != 2 ] || : >"$TMP/t/run2-1.1/slow"
	tarball run$i 1.1; echo "run$i-1.1.tar" >"$WWW/pages/run$i"
done
"$SDK" bump --from=upstream --all --arch=amd64 >"$TMP/summary" 2>"$TMP/err" &
run=$!
i=0
until pgrep -P $run >/dev/null && find "$TMP/out/logs" -name '*run2*' | grep -q . || [ $((i += 1)) -gt 300 ]; do
	sleep 0.2
done
sleep 2; kill -TERM $run; wait $run
is "an interrupted run ends as that" $? 143
ok "what it has done" grep -q '^### run1 1.0 → 1.1$' "$TMP/summary"
ok "and that there is more" grep -q ' 1 not done yet$' "$TMP/summary"
rm "$TMP/t/run2-1.1/slow"; tarball run2 1.1; rm -rf "$TMP/out/bump/run2/new"
ok "given again, it goes on" sh -c "'$SDK' bump --from=upstream --all --arch=amd64 >'$TMP/summary' 2>'$TMP/err'"
is "and its summary names the packages of both" "$(grep '^### run' "$TMP/summary" | tr '\n' '|')" \
	"### run1 1.0 → 1.1|### run2 1.0 → 1.1|"
ok "which another one does not" sh -c "! '$SDK' bump --from=upstream --all --arch=amd64 2>/dev/null | grep run1"
ok "a version that it has is told as that" sh -c "'$SDK' bump run1 1.1 2>/dev/null | grep -q '^run1 is at 1.1 already'"

# ---- an overlay's recipe stands before the checkout's
git init -q --bare "$TMP/acme.git"; git clone -q "$TMP/acme.git" "$TMP/out/repos/acme" 2>/dev/null
mkdir -p "$TMP/out/repos/acme/recipes"; cp -r "$CHECKOUT/recipes/all1" "$TMP/out/repos/acme/recipes/"
acme=$TMP/out/repos/acme
(cd "$acme" && git add -A && git commit -qm start && git push -q origin HEAD)
printf 'repos:\n  - {name: acme, url: "file://%s/acme.git"}\n' "$TMP" >"$CHECKOUT/sdk.yaml"
src all1 1.2; tarball all1 1.2
cp "$CHECKOUT/recipes/all1/recipe.yaml" "$TMP/all1.before"
ok "an overlay's recipe is the one that is bumped" bump all1 1.2 --no-build --commit
ok "in its clone" grep -q "^version:   '1.2'" "$acme/recipes/all1/recipe.yaml"
is "and committed there" "$(git -C "$acme" log -1 --format=%s)" "all1: update to 1.2"
ok "the checkout's stays" cmp "$TMP/all1.before" "$CHECKOUT/recipes/all1/recipe.yaml"
src all1 1.3; rm "$TMP/t/all1-1.3/file"; tarball all1 1.3
fails "one that does not build" 1 'FAILED' bump all1 1.3 --arch=amd64 --no-compare
ok "is taken back there" bump --undo all1
ok "to what it was" sh -c "[ -z \"\$(git -C '$acme' status --porcelain)\" ]"
git -C "$acme" checkout -q --detach
fails "an overlay on no branch is nobody's to change" 3 'all1: overlay acme has it, and is on no branch' bump all1 1.3 --no-build
rm -r "$CHECKOUT/sdk.yaml" "$TMP/out/repos"

fails "--all of nothing but names is refused" 2 'wanted one of them' bump --all one
fails "no name at all" 2 'which package' bump
fails "an architecture that is none" 2 'wanted amd64 or arm64' bump one --arch=mips
done_testing
