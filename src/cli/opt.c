/* The command line, parsed by the option tables: long and short, attached or separate values. */
#include "opt.h"

#include <string.h>

#include "own.h"
#include "str.h"

const struct option_spec global_options[GLOBAL_COUNT + 1] = {
	[GLOBAL_HELP] = {"help", 'h', NULL, "explain the command and its options"},
	[GLOBAL_JSON] = {"json", 0, NULL, "print results as JSON"},
	[GLOBAL_QUIET] = {"quiet", 'q', NULL, "print results and errors only"},
	[GLOBAL_VERBOSE] = {"verbose", 'v', NULL, "say more; twice: debug messages"},
	[GLOBAL_COLOR] = {"color", 0, "WHEN", "auto, always or never (NO_COLOR is honoured)"},
	[GLOBAL_OUT] = {"out", 0, "DIR", "keep state below DIR (default: $SDK_OUT, or out/)"},
};

/* Where a given option's value goes. */
struct place {
	const struct option_spec *spec;
	const char **value;
};

struct parser {
	const struct command *command;
	int argc;
	char **argv;
	int at;
	struct opt *opt;
};

size_t opt_count(const struct option_spec *options)
{
	size_t count = 0;
	while (options && options[count].name)
		count++;
	return count;
}

static struct place find_option(const struct parser *parser, const char *name, size_t length)
{
	for (size_t i = 0; i < GLOBAL_COUNT; i++)
		if (!strncmp(global_options[i].name, name, length) &&
		    !global_options[i].name[length])
			return (struct place){&global_options[i], &parser->opt->globals[i]};
	const struct option_spec *options = parser->command ? parser->command->options : NULL;
	for (size_t i = 0; i < opt_count(options); i++)
		if (!strncmp(options[i].name, name, length) && !options[i].name[length])
			return (struct place){&options[i], &parser->opt->values[i]};
	return (struct place){0};
}

static struct place find_letter(const struct parser *parser, char letter)
{
	for (size_t i = 0; i < GLOBAL_COUNT; i++)
		if (global_options[i].letter == letter)
			return (struct place){&global_options[i], &parser->opt->globals[i]};
	const struct option_spec *options = parser->command ? parser->command->options : NULL;
	for (size_t i = 0; i < opt_count(options); i++)
		if (options[i].letter && options[i].letter == letter)
			return (struct place){&options[i], &parser->opt->values[i]};
	return (struct place){0};
}

static const char *nearest_option(const struct command *command, const char *name)
{
	const struct option_spec *tables[] = {global_options, command ? command->options : NULL};
	const char *nearest = NULL;
	size_t best = 3;
	for (size_t t = 0; t < 2; t++) {
		for (const struct option_spec *option = tables[t]; option && option->name;
		     option++) {
			size_t distance = str_distance(name, option->name);
			if (distance < best) {
				best = distance;
				nearest = option->name;
			}
		}
	}
	return nearest;
}

static int unknown_option(const struct parser *parser, const char *word, const char *name,
                          struct err *err)
{
	const struct command *command = parser->command;
	err_set(err, ERR_USAGE, "unknown option %s", word);
	const char *nearest = nearest_option(command, name);
	if (nearest)
		return err_hint(err, "did you mean --%s?", nearest);
	if (command)
		return err_hint(err, "sdk %s --help lists the options", command->name);
	return err_hint(err, "options of a command come after its name");
}

static int store(struct parser *parser, struct place place, const char *attached, struct err *err)
{
	const struct option_spec *spec = place.spec;
	if (!spec->value) {
		if (attached)
			return err_set(err, ERR_USAGE, "--%s takes no value", spec->name);
		*place.value = "";
		parser->opt->verbose += spec == &global_options[GLOBAL_VERBOSE];
		return 0;
	}
	if (!attached && parser->at < parser->argc)
		attached = parser->argv[parser->at++];
	if (!attached)
		return err_set(err, ERR_USAGE, "--%s needs a value: --%s=%s", spec->name,
		               spec->name, spec->value);
	*place.value = attached;
	return 0;
}

static int parse_long(struct parser *parser, const char *word, struct err *err)
{
	const char *name = word + 2;
	size_t length = strcspn(name, "=");
	own_free char *bare = mem_strndup(name, length);
	struct place place = find_option(parser, name, length);
	if (!place.spec)
		return unknown_option(parser, word, bare, err);
	return store(parser, place, name[length] == '=' ? name + length + 1 : NULL, err);
}

/* "-vk", "-j4", "-j 4". */
static int parse_short(struct parser *parser, const char *word, struct err *err)
{
	for (const char *letter = word + 1; *letter; letter++) {
		struct place place = find_letter(parser, *letter);
		if (!place.spec)
			return unknown_option(parser, word, word + 1, err);
		if (place.spec->value)
			return store(parser, place, letter[1] ? letter + 1 : NULL, err);
		if (store(parser, place, NULL, err) < 0)
			return -1;
	}
	return 0;
}

int opt_parse(const struct command *command, int argc, char **argv, int start, bool stop_at_word,
              struct opt *opt, int *ret_next, struct strv *ret_words, struct err *err)
{
	struct parser parser = {command, argc, argv, start, opt};
	while (parser.at < argc) {
		const char *word = argv[parser.at];
		bool is_option = word[0] == '-' && word[1];
		if (!is_option && stop_at_word)
			break;
		parser.at++;
		int result = 0;
		if (!is_option)
			strv_add(ret_words, word);
		else if (str_equal(word, "--"))
			break;
		else if (word[1] == '-')
			result = parse_long(&parser, word, err);
		else
			result = parse_short(&parser, word, err);
		if (result < 0)
			return -1;
	}
	if (ret_next)
		*ret_next = parser.at;
	for (; ret_words && !stop_at_word && parser.at < argc; parser.at++)
		strv_add(ret_words, argv[parser.at]);
	return 0;
}
