/* Shell completion scripts, made from the command table. Recipes and boards are asked for when the
 * user presses tab, from the hidden command `sdk __complete`. */
#include <string.h>

#include "help.h"
#include "opt.h"
#include "mem.h"
#include "own.h"

static const char *completes_name(const struct command *command)
{
	static const char *const names[] = {[COMPLETES_NOTHING] = "nothing",
	                                    [COMPLETES_RECIPES] = "recipes",
	                                    [COMPLETES_BOARDS] = "boards",
	                                    [COMPLETES_FILES] = "files"};
	return names[command->completes];
}

static void add_option_words(const struct option_spec *options, struct str *text)
{
	for (size_t i = 0; i < opt_count(options); i++)
		str_addf(text, " --%s%s", options[i].name, options[i].value ? "=" : "");
}

static void add_bash(struct str *text)
{
	str_add(text,
	        "# bash completion of sdk; made by `sdk completion bash`\n"
	        "_sdk() {\n"
	        "\tlocal cur=${COMP_WORDS[COMP_CWORD]} line=\" ${COMP_WORDS[*]:1:COMP_CWORD-1} \"\n"
	        "\tlocal words= kind=nothing\n"
	        "\tCOMPREPLY=()\n"
	        "\tif [[ ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then\n"
	        "\t\tcase ${COMP_WORDS[COMP_CWORD-2]} in --board) kind=boards;; esac\n"
	        "\telif [[ $cur == = ]]; then\n"
	        "\t\tcase ${COMP_WORDS[COMP_CWORD-1]} in --board) kind=boards;; esac; cur=\n"
	        "\telse case $line in\n");
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->summary)
			continue;
		str_addf(text, "\t*\" %s \"*) kind=%s; words=\"", commands[i]->name,
		         completes_name(commands[i]));
		add_option_words(commands[i]->options, text);
		add_option_words(global_options, text);
		str_add(text, "\";;\n");
	}
	str_add(text, "\t*) words=\"");
	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->summary)
			str_addf(text, "%s ", commands[i]->name);
	add_option_words(global_options, text);
	str_add(text, "\";;\n\tesac; fi\n"
	              "\tcase $kind in\n"
	              "\trecipes|boards) [[ $cur == -* ]] || words+=\" $(sdk __complete $kind "
	              "2>/dev/null)\";;\n"
	              "\tfiles) [[ $cur == -* ]] || { COMPREPLY=($(compgen -f -- \"$cur\")); "
	              "return; };;\n"
	              "\tesac\n"
	              "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	              "\t[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
	              "}\n"
	              "complete -F _sdk sdk build-packages build-image\n");
}

/* Single quotes for zsh and fish: the text's own are closed, escaped and opened again. */
static void add_quoted(struct str *text, const char *raw)
{
	str_add_char(text, '\'');
	for (; *raw; raw++)
		if (*raw == '\'')
			str_add(text, "'\\''");
		else
			str_add_char(text, *raw);
	str_add_char(text, '\'');
}

static void add_zsh_options(const struct option_spec *options, struct str *text)
{
	for (size_t i = 0; i < opt_count(options); i++) {
		struct str spec = {0};
		str_addf(&spec, "--%s%s[%s]", options[i].name, options[i].value ? "=" : "",
		         options[i].help);
		if (options[i].value)
			str_addf(&spec, ":%s:%s", options[i].value,
			         str_equal(options[i].name, "board") ? "($(sdk __complete boards))"
			                                             : "_files");
		str_add_char(text, ' ');
		add_quoted(text, str_text(&spec));
		str_release(&spec);
	}
}

static void add_zsh(struct str *text)
{
	str_add(text, "#compdef sdk\n# zsh completion of sdk; made by `sdk completion zsh`\n"
	              "_sdk() {\n\tlocal -a names\n\tnames=(");
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->summary)
			continue;
		struct str row = {0};
		str_addf(&row, "%s:%s", commands[i]->name, commands[i]->summary);
		str_add_char(text, ' ');
		add_quoted(text, str_text(&row));
		str_release(&row);
	}
	str_add(text, ")\n\tif (( CURRENT == 2 )); then _describe command names; return; fi\n"
	              "\tlocal line=\"${words[2]}\"\n"
	              "\t[[ \" seed \" == *\" $line \"* ]] && line=\"$line ${words[3]}\"\n"
	              "\tcase $line in\n");
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->summary)
			continue;
		str_addf(text, "\t'%s') _arguments", commands[i]->name);
		add_zsh_options(commands[i]->options, text);
		add_zsh_options(global_options, text);
		const char *kind = completes_name(commands[i]);
		if (str_equal(kind, "files"))
			str_add(text, " '*:file:_files'");
		else if (!str_equal(kind, "nothing"))
			str_addf(text, " '*:%s:($(sdk __complete %s))'", kind, kind);
		str_add(text, ";;\n");
	}
	str_add(text, "\tesac\n}\n_sdk \"$@\"\n");
}

static void add_fish_options(const char *condition, const struct option_spec *options,
                             struct str *text)
{
	for (size_t i = 0; i < opt_count(options); i++) {
		str_addf(text, "complete -c sdk %s -l %s", condition, options[i].name);
		if (options[i].letter)
			str_addf(text, " -s %c", options[i].letter);
		if (options[i].value)
			str_add(text, str_equal(options[i].name, "board")
			                      ? " -x -a '(sdk __complete boards)'"
			                      : " -r");
		str_add(text, " -d ");
		add_quoted(text, options[i].help);
		str_add_char(text, '\n');
	}
}

static void add_fish(struct str *text)
{
	str_add(text,
	        "# fish completion of sdk; made by `sdk completion fish`\ncomplete -c sdk -f\n");
	add_fish_options("", global_options, text);
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->summary)
			continue;
		own_free char *first =
			mem_strndup(commands[i]->name, strcspn(commands[i]->name, " "));
		str_addf(text, "complete -c sdk -n __fish_use_subcommand -a '%s' -d ",
		         commands[i]->name);
		add_quoted(text, commands[i]->summary);
		str_add_char(text, '\n');
		own_free char *condition = mem_printf("-n '__fish_seen_subcommand_from %s'", first);
		add_fish_options(condition, commands[i]->options, text);
		const char *kind = completes_name(commands[i]);
		if (str_equal(kind, "files"))
			str_addf(text, "complete -c sdk %s -F\n", condition);
		else if (!str_equal(kind, "nothing"))
			str_addf(text, "complete -c sdk %s -a '(sdk __complete %s)'\n", condition,
			         kind);
	}
}

int help_completion(const char *shell, struct str *text, struct err *err)
{
	static const struct {
		const char *shell;
		void (*add)(struct str *text);
	} shells[] = {{"bash", add_bash}, {"zsh", add_zsh}, {"fish", add_fish}};
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
		if (str_equal(shells[i].shell, shell)) {
			shells[i].add(text);
			return 0;
		}
	}
	err_set(err, ERR_USAGE, "no completion for the shell \"%s\"", shell);
	return err_hint(err, "known: bash, zsh, fish");
}
