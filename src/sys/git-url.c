/* Which addresses and names of git are taken at all. */
#include <ctype.h>
#include <string.h>

#include "git.h"
#include "mem.h"
#include "str.h"

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

/* A host that begins with a dash would be an option to ssh. */
static bool has_host(const char *rest)
{
	const char *at = strchr(rest, '@');
	const char *slash = strchr(rest, '/');
	if (at && (!slash || at < slash))
		rest = at + 1;
	return isalnum((unsigned char)*rest) || *rest == '[';
}

/* user@host:path, as ssh's own scp has it; helper::address would be git's word for a program. */
static bool is_scp_like(const char *url)
{
	const char *colon = strchr(url, ':'), *slash = strchr(url, '/');
	return colon && colon[1] && colon[1] != ':' && (!slash || colon < slash) &&
	       isalnum((unsigned char)*url) && has_host(url);
}

bool git_url_is_allowed(const char *url)
{
	static const char *const schemes[] = {"https://", "http://", "ssh://", "git://"};
	if (!is_printable(url))
		return false;
	if (str_starts(url, "file:///"))
		return url[strlen("file:///")] != '\0';
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (str_starts(url, schemes[i]))
			return has_host(url + strlen(schemes[i]));
	return !strstr(url, "://") && is_scp_like(url);
}

char *git_url_mask(const char *url)
{
	const char *rest = strstr(url, "://");
	rest = rest ? rest + 3 : url;
	size_t length = strcspn(rest, "/");
	const char *at = memrchr(rest, '@', length);
	const char *colon = at ? memchr(rest, ':', (size_t)(at - rest)) : NULL;
	if (!colon)
		return mem_strdup(url);
	return mem_printf("%.*s:***%s", (int)(colon - url), url, at);
}

bool git_is_ref_name(const char *name)
{
	size_t length = strlen(name);
	if (!length || length > 200 || !isalnum((unsigned char)*name) || strstr(name, "..") ||
	    strstr(name, "//") || strstr(name, "/.") || strstr(name, ".lock/") ||
	    str_ends(name, ".lock") || str_ends(name, "/") || str_ends(name, "."))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                    "-._+/") == length;
}
