/* A binhost's index: which keys have been built, and which archives hold their outputs. */
#include "binhost-index.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "own.h"

enum { KEY_LENGTH = DIGEST_HEX - 1, DATE_BYTES = 24, MAX_OBJECTS = 64 };
static const char magic[] = "dray-binhost-index 1";

void binhost_index_release(struct binhost_index *index)
{
	free(index->arch);
	str_release(&index->text);
	*index = (struct binhost_index){0};
}

void binhost_entry_release(struct binhost_entry *entry)
{
	free(entry->package);
	free(entry->version);
	vec_release(&entry->objects);
	*entry = (struct binhost_entry){0};
}

char *binhost_object_name(const char *digest)
{
	return mem_printf("objects/%.2s/%s.pkg.tar.zst", digest, digest);
}

static bool is_object_name(const char *name)
{
	char hex[DIGEST_HEX];
	struct digest digest;
	if (strlen(name) < strlen("objects/aa/") + DIGEST_HEX - 1)
		return false;
	memcpy(hex, name + strlen("objects/aa/"), DIGEST_HEX - 1);
	hex[DIGEST_HEX - 1] = '\0';
	own_free char *expected = binhost_object_name(hex);
	return digest_parse(hex, &digest) && str_equal(name, expected);
}

/* Tags and architectures: letters, digits and "._+-", and no dot first. */
static size_t word_length(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._+-";
	return text[0] == '.' ? 0 : strspn(text, letters);
}

bool binhost_name_is_valid(const char *name)
{
	if (str_starts(name, "objects/"))
		return is_object_name(name);
	bool is_release = str_starts(name, "releases/");
	if (!is_release && !str_starts(name, "index/"))
		return false;
	name = strchr(name, '/') + 1;
	size_t length = word_length(name);
	if (is_release && length && name[length] == '/') {
		name += length + 1;
		length = word_length(name);
	} else if (is_release) {
		return false;
	}
	return length && name[length] == '\0';
}

void binhost_date_text(int64_t when, char *text)
{
	struct tm tm = {0};
	time_t seconds = (time_t)when;
	gmtime_r(&seconds, &tm);
	strftime(text, DATE_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* ---- reading words */

static bool is_digest(const char *text)
{
	size_t i = 0;
	while (i < KEY_LENGTH &&
	       ((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
		i++;
	return i == KEY_LENGTH;
}

/* Up to `end`, without a leading zero: one number is written in one way. */
static bool read_number(const char **at, char end, uint64_t *ret_number)
{
	if ((**at == '0' && (*at)[1] != end) || !str_read_number(at, ret_number))
		return false;
	return *(*at)++ == end;
}

/* Graphic characters up to the space; `ret_word` may be NULL. */
static bool read_word(const char **at, char **ret_word)
{
	size_t length = 0;
	while ((*at)[length] > ' ' && (*at)[length] < 0x7f)
		length++;
	if (!length || (*at)[length] != ' ')
		return false;
	if (ret_word)
		*ret_word = mem_strndup(*at, length);
	*at += length + 1;
	return true;
}

/* A digest, and one of the two characters that may end it. */
static bool read_digest(const char **at, char end, char or_end, char ret_hex[DIGEST_HEX])
{
	if (!is_digest(*at) || ((*at)[KEY_LENGTH] != end && (*at)[KEY_LENGTH] != or_end))
		return false;
	memcpy(ret_hex, *at, KEY_LENGTH);
	ret_hex[KEY_LENGTH] = '\0';
	*at += KEY_LENGTH + 1;
	return true;
}

/* "12.5": digits, the first no zero that could be left out, a point, one digit. */
static bool read_seconds(const char **at, double *ret_seconds)
{
	size_t whole = strspn(*at, "0123456789");
	const char *rest = *at + whole;
	if (!whole || whole > 9 || (**at == '0' && whole > 1) || rest[0] != '.' || rest[1] < '0' ||
	    rest[1] > '9' || rest[2] != ' ')
		return false;
	*ret_seconds = (double)strtoul(*at, NULL, 10) + (rest[1] - '0') / 10.0;
	*at = rest + 3;
	return true;
}

/* ---- entries */

static bool read_object(const char **at, struct binhost_object *object)
{
	size_t length = strcspn(*at, "= \n");
	if (!length || length >= sizeof object->output || (*at)[length] != '=' ||
	    strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
		return false;
	memcpy(object->output, *at, length);
	object->output[length] = '\0';
	*at += length + 1;
	return read_digest(at, ':', ':', object->digest) && read_number(at, ':', &object->bytes) &&
	       read_number(at, ':', &object->object_bytes) &&
	       read_digest(at, ' ', '\n', object->sha256);
}

/* NULL for what nobody wants to keep: of all of an index's entries, a plan needs a few. */
static bool read_entry(const char *line, struct binhost_entry *entry)
{
	char key[DIGEST_HEX] = "";
	double seconds;
	uint64_t pushed;
	size_t count = 0;
	if (!read_digest(&line, ' ', ' ', entry ? entry->key : key) ||
	    !read_word(&line, entry ? &entry->package : NULL) ||
	    !read_word(&line, entry ? &entry->version : NULL) ||
	    !read_seconds(&line, entry ? &entry->seconds : &seconds) ||
	    !read_number(&line, ' ', &pushed) || pushed > INT64_MAX)
		return false;
	if (entry)
		entry->pushed = (int64_t)pushed;
	do {
		struct binhost_object object;
		if (count++ == MAX_OBJECTS || !read_object(&line, &object))
			return false;
		if (entry)
			vec_push(&entry->objects, object);
	} while (line[-1] != '\n');
	return true;
}

bool binhost_entry_read(const char *line, struct binhost_entry *ret_entry)
{
	struct binhost_entry entry = {0};
	if (!read_entry(line, &entry)) {
		binhost_entry_release(&entry);
		return false;
	}
	*ret_entry = entry;
	return true;
}

void binhost_entry_format(const struct binhost_entry *entry, struct str *text)
{
	str_addf(text, "%s %s %s %.1f %lld", entry->key, entry->package, entry->version,
	         entry->seconds, (long long)entry->pushed);
	for (vec_each(object, &entry->objects))
		str_addf(text, " %s=%s:%llu:%llu:%s", object->output, object->digest,
		         (unsigned long long)object->bytes,
		         (unsigned long long)object->object_bytes, object->sha256);
	str_add_char(text, '\n');
}

/* ---- reading an index */

static int complain(const char *name, size_t line, const char *what, struct err *err)
{
	return err_set(err, ERR_TRUST, "%s:%zu: %s", name, line, what);
}

/* Whether a header line "<word> <value>" comes; ret_value is the value, up to its newline. */
static bool take_header(const char **at, const char *word, const char **ret_value)
{
	size_t length = strlen(word);
	if (strncmp(*at, word, length) != 0 || (*at)[length] != ' ')
		return false;
	const char *end = strchr(*at, '\n');
	*ret_value = *at + length + 1;
	*at = end ? end + 1 : *at;
	return end && end > *ret_value;
}

static bool read_date(const char *text, int64_t *ret_date)
{
	struct tm tm = {0};
	char again[DATE_BYTES];
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end != '\n')
		return false;
	*ret_date = (int64_t)timegm(&tm);
	binhost_date_text(*ret_date, again);
	return strncmp(text, again, strlen(again)) == 0;
}

static int read_headers(const char *name, const char **at, struct binhost_index *index,
                        struct err *err)
{
	const char *value;
	uint64_t count;
	if (strncmp(*at, magic, strlen(magic)) != 0 || (*at)[strlen(magic)] != '\n')
		return complain(name, 1, "not an index of a form that this SDK knows", err);
	*at += sizeof magic;
	if (!take_header(at, "arch", &value) || strcspn(value, " /\n") > 31)
		return complain(name, 2, "wanted the architecture", err);
	index->arch = mem_strndup(value, strcspn(value, "\n"));
	if (!take_header(at, "serial", &value) || !read_number(&value, '\n', &index->serial))
		return complain(name, 3, "wanted the serial number", err);
	if (!take_header(at, "date", &value) || !read_date(value, &index->date))
		return complain(name, 4, "wanted the date, as 2026-11-23T17:00:00Z", err);
	if (take_header(at, "created", &value) &&
	    (!read_date(value, &index->created) || index->created <= 0))
		return complain(name, 5, "wanted the date, as 2026-11-23T17:00:00Z", err);
	if (!take_header(at, "entries", &value) || !read_number(&value, '\n', &count))
		return complain(name, index->created ? 6 : 5, "wanted the number of entries", err);
	if (*(*at)++ != '\n')
		return complain(name, index->created ? 7 : 6, "wanted an empty line", err);
	index->count = (size_t)count;
	return 0;
}

static int check_entries(const char *name, const struct binhost_index *index, struct err *err)
{
	const char *last = NULL, *line = index->text.data + index->first;
	size_t count = 0, above = index->created ? 8 : 7;
	for (; *line; count++) {
		if (!read_entry(line, NULL))
			return complain(name, count + above, "not an entry", err);
		if (last && strncmp(last, line, KEY_LENGTH) >= 0)
			return complain(name, count + above, "keys out of order", err);
		last = line;
		line = strchr(line, '\n') + 1;
	}
	if (count != index->count)
		return complain(name, count + above, "not as many entries as it says", err);
	return 0;
}

int binhost_index_parse(const char *name, struct str *text, struct binhost_index *ret_index,
                        struct err *err)
{
	struct binhost_index index = {.text = *text};
	*text = (struct str){0};
	const char *start = str_text(&index.text), *at = start;
	int result = -1;
	if (strlen(start) != index.text.len)
		complain(name, 1, "a NUL byte in it", err);
	else
		result = read_headers(name, &at, &index, err);
	index.first = (size_t)(at - start);
	if (result == 0)
		result = check_entries(name, &index, err);
	if (result < 0)
		binhost_index_release(&index);
	else
		*ret_index = index;
	return result;
}

const char *binhost_index_next(const struct binhost_index *index, const char *line)
{
	if (!index->count)
		return NULL;
	line = line ? strchr(line, '\n') + 1 : index->text.data + index->first;
	return *line ? line : NULL;
}

/* Bisection over bytes: from the middle, back to the beginning of the line. */
const char *binhost_index_find(const struct binhost_index *index, const char *key)
{
	if (!index->count || strlen(key) != KEY_LENGTH)
		return NULL;
	const char *low = index->text.data + index->first;
	const char *high = index->text.data + index->text.len;
	while (low < high) {
		const char *line = low + (high - low) / 2;
		while (line > low && line[-1] != '\n')
			line--;
		int order = strncmp(key, line, KEY_LENGTH);
		if (order == 0)
			return line;
		if (order < 0)
			high = line;
		else
			low = strchr(line, '\n') + 1;
	}
	return NULL;
}

int64_t binhost_index_created(const struct binhost_index *index)
{
	int64_t newest = index->created;
	for (const char *line = NULL;
	     !index->created && (line = binhost_index_next(index, line));) {
		own(binhost_entry) entry = {0};
		if (binhost_entry_read(line, &entry) && entry.pushed > newest)
			newest = entry.pushed;
	}
	return newest;
}

/* ---- writing an index */

void binhost_index_format(const struct binhost_index *head, struct strv *lines, struct str *text)
{
	char when[DATE_BYTES];
	binhost_date_text(head->date, when);
	strv_sort(lines);
	str_addf(text, "%s\narch %s\nserial %llu\ndate %s\n", magic, head->arch,
	         (unsigned long long)head->serial, when);
	binhost_date_text(head->created, when);
	if (head->created)
		str_addf(text, "created %s\n", when);
	str_addf(text, "entries %zu\n\n", lines->count);
	for (size_t i = 0; i < lines->count; i++)
		str_add(text, lines->items[i]);
}
