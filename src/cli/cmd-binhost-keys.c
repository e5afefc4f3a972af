/* sdk binhost keys: the keys that a binhost's index is signed with. */
#include <string.h>
#include <time.h>

#include "commands.h"
#include "own.h"
#include "signing.h"

enum { OPT_NAME, OPT_DAYS, OPT_OVERLAP };

static const struct option_spec options[] = {
	[OPT_NAME] = {"name", 0, "TEXT", "whose key it is: \"Name <address>\" (user and machine)"},
	[OPT_DAYS] = {"days", 0, "N", "until a new key expires; 0: never (730)"},
	[OPT_OVERLAP] = {"overlap-days", 0, "N", "how long old keys sign beside a new one (30)"},
	{0}};

/* "2026-11-23", "never"; for at most 16 bytes. */
static const char *date_text(int64_t when, char *text)
{
	struct tm tm;
	time_t seconds = (time_t)when;
	if (when == 0 || !gmtime_r(&seconds, &tm))
		snprintf(text, 16, "never");
	else
		strftime(text, 16, "%Y-%m-%d", &tm);
	return text;
}

static const char *state_of(const struct sign_key *key)
{
	return key->revoked ? "revoked" : key->expired ? "expired" : "valid";
}

/* ---- list */

static void print_table(const struct sign_key_list *keys)
{
	char made[16], ends[16];
	if (keys->count == 0)
		cli_print("no keys yet; `sdk binhost keys make` makes one\n");
	for (vec_each(key, keys))
		cli_print("%s  %-7s  %s  %-10s  %s\n", key->fingerprint, state_of(key),
		          date_text(key->created, made), date_text(key->expires, ends),
		          key->user_id);
}

static void print_json(const struct workspace *workspace, const struct sign_key_list *keys)
{
	struct json json = {0};
	json_array(&json, NULL);
	for (vec_each(key, keys)) {
		own_free char *path = signing_public_path(workspace, key->fingerprint);
		json_object(&json, NULL);
		json_string(&json, "fingerprint", key->fingerprint);
		json_string(&json, "name", key->user_id);
		json_string(&json, "state", state_of(key));
		json_number(&json, "created", key->created);
		json_number(&json, "expires", key->expires);
		json_string(&json, "public_key", path);
		json_end_object(&json);
	}
	json_end_array(&json);
	cli_print_json(&json);
	json_release(&json);
}

static int list_keys(struct cli *cli, struct sign_ring *ring, struct err *err)
{
	own(sign_key_list) keys = {0};
	if (sign_ring_list(ring, &keys, err) < 0)
		return -1;
	if (cli->json)
		print_json(&cli->workspace, &keys);
	else
		print_table(&keys);
	return 0;
}

/* ---- what changes them */

static void print_key(struct cli *cli, const char *verb, const char *fingerprint)
{
	own_free char *path = signing_public_path(&cli->workspace, fingerprint);
	if (cli->json) {
		struct json json = {0};
		json_object(&json, NULL);
		json_string(&json, "fingerprint", fingerprint);
		json_string(&json, "public_key", path);
		json_end_object(&json);
		cli_print_json(&json);
		json_release(&json);
	} else {
		cli_print("%s %s\npublic part: %s\n", verb, fingerprint, path);
	}
}

/* What a new key is to be like. */
struct new_key {
	const char *name;
	int64_t days, overlap;
};

/* Whatever is to be done: no option is wrong without being told. */
static int read_options(const struct cli *cli, struct new_key *ret_key, struct err *err)
{
	const char *name = cli_option(cli, "name");
	if (name && (!*name || strpbrk(name, "\n\r")))
		return err_set(err, ERR_USAGE, "--name=%s: wanted one line of text", name);
	ret_key->name = name;
	if (cli_number(cli, "days", 0, 36500, 730, &ret_key->days, err) < 0)
		return -1;
	return cli_number(cli, "overlap-days", 1, 3650, 30, &ret_key->overlap, err);
}

static int make_key(struct cli *cli, struct sign_ring *ring, const struct new_key *key,
                    struct err *err)
{
	own_free char *fingerprint = NULL;
	if (signing_make(&cli->workspace, ring, key->name, (unsigned)key->days, &fingerprint, err) <
	    0)
		return -1;
	print_key(cli, "made", fingerprint);
	event_note(&cli->sink,
	           "readers put the public part into bootstrap/keys/ and the fingerprint "
	           "into sdk.yaml; see docs/binhost.md");
	return 0;
}

static int rotate_keys(struct cli *cli, struct sign_ring *ring, const struct new_key *key,
                       struct err *err)
{
	own_free char *fingerprint = NULL;
	own(strv) old = {0};
	if (signing_rotate(&cli->workspace, ring, key->name, (unsigned)key->days,
	                   (unsigned)key->overlap, &fingerprint, &old, err) < 0)
		return -1;
	print_key(cli, "made", fingerprint);
	for (size_t i = 0; i < old.count; i++)
		event_note(&cli->sink, "%s signs for %lld more days at most", old.items[i],
		           (long long)key->overlap);
	event_note(&cli->sink, "now hand out the new public part, and sign the indexes with both: "
	                       "`sdk binhost sign`");
	return 0;
}

static int revoke_key(struct cli *cli, struct sign_ring *ring, const char *name, struct err *err)
{
	own_free char *fingerprint = NULL;
	if (signing_revoke(&cli->workspace, ring, name, &fingerprint, err) < 0)
		return -1;
	print_key(cli, "revoked", fingerprint);
	event_note(&cli->sink, "now hand out this file: a reader refuses the key once it replaced "
	                       "the old one in bootstrap/keys/. Then `sdk binhost sign` with a key "
	                       "that is valid");
	return 0;
}

static int dispatch(struct cli *cli, struct sign_ring *ring, const struct new_key *key, int argc,
                    char **argv, struct err *err)
{
	const char *verb = argc ? argv[0] : "list";
	if (str_equal(verb, "revoke") && argc == 2)
		return revoke_key(cli, ring, argv[1], err);
	if (argc <= 1 && str_equal(verb, "list"))
		return list_keys(cli, ring, err);
	if (argc == 1 && str_equal(verb, "make"))
		return make_key(cli, ring, key, err);
	if (argc == 1 && str_equal(verb, "rotate"))
		return rotate_keys(cli, ring, key, err);
	err_set(err, ERR_USAGE, "keys %s: not understood", verb);
	return err_hint(err, "list, make, rotate, or revoke <fingerprint>");
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
	struct sign_ring *ring = NULL;
	struct new_key key;
	if (read_options(cli, &key, err) < 0 || signing_open(&cli->workspace, &ring, err) < 0)
		return -1;
	int result = dispatch(cli, ring, &key, argc, argv, err);
	sign_ring_close(ring);
	return result;
}

const struct command cmd_binhost_keys = {
	.name = "binhost keys",
	.arguments = "[list | make | rotate | revoke <fingerprint>]",
	.summary = "Make, list, rotate or revoke the keys that sign a binhost's index",
	.description =
		"Keys lie in $SDK_DATA/gnupg (else $XDG_DATA_HOME/sdk/gnupg, else\n"
		"~/.local/share/sdk/gnupg), never in ~/.gnupg: back that directory up. New keys\n"
		"are Ed25519 and have no passphrase. Public parts, to be handed out, are written\n"
		"to keys/<fingerprint>.asc beside it.\n\n"
		"rotate makes a key that takes over: the old ones sign as well until they expire,\n"
		"after --overlap-days, so that readers have time to learn the new one. revoke\n"
		"makes the public part say so: readers who have that refuse what the key signed.",
	.examples = "sdk binhost keys make --name='CI <ci@example.org>'\n"
		    "sdk binhost keys                     # fingerprints, expiry\n"
		    "sdk binhost keys rotate              # before the old one expires\n"
		    "sdk binhost keys revoke 91D8A3C4     # it got into wrong hands\n",
	.options = options,
	.max_args = 2,
	.run = run,
};
