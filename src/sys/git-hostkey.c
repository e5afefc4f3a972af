/* Keys of SSH servers that can't be believed: told with what to do. */
#include "git-hostkey.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs.h"
#include "own.h"
#include "proc.h"
#include "str.h"

/* "ssh://me@host:2222/x", "me@host:x": who is asked, in ssh's own words. */
struct server {
	char *login; /* "me@host", as ssh(1) takes it */
	char *port;  /* NULL: the usual one */
	char *name;  /* "[host]:2222", as known_hosts has it */
};

static void server_release(struct server *server)
{
	free(server->login);
	free(server->port);
	free(server->name);
}

static void server_parse(const char *url, struct server *server)
{
	static const char scheme[] = "ssh://";
	bool is_scp = !str_starts(url, scheme);
	const char *login = is_scp ? url : url + strlen(scheme);
	size_t length = strcspn(login, is_scp ? ":/" : "/");
	const char *at = memchr(login, '@', length);
	const char *host = at ? at + 1 : login;
	size_t host_length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	const char *port = host + host_length;
	if (!is_scp && *port == ':')
		server->port = mem_strndup(port + 1, strspn(port + 1, "0123456789"));
	bool is_bracketed = *host == '[';
	own_free char *bare = mem_strndup(host + is_bracketed, host_length - 2 * is_bracketed);
	/* A password in the address is no business of ssh's. */
	own_free char *user = at ? mem_strndup(login, strcspn(login, ":@")) : NULL;
	server->login = mem_printf("%s%s%s", user ? user : "", user ? "@" : "", bare);
	server->name = server->port && !str_equal(server->port, "22")
	                       ? mem_printf("[%s]:%s", bare, server->port)
	                       : mem_strdup(bare);
}

static char *known_hosts(void)
{
	const char *home = getenv("HOME");
	return mem_printf("%s/.ssh/known_hosts", home ? home : "");
}

static bool is_known(const struct server *server)
{
	own_free char *file = known_hosts();
	char *const argv[] = {"ssh-keygen", "-F", server->name, "-f", file, NULL};
	own_fd int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct proc_spec spec = {.argv = argv, .stdout_fd = quiet, .stderr_fd = quiet};
	own(err) none = {0};
	return quiet >= 0 && fs_is_file(file) && proc_run(&spec, &none) == 0;
}

bool git_hostkey_is_known(const char *url)
{
	own(server) server = {0};
	server_parse(url, &server);
	return is_known(&server);
}

int git_hostkey_refuse(const char *url, const char *shown, struct err *err)
{
	own(server) server = {0};
	server_parse(url, &server);
	own_free char *ssh =
		mem_printf("ssh %s%s%s%s", server.port ? "-p " : "", server.port ? server.port : "",
	                   server.port ? " " : "", server.login);
	if (is_known(&server)) {
		err_set(err, ERR_TRUST,
		        "%s: the server's key is another one than ~/.ssh/known_hosts has for %s: "
		        "somebody may be in between",
		        shown, server.name);
		return err_hint(err,
		                "ask who keeps the server; if its key was changed: ssh-keygen -R "
		                "'%s', then `%s` shows the new one to compare and accept",
		                server.name, ssh);
	}
	err_set(err, ERR_TRUST, "%s: ~/.ssh/known_hosts has no key for %s", shown, server.name);
	return err_hint(
		err,
		"`%s` shows it once, to compare with what the server's keeper says, and accept",
		ssh);
}
