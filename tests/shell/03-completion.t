#!/bin/sh
# Completion in real bash, zsh and fish, at Tab on a terminal (tmux).
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../terminal.sh"
mkdir -p "$TMP/bin" "$TMP/home/fish/generated_completions" # or fish reads all manual pages first
ln -s "$SDK" "$TMP/bin/sdk"; ln -s "$SDK" "$TMP/bin/build-packages"
export PATH="$TMP/bin:$PATH" HOME="$TMP/home" XDG_CONFIG_HOME="$TMP/home" XDG_DATA_HOME="$TMP/home"
unset SDK_ROOT
cd "$SDK_TOP" || exit 1

# ---- what is asked by the scripts
asked() { sdk __complete -- "$@" | cut -f1 | tr '\n' ' '; }
is "commands" "$(asked sdk bui)" "build "
is "groups, once" "$(asked sdk binh)" "binhost "
is "what follows them" "$(asked sdk binhost s)" "sign serve "
is "a command that is a group, too" "$(asked sdk config re)" "remove reset "
is "with options of its own" "$(asked sdk config --bo)" "--board= "
is "options of the command" "$(asked sdk build --dr)" "--dry-run "
is "and of all" "$(asked sdk build --js)" "--json "
is "boards as values" "$(asked sdk build --board=amd)" "--board=amd64-usr "
is "behind a letter" "$(asked sdk build -b arm)" "arm64-usr "
is "recipes" "$(asked sdk info zli)" "zlib "
is "words that are known" "$(asked sdk graph --format=s)" "--format=svg "
is "phases" "$(asked sdk shell --phase=ins)" "--phase=install "
is "what of a board can be set" "$(asked sdk config set image.usr-s)" "image.usr-size= "
is "and reset" "$(asked sdk config reset image.usr-s)" "image.usr-size "
is "under another name" "$(asked build-packages zli)" "zlib "
is "names of files" "$(asked sdk new x ./R)" ":files "
is "help of commands" "$(asked sdk help rde)" "rdeps "
is "nothing, where there is nothing" "$(asked sdk never-heard x)" ""
is "nothing outside of a checkout" "$(cd / && asked sdk info zli)" ""
is "and it is quick to say so" "$(asked)" ""
is "architectures, as there are toolchains" "$(asked sdk build --arch=)" \
	"$(cd toolchains && for f in *.yaml; do printf -- '--arch=%s ' "${f%.yaml}"; done)"
is "what keys are for" "$(asked sdk binhost keys r)" "rotate revoke "
is "what there is a reference of" "$(asked sdk reference r)" "recipe "
is "and where manual pages go" "$(asked sdk reference manual ./d)" ":files "
is "when to use KVM" "$(asked sdk run --kvm=)" "--kvm=auto --kvm=yes --kvm=no "

# ---- what only some checkouts have
export SDK_ROOT="$TMP/tree"
mkdir -p "$SDK_ROOT/recipes/apple" "$SDK_ROOT/board-configs"
ln -s "$SDK_TOP/bootstrap" "$SDK_TOP/toolchains" "$SDK_ROOT"
ln -s "$SDK_TOP/recipes/.build-systems" "$SDK_ROOT/recipes"
printf '%s\n' 'name: apple' 'version: 1.0' 'summary: Fruit' 'license: MIT' 'sources: []' 'build: copy' \
	'libc: false' 'outputs: {seeds: [usr/share/seeds]}' 'options:' \
	'  ripe: {default: false, summary: Ready to eat}' >"$SDK_ROOT/recipes/apple/recipe.yaml"
is "options of recipes" "$(asked sdk build --option=a)" "--option=apple.ripe=on --option=apple.ripe=off "
is "the last one of a list" "$(asked sdk build -o pear.x=on,apple.r)" \
	"pear.x=on,apple.ripe=on pear.x=on,apple.ripe=off "
is "outputs, those of the package too" "$(asked sdk files apple --output=)" \
	"--output=run --output=dev --output=doc --output=debug --output=seeds "
is "no tags, without a repository" "$(asked sdk sync --release=)" ""
git init -q "$SDK_ROOT"
git -C "$SDK_ROOT" -c user.name=Tester -c user.email=tester@example.org commit -q --allow-empty -m Start
git -C "$SDK_ROOT" tag v1; git -C "$SDK_ROOT" tag v2
is "tags that are known here" "$(asked sdk sync --release=)" "--release=v1 --release=v2 "
printf '%s\n' 'repos:' "  - {name: company, url: 'file://$TMP/company'}" 'binhosts:' \
	"  - {name: lan, url: 'file://$TMP/lan', keys: [0123456789012345678901234567890123456789]}" >"$SDK_ROOT/sdk.yaml"
is "overlays" "$(asked sdk repos remove "")" "company "
is "and the checkout" "$(asked sdk sync c)" "checkout company "
is "binhosts" "$(asked sdk binhost push --to=)" "--to=lan "
rm "$SDK_ROOT/sdk.yaml" # its overlay is not here, so that no recipe is known
unset SDK_ROOT

# ---- at Tab
tab() { # tab TEXT TYPED PATTERN: what the line is after Tab
	keys C-u; keys "$2"; sleep 0.3; keys Tab
	shows "$1" "$3"
}
try() { # try SHELL COMMAND SOURCE
	command -v "$1" >/dev/null || { skip "$1 completes" "no $1 here"; return; }
	sdk completion "$1" >"$TMP/script.$1"
	ok "$1: the script parses" "$1" -n "$TMP/script.$1"
	start 100 30 xterm-256color
	keys "$2; clear" Enter; until_shown 'now>$'
	keys "$3; clear" Enter; sleep 1
	tab "$1: a command" 'sdk bui' 'sdk build'
	tab "$1: a board" 'sdk image --board=amd64-u' '--board=amd64-usr'
	tab "$1: a recipe" 'sdk info zli' 'sdk info zlib'
	tab "$1: a sub-command" 'sdk binhost pus' 'sdk binhost push'
	tab "$1: an option" 'sdk build --dry' 'sdk build --dry-run'
	tab "$1: a file" 'sdk new x ./READ' '/README.md'
	tab "$1: another name" 'build-packages zli' 'build-packages zlib'
	keys C-u; keys 'sdk binhost '; sleep 0.3; keys Tab; sleep 0.3; keys Tab
	shows "$1: of several, all are shown" 'verify'
}
try bash "env PS1='now> ' bash --norc --noprofile" ". $TMP/script.bash"
if [ -e "$TMP/script.bash" ]; then
	# shellcheck disable=SC2016 # bash expands it
	is "bash: of a word with two =, what is behind the second" "$(SDK_ROOT=$TMP/tree bash -c '. "$1"
		COMP_LINE="sdk build --option=apple.ripe=of"; COMP_POINT=${#COMP_LINE}; _sdk; echo "${COMPREPLY[@]}"' \
		bash "$TMP/script.bash")" "off"
fi
try zsh "env PS1='now> ' zsh -f" "autoload -U compinit; compinit -u -D; . $TMP/script.zsh"
try fish "fish --private --init-command 'function fish_prompt; echo -n now\>\ ; end; set -g fish_greeting'" ". $TMP/script.fish"
done_testing
