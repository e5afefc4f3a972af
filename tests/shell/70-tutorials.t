#!/bin/sh
# Every tutorial, followed command by command from its own text in a copy of the checkout.
#   TUTORIAL_BOOT=1   builds and boots images and kernels, too (an hour)
#   TUTORIALS=…       follows these only
. "$(dirname "$0")/../lib.sh"

out=${SDK_OUT:-$SDK_TOP/out} cache=${SDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sdk}
built() { (cd "$SDK_TOP" && SDK_OUT=$out "$SDK" build -n "$@" 2>/dev/null) | tail -n 5 | grep -q ' 0 to build'; }
leave() { skip "the tutorials" "$1"; done_testing; exit 0; }

# ---- nothing in a text is left out silently
fence='```'
wrong() { # wrong WHAT PATTERN LINE…: as a tutorial of these lines
	what=$1 pattern=$2; shift 2
	printf '%s\n' "$@" >"$TMP/wrong.md"
	fails "$what" 1 "$pattern" python3 "$SDK_TOP/tests/helpers/tutorial.py" "$TMP/wrong.md"
}
wrong "a flag that is none" 'wrong.md:1: no block that is known' "${fence}sh fail" 'exit 1' "$fence"
wrong "a flag that is another language's" 'wrong.md:1: no block' "${fence}text boot" 'x' "$fence"
wrong "a fence that is indented" 'wrong.md:2: no block that is known' '- so:' "  ${fence}sh" '  exit 1' "  $fence"
wrong "a file without a name" 'not ok 1 - wrong.md:3' 'A recipe:' '' "${fence}yaml" 'name: x' "$fence"
wrong "a block without an end" 'wrong.md:1: this block has no end' "${fence}sh" 'exit 0'

# ---- the tutorials
[ -d "$out/env" ] || leave "there is no environment: sdk create"
built --board=amd64-usr || leave "the board is not built: sdk build --board=amd64-usr"
with=
! built --arch=arm64 glibc gcc-runtime || with="--with arm64"
[ -z "${TUTORIAL_BOOT:-}" ] || with="$with --with boot"

export GIT_AUTHOR_NAME=Reader GIT_AUTHOR_EMAIL=reader@example.org
export GIT_COMMITTER_NAME=Reader GIT_COMMITTER_EMAIL=reader@example.org
unset SDK_ROOT

# What a reader has: a clone, the environment, what is in the cache. Each tutorial begins with that.
desk() {
	mkdir -p "$1/dray" "$1/out/work/kernel" "$1/out/cache"
	(cd "$SDK_TOP" && tar -c --exclude=./out --exclude=./build --exclude=./sdk --exclude=./sdk.yaml \
		--exclude=./.git .) | tar -x -C "$1/dray"
	ln -s "$SDK" "$1/dray/sdk"
	ln -s "$out/env" "$out/toolchain" "$1/out/"
	for source in "$out"/work/kernel/src-*; do
		[ ! -d "$source" ] || ln -s "$source" "$1/out/work/kernel/"
	done
	for part in downloads keys objects indexes; do
		mkdir -p "$cache/$part"; ln -s "$cache/$part" "$1/out/cache/$part"
	done
	(cd "$1/dray" && git init -q && git add -A && git commit -q -m "The checkout")
}
for tutorial in "$SDK_TOP"/docs/tutorials/*.md; do
	name=$(basename "$tutorial" .md)
	case " ${TUTORIALS:-$name} " in *" $name "*) ;; *) continue ;; esac
	desk "$TMP/$name"
	# shellcheck disable=SC2086 # words
	(cd "$TMP/$name/dray" && SDK_OUT=$TMP/$name/out SDK_CACHE=$TMP/$name/out/cache \
		python3 "$SDK_TOP/tests/helpers/tutorial.py" "$tutorial" $with) >"$TMP/tap" 2>&1
	# One file's TAP, numbered on.
	grep -v '^1\.\.' "$TMP/tap" >"$TMP/lines"
	while IFS= read -r line; do
		case $line in
		"ok "* | "not ok "*)
			test_number=$((test_number + 1))
			echo "$line" | sed "s/ok [0-9]* -/ok $test_number -/" ;;
		*) echo "$line" ;;
		esac
	done <"$TMP/lines"
	ok "$name was followed to its end" grep -q "^1\.\." "$TMP/tap"
	chmod -R u+rwX "$TMP/$name" && rm -rf "${TMP:?}/$name"
done
done_testing
