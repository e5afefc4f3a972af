/* Shell completion: a few lines of script for each shell, which ask the program what there is when
 * the user presses Tab (cmd-complete.c). A line they get is a candidate, a tab and what it is
 * about;
 * ":files" stands for names of files. */
#include "help.h"
#include "own.h"

/* Bash breaks words at "=", so the line is taken apart anew, and of --board=amd64-usr only what is
 * behind the last "=" is wanted. */
static const char bash_script[] =
	"# bash completion of sdk; made by `sdk completion bash`\n"
	"_sdk() {\n"
	"\tlocal words candidate sdk=sdk line=${COMP_LINE:0:COMP_POINT}\n"
	"\tread -ra words <<<\"$line\"\n"
	"\t[[ $line == *[[:space:]] ]] && words+=('')\n"
	"\t[[ ${words[0]##*/} == sdk ]] && sdk=${words[0]}\n"
	"\tlocal cur=${words[-1]}\n"
	"\tlocal before=${cur%\"${cur##*=}\"}\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS=$'\\t' read -r candidate _; do\n"
	"\t\tif [[ $candidate == :files ]]; then\n"
	"\t\t\tcompopt -o filenames\n"
	"\t\t\twhile read -r candidate; do COMPREPLY+=(\"$candidate\"); done \\\n"
	"\t\t\t\t< <(compgen -f -- \"${cur#--*=}\")\n"
	"\t\telse COMPREPLY+=(\"${candidate#\"$before\"}\")\n"
	"\t\tfi\n"
	"\tdone < <(\"$sdk\" __complete -- \"${words[@]}\" 2>/dev/null)\n"
	"\t[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
	"}\n"
	"complete -F _sdk sdk build-packages build-image\n";

static const char zsh_script[] =
	"#compdef sdk build-packages build-image\n"
	"# zsh completion of sdk; made by `sdk completion zsh`\n"
	"_sdk() {\n"
	"\tlocal -a found open\n"
	"\tlocal line name sdk=sdk\n"
	"\t[[ ${words[1]:t} == sdk ]] && sdk=${(Q)words[1]}\n"
	"\tfor line in \"${(@f)$(\"$sdk\" __complete -- \"${(@Q)words[1,CURRENT]}\" 2>/dev/null)}\"; do\n"
	"\t\t[[ -z $line ]] && continue\n"
	"\t\tif [[ $line == :files ]]; then compset -P '--*='; _files; continue; fi\n"
	"\t\tname=${line%%$'\\t'*}\n"
	"\t\tline=\"${name//:/\\\\:}:${line#*$'\\t'}\"\n"
	"\t\tif [[ $name == *= ]]; then open+=(\"$line\"); else found+=(\"$line\"); fi\n"
	"\tdone\n"
	"\t(( $#found )) && _describe -V 'sdk' found\n"
	"\t(( $#open )) && _describe -V 'option' open -S ''\n"
	"}\n"
	"if [[ $funcstack[1] == _sdk ]]; then _sdk \"$@\"\n"
	"else compdef _sdk sdk build-packages build-image\n"
	"fi\n";

static const char fish_script[] =
	"# fish completion of sdk; made by `sdk completion fish`\n"
	"function __sdk_complete\n"
	"\tset -l words (commandline -opc) (commandline -ct)\n"
	"\tset -l sdk sdk\n"
	"\tstring match -qr '(^|/)sdk$' -- $words[1]; and set sdk $words[1]\n"
	"\tfor line in ($sdk __complete -- $words 2>/dev/null)\n"
	"\t\tif test \"$line\" = :files\n"
	"\t\t\t__fish_complete_path (commandline -ct)\n"
	"\t\telse\n"
	"\t\t\techo $line\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"for program in sdk build-packages build-image\n"
	"\tcomplete -c $program -f -k -a '(__sdk_complete)'\n"
	"end\n";

int help_completion(const char *shell, struct str *text, struct err *err)
{
	static const struct {
		const char *shell, *script;
	} shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
		if (str_equal(shells[i].shell, shell)) {
			str_add(text, shells[i].script);
			return 0;
		}
	}
	err_set(err, ERR_USAGE, "no completion for the shell \"%s\"", shell);
	return err_hint(err, "known: bash, zsh, fish");
}
