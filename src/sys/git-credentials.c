/* Credentials for git servers, from where users keep them; nobody is asked. */
#include "git-credentials.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if __has_include(<git2/sys/errors.h>) /* since libgit2 1.8 */
#include <git2/sys/errors.h>
#endif

#include "err.h"
#include "fs.h"
#include "own.h"
#include "proc.h"
#include "str.h"
#include "vec.h"

enum { MAX_ANSWER = 64 << 10 };

struct login {
	char *user, *password;
};

static void login_release(struct login *login)
{
	free(login->user);
	free(login->password);
}

static bool is_complete(const struct login *login)
{
	return login->user && login->password;
}

/* "https://user@host:8443/path" -> "https", "host:8443" */
static bool split_url(const char *url, char **ret_scheme, char **ret_host)
{
	const char *rest = strstr(url, "://");
	if (!rest)
		return false;
	*ret_scheme = mem_strndup(url, (size_t)(rest - url));
	rest += 3;
	size_t length = strcspn(rest, "/");
	const char *at = memchr(rest, '@', length);
	if (at) {
		length -= (size_t)(at + 1 - rest);
		rest = at + 1;
	}
	*ret_host = mem_strndup(rest, length);
	return true;
}

/* ---- git credential fill, gitcredentials(7) */

static int open_question(const char *scheme, const char *host, const char *user)
{
	int fds[2];
	own(str) text = {0};
	str_addf(&text, "protocol=%s\nhost=%s\n", scheme, host);
	if (user)
		str_addf(&text, "username=%s\n", user);
	str_add(&text, "\n");
	/* Far less than a pipe holds, so that this does not block. */
	if (text.len > 4096 || pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	bool written = write(fds[1], text.data, text.len) == (ssize_t)text.len;
	close(fds[1]);
	if (written)
		return fds[0];
	close(fds[0]);
	return -1;
}

static void ask_git(const char *url, const char *user, struct login *login)
{
	/* No program to ask for a password, no terminal: what is not known is not had. */
	char *const argv[] = {"env",
	                      "GIT_TERMINAL_PROMPT=0",
	                      "GIT_ASKPASS=true",
	                      "SSH_ASKPASS=true",
	                      "git",
	                      "credential",
	                      "fill",
	                      NULL};
	own_free char *scheme = NULL, *host = NULL;
	if (!split_url(url, &scheme, &host))
		return;
	own_fd int question = open_question(scheme, host, user);
	own_fd int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct proc_spec spec = {.argv = argv, .stdin_fd = question, .stderr_fd = quiet};
	own(str) answer = {0};
	own(strv) lines = {0};
	if (question <= 0 || proc_capture(&spec, MAX_ANSWER, &answer, NULL) < 0)
		return;
	strv_split(&lines, str_text(&answer), "\n");
	for (size_t i = 0; i < lines.count; i++) {
		if (str_starts(lines.items[i], "username=") && !login->user)
			login->user = mem_strdup(lines.items[i] + strlen("username="));
		if (str_starts(lines.items[i], "password=") && !login->password)
			login->password = mem_strdup(lines.items[i] + strlen("password="));
	}
	if (login->password && !*login->password) { /* the empty answer of `true` */
		login_release(login);
		*login = (struct login){0};
	}
}

/* ---- ~/.netrc, as curl(1) and ftp(1) read it */

/* As much of it as can matter. */
static void read_netrc(struct str *text)
{
	const char *path = getenv("NETRC"), *home = getenv("HOME");
	own_free char *usual = mem_printf("%s/.netrc", home ? home : "");
	path = path && *path ? path : usual;
	if (fs_is_file(path))
		fs_read(path, MAX_ANSWER, text, NULL);
}

static void look_in_netrc(const char *url, struct login *login)
{
	own_free char *scheme = NULL, *host = NULL;
	own(str) text = {0};
	own(strv) words = {0};
	read_netrc(&text);
	if (!text.len || !split_url(url, &scheme, &host))
		return;
	host[strcspn(host, ":")] = '\0';
	strv_split(&words, str_text(&text), " \t\r\n");
	bool ours = false;
	for (size_t i = 0; i < words.count && !is_complete(login); i++) {
		const char *word = words.items[i];
		const char *value = i + 1 < words.count ? words.items[i + 1] : "";
		if (str_equal(word, "machine"))
			ours = str_equal(value, host);
		else if (str_equal(word, "default"))
			ours = true;
		else if (ours && str_equal(word, "login") && !login->user)
			login->user = mem_strdup(value);
		else if (ours && str_equal(word, "password"))
			login->password = mem_strdup(value);
	}
}

/* ---- one after the other */

static int use_login(git_credential **ret, const struct login *login)
{
	return is_complete(login)
	               ? git_credential_userpass_plaintext_new(ret, login->user, login->password)
	               : GIT_PASSTHROUGH;
}

/* A key file without passphrase; others belong into the agent. */
static int use_key(git_credential **ret, const char *user, const char *name)
{
	const char *home = getenv("HOME");
	own_free char *path = mem_printf("%s/.ssh/%s", home ? home : "", name);
	own_free char *public = mem_printf("%s.pub", path);
	if (access(path, R_OK) < 0)
		return GIT_PASSTHROUGH;
	return git_credential_ssh_key_new(ret, user, public, path, NULL);
}

static int try_one(int what, git_credential **ret, const char *url, const char *user,
                   unsigned allowed)
{
	const char *login_name = user ? user : "git";
	own(login) login = {0};
	bool by_key = allowed & GIT_CREDENTIAL_SSH_KEY;
	bool by_password = allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT;
	const char *agent = getenv("SSH_AUTH_SOCK");
	switch (what) {
	case 0:
		return by_key && agent && *agent
		               ? git_credential_ssh_key_from_agent(ret, login_name)
		               : GIT_PASSTHROUGH;
	case 1:
		return by_key ? use_key(ret, login_name, "id_ed25519") : GIT_PASSTHROUGH;
	case 2:
		return by_key ? use_key(ret, login_name, "id_rsa") : GIT_PASSTHROUGH;
	case 3:
		if (by_password && !by_key)
			ask_git(url, user, &login);
		return use_login(ret, &login);
	case 4:
		if (by_password && !by_key)
			look_in_netrc(url, &login);
		return use_login(ret, &login);
	default:
		git_error_set_str(GIT_ERROR_NET, "it wants other credentials than those found");
		return GIT_EAUTH;
	}
}

int git_credentials_next(git_credential **ret, const char *url, const char *user, unsigned allowed,
                         struct git_credentials *state)
{
	if (allowed & GIT_CREDENTIAL_USERNAME)
		return git_credential_username_new(ret, user ? user : "git");
	for (;;) {
		int result = try_one(state->tried++, ret, url, user, allowed);
		if (result != GIT_PASSTHROUGH)
			return result;
	}
}
