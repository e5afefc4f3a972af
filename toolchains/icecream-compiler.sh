# What another machine runs for icecc: $compiler, on a source that was preprocessed with
# -fdirectives-only at home. Set before, by who packs it: compiler.
#
# The source is compiled as what it was: by its name, in a directory of its name, its macros still
# to be expanded. So the object is the one that a compiler at home makes, columns and recorded
# options in its debug information, too. Whatever is printed here, an error of this script or a
# warning of the compiler, makes icecc compile the file again at home.
# shellcheck shell=sh disable=SC2154
token=drayjob$$ # grep finds it in mangled names, too
job=/tmp/$token
output=
fail() {
	echo "icecream: $1" >&2
	exit 1
}
trap 'rm -rf "$job"' EXIT
mkdir "$job" "$job/.none" || fail "no place in /tmp"

# ---- the source: `# 0 "its name"`, with -g `# 1 "its directory//"`, built-in macros, the rest
if ! read -r first || ! read -r second; then
	fail "an empty source"
fi
name=${first#\# 0 \"}
name=${name%\"}
case $name in
'' | '#'* | *'"'* | *\\* | '<'*) fail "no name in: $first" ;;
esac
directory=
case $second in
'# 1 "/'*'//"')
	directory=${second#\# 1 \"}
	directory=${directory%//\"}
	;;
esac
case $name in
/*) input=$job$name file=$input ;;
*) input=$name file=$job$directory/$name ;;
esac
mkdir -p "$job$directory" "${file%/*}" || fail "no place for $name"
# The compiler has the built-in macros already.
{ printf '%s\n' "$first" "$second"; cat; } |
	sed '/^# 0 "<built-in>"$/,/^# 0 "<command-line>"$/{/^#define /d;}' >"$file" ||
	fail "no place for $name"

# ---- the options: without what the daemon adds (limits of the compiler's garbage collector are
# recorded), and with directories of the job for directories of home
option=
for argument; do
	shift
	case $option$argument in
	--param | -o) option=$argument ;;
	--paramggc-min-*) option= ;;
	--param=*) set -- "$@" "$argument" ;;
	--param*) option= && set -- "$@" --param "$argument" ;;
	-o*)
		output=$PWD/$argument
		[ -n "$option" ] || fail "-o alone: $argument"
		option= && set -- "$@" -o "$output"
		;;
	-fpreprocessed | -fdirectives-only) ;;
	-) set -- "$@" "$input" ;;
	-f*-prefix-map=/*)
		set -- "$@" "$argument" "${argument%%=*}=$job${argument#*=}"
		;;
	*) set -- "$@" "$argument" ;;
	esac
done
[ -n "$output" ] || fail "no -o"
cd "$job$directory" || fail "$job$directory"
# It insists on some place for headers.
"$compiler" "-ffile-prefix-map=$job=" -isystem "$job/.none" "$@" || exit
if grep -q "$token" "$output"; then
	rm -f "$output"
	fail "$name: its object has the directory of the job"
fi
