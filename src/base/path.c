/* Paths as text. */
#include "path.h"

#include <string.h>

#include "mem.h"
#include "str.h"

char *path_join(const char *dir, const char *name)
{
	size_t length = strlen(dir);
	while (length > 1 && dir[length - 1] == '/')
		length--;
	while (*name == '/')
		name++;
	if (length == 1 && dir[0] == '/')
		return mem_printf("/%s", name);
	return mem_printf("%.*s/%s", (int)length, dir, name);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

char *path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return mem_strdup(".");
	return slash == path ? mem_strdup("/") : mem_strndup(path, (size_t)(slash - path));
}

static bool component_is_safe(const char *text, size_t length)
{
	if (!length || (length == 1 && text[0] == '.'))
		return false;
	if (length == 2 && text[0] == '.' && text[1] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}

bool path_is_safe(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");
		if (!component_is_safe(path, length))
			return false;
		if (!path[length])
			return true;
		path += length + 1;
	}
}
