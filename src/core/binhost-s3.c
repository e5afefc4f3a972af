/* A binhost in a bucket: conditional writes keep concurrent pushers from losing entries. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "binhost-target.h"
#include "fs.h"
#include "own.h"
#include "path.h"
#include "s3.h"

enum { MAX_CREDENTIALS_BYTES = 1 << 20, LOOKS_AT_A_TIME = 32 };

struct s3_target {
	struct binhost_target target;
	struct s3 s3; /* borrows what follows */
	char *endpoint, *bucket, *region, *access_key, *secret_key, *session_token;
	char *prefix; /* "" or "some/where/" */
};

static struct s3_target *self(struct binhost_target *target)
{
	return (struct s3_target *)target;
}

static void s3_free(struct binhost_target *target)
{
	struct s3_target *t = self(target);
	free(t->endpoint);
	free(t->bucket);
	free(t->region);
	free(t->access_key);
	free(t->secret_key);
	free(t->session_token);
	free(t->prefix);
	free(target->url);
	free(t);
}

static char *key_of(struct binhost_target *target, const char *name)
{
	return mem_printf("%s%s", self(target)->prefix, name);
}

static void release_calls(struct s3_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free((char *)calls[i].key);
		s3_call_release(&calls[i]);
	}
	free(calls);
}

static int conflict_error(struct binhost_target *target, const struct s3_call *call,
                          struct err *err)
{
	return err_set(err, ERR_NETWORK, "%s: %s %s: HTTP %ld", target->url, call->method,
	               call->key, call->status);
}

/* ---- texts */

static int read_text(struct binhost_target *target, const char *name, struct str *ret_text,
                     char **ret_tag, struct err *err)
{
	own_free char *key = key_of(target, name);
	own(s3_call) call = {.method = "GET", .key = key};
	*ret_tag = NULL;
	if (s3_perform(&self(target)->s3, &call, 1, 1, NULL, err) < 0)
		return -1;
	if (call.status == 404)
		return 0;
	if (call.status != 200)
		return conflict_error(target, &call, err);
	if (!call.etag)
		return err_set(err, ERR_NETWORK,
		               "%s: the server gives no ETag: two pushers would "
		               "lose each other's entries",
		               target->url);
	str_add_bytes(ret_text, str_text(&call.answer), call.answer.len);
	*ret_tag = steal_ptr(call.etag);
	return 0;
}

static int put_text(struct binhost_target *target, const char *key, const struct str *text,
                    const char *tag, bool *ret_done, struct err *err)
{
	own(s3_call) call = {.method = "PUT",
	                     .key = key,
	                     .body = str_text(text),
	                     .body_bytes = text->len,
	                     .if_match = tag,
	                     .if_none_match = tag ? NULL : "*"};
	if (s3_perform(&self(target)->s3, &call, 1, 1, NULL, err) < 0)
		return -1;
	/* 412: somebody was faster; 409: somebody is at it right now; 404: what was read has gone,
	 * or there is no such bucket. */
	*ret_done = call.status >= 200 && call.status < 300;
	if (call.status == 404 && !tag)
		return conflict_error(target, &call, err);
	return 0;
}

/* What a refusal means. Our text may be there: its PUT succeeded, the answer was lost, and the
 * second try met the first. Or the text of the tag still is. */
static int look_again(struct binhost_target *target, const char *name, const struct str *text,
                      const char *tag, bool *ret_done, bool *ret_still, struct err *err)
{
	own(str) there = {0};
	own_free char *found = NULL;
	if (read_text(target, name, &there, &found, err) < 0)
		return -1;
	*ret_done = found && str_equal(str_text(&there), str_text(text));
	*ret_still = found && tag && str_equal(found, tag);
	return 0;
}

/* Ceph (seen in 16.2) compares a PUT's If-Match with the bare tag, while RFC 9110 and everybody
 * else put it in quotes. A tag that is refused though nothing has changed is tried without them:
 * that is as conditional. */
static int swap_text(struct binhost_target *target, const char *name, const struct str *text,
                     const char *tag, bool *ret_done, struct err *err)
{
	own_free char *key = key_of(target, name);
	bool still = false;
	if (put_text(target, key, text, tag, ret_done, err) < 0)
		return -1;
	if (*ret_done)
		return 0;
	if (look_again(target, name, text, tag, ret_done, &still, err) < 0)
		return -1;
	size_t length = tag ? strlen(tag) : 0;
	if (*ret_done || !still || length < 3 || tag[0] != '"')
		return 0;
	own_free char *bare = mem_strndup(tag + 1, length - 2);
	if (put_text(target, key, text, bare, ret_done, err) < 0)
		return -1;
	return *ret_done ? 0 : look_again(target, name, text, tag, ret_done, &still, err);
}

/* ---- objects */

static int look(struct binhost_target *target, struct binhost_item *items, size_t count,
                struct err *err)
{
	struct s3_call *calls = mem_alloc(count * sizeof *calls);
	for (size_t i = 0; i < count; i++)
		calls[i] = (struct s3_call){.method = "HEAD", .key = key_of(target, items[i].name)};
	int result = s3_perform(&self(target)->s3, calls, count, LOOKS_AT_A_TIME, NULL, err);
	for (size_t i = 0; i < count && result == 0; i++) {
		items[i].is_there = calls[i].status == 200;
		items[i].there_bytes = calls[i].length;
		items[i].has_there_sha256 = calls[i].has_sha256;
		items[i].there_sha256 = calls[i].sha256;
	}
	release_calls(calls, count);
	return result;
}

static int put(struct binhost_target *target, struct binhost_item *items, size_t count,
               const struct event_sink *sink, struct err *err)
{
	struct s3_call *calls = mem_alloc(count * sizeof *calls);
	for (size_t i = 0; i < count; i++)
		calls[i] = (struct s3_call){.method = "PUT",
		                            .key = key_of(target, items[i].name),
		                            .body_path = items[i].path,
		                            .body_sha256 = items[i].sha256,
		                            .task = items[i].task,
		                            .if_none_match = items[i].overwrite ? NULL : "*"};
	int result = s3_perform(&self(target)->s3, calls, count, 0, sink, err);
	for (size_t i = 0; i < count && result == 0; i++) {
		items[i].is_there = calls[i].status == 412 || calls[i].status == 409;
		if (!items[i].is_there && calls[i].status >= 300)
			result = conflict_error(target, &calls[i], err);
	}
	release_calls(calls, count);
	return result;
}

static int get(struct binhost_target *target, const char *name, uint64_t max_bytes, int fd,
               struct err *err)
{
	own_free char *key = key_of(target, name);
	own(s3_call) call = {.method = "GET", .key = key, .max_bytes = max_bytes, .answer_fd = fd};
	if (s3_perform(&self(target)->s3, &call, 1, 1, NULL, err) < 0)
		return -1;
	if (call.status == 404)
		return err_set(err, ERR_TRUST, "%s: missing", name);
	return call.status == 200 ? 0 : conflict_error(target, &call, err);
}

static int by_name(const void *a, const void *b)
{
	const struct binhost_listed *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static int list(struct binhost_target *target, const char *prefix, struct binhost_listing *ret_list,
                struct err *err)
{
	own_free char *key = key_of(target, prefix);
	own(s3_object_list) objects = {0};
	size_t skip = strlen(self(target)->prefix);
	if (s3_list(&self(target)->s3, key, &objects, err) < 0)
		return -1;
	for (vec_each(object, &objects))
		if (str_starts(object->key, key))
			vec_push(ret_list, (struct binhost_listed){mem_strdup(object->key + skip),
			                                           object->bytes});
	vec_sort(ret_list, by_name);
	return 0;
}

static int remove_all(struct binhost_target *target, const struct strv *names, struct err *err)
{
	struct s3_call *calls = mem_alloc((names->count + 1) * sizeof *calls);
	for (size_t i = 0; i < names->count; i++)
		calls[i] = (struct s3_call){.method = "DELETE",
		                            .key = key_of(target, names->items[i])};
	int result = s3_perform(&self(target)->s3, calls, names->count, 0, NULL, err);
	release_calls(calls, names->count);
	return result;
}

static const struct binhost_target_ops s3_ops = {.read = read_text,
                                                 .swap = swap_text,
                                                 .look = look,
                                                 .put = put,
                                                 .get = get,
                                                 .list = list,
                                                 .remove = remove_all,
                                                 .free = s3_free};

/* ---- who we are */

static void take_setting(const char *line, const char *name, char **value)
{
	size_t length = strlen(name);
	if (!str_starts(line, name))
		return;
	line += length + strspn(line + length, " \t");
	if (*line++ != '=')
		return;
	line += strspn(line, " \t");
	free(*value);
	*value = mem_strndup(line, strcspn(line, " \t\r"));
}

void binhost_s3_parse_credentials(const char *text, const char *profile, char **ret_access_key,
                                  char **ret_secret_key, char **ret_session_token)
{
	own(strv) lines = {0};
	own_free char *section = mem_printf("[%s]", profile);
	bool wanted = false;
	*ret_access_key = *ret_secret_key = *ret_session_token = NULL;
	strv_split(&lines, text, "\n\r");
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i] + strspn(lines.items[i], " \t");
		if (*line == '[')
			wanted = str_starts(line, section);
		if (!wanted)
			continue;
		take_setting(line, "aws_access_key_id", ret_access_key);
		take_setting(line, "aws_secret_access_key", ret_secret_key);
		take_setting(line, "aws_session_token", ret_session_token);
	}
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static int read_profile(struct s3_target *t, struct err *err)
{
	const char *named = variable("AWS_SHARED_CREDENTIALS_FILE"), *home = variable("HOME");
	const char *profile = variable("AWS_PROFILE") ? variable("AWS_PROFILE") : "default";
	own_free char *path =
		named ? mem_strdup(named) : path_join(home ? home : "/", ".aws/credentials");
	own(str) text = {0};
	if (fs_exists(path)) {
		if (fs_read(path, MAX_CREDENTIALS_BYTES, &text, err) < 0)
			return -1;
		binhost_s3_parse_credentials(str_text(&text), profile, &t->access_key,
		                             &t->secret_key, &t->session_token);
	}
	if (t->access_key && t->secret_key)
		return 0;
	err_set(err, ERR_USAGE, "%s: no credentials (profile \"%s\" of %s)", t->target.url, profile,
	        path);
	return err_hint(err, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write the file");
}

static int find_credentials(struct s3_target *t, struct err *err)
{
	const char *access = variable("AWS_ACCESS_KEY_ID");
	const char *secret = variable("AWS_SECRET_ACCESS_KEY");
	const char *token = variable("AWS_SESSION_TOKEN");
	if (!access || !secret)
		return read_profile(t, err);
	t->access_key = mem_strdup(access);
	t->secret_key = mem_strdup(secret);
	t->session_token = token ? mem_strdup(token) : NULL;
	return 0;
}

/* ---- where */

static bool is_plain(const char *text, const char *also)
{
	for (; *text; text++)
		if (!((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') ||
		      strchr(also, *text)))
			return false;
	return true;
}

static int read_url(struct s3_target *t, const char *url, struct err *err)
{
	const char *bucket = url + strlen("s3://");
	size_t length = strcspn(bucket, "/");
	const char *prefix = bucket[length] ? bucket + length + 1 : "";
	t->bucket = mem_strndup(bucket, length);
	t->prefix = mem_printf("%s%s", prefix, *prefix && !str_ends(prefix, "/") ? "/" : "");
	bool ok = length > 2 && is_plain(t->bucket, ".-") &&
	          is_plain(prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-/") && *prefix != '/' &&
	          !strstr(prefix, "//") && !strstr(prefix, "..");
	if (ok)
		return 0;
	err_set(err, ERR_USAGE, "%s: not a bucket's address", url);
	return err_hint(err, "s3://bucket or s3://bucket/prefix, of letters, digits, - . _");
}

static int choose_server(struct s3_target *t, const char *endpoint, const char *region,
                         struct err *err)
{
	if (!region)
		region = variable("AWS_REGION");
	if (!region)
		region = variable("AWS_DEFAULT_REGION");
	if (!endpoint)
		endpoint = variable("AWS_ENDPOINT_URL_S3");
	if (!endpoint)
		endpoint = variable("AWS_ENDPOINT_URL");
	t->region = mem_strdup(region ? region : "us-east-1");
	t->endpoint = endpoint ? mem_strdup(endpoint)
	                       : mem_printf("https://s3.%s.amazonaws.com", t->region);
	size_t length = strlen(t->endpoint);
	if (length && t->endpoint[length - 1] == '/')
		t->endpoint[length - 1] = '\0';
	if (str_starts(t->endpoint, "https://") || str_starts(t->endpoint, "http://"))
		return 0;
	return err_set(err, ERR_USAGE, "%s: the endpoint %s: wanted https://… or http://…",
	               t->target.url, t->endpoint);
}

int binhost_s3_open(const char *url, const char *endpoint, const char *region,
                    struct binhost_target **ret_target, struct err *err)
{
	struct s3_target *t = mem_alloc(sizeof *t);
	t->target = (struct binhost_target){&s3_ops, mem_strdup(url)};
	if (read_url(t, url, err) < 0 || choose_server(t, endpoint, region, err) < 0 ||
	    find_credentials(t, err) < 0) {
		s3_free(&t->target);
		return -1;
	}
	t->s3 = (struct s3){.endpoint = t->endpoint,
	                    .bucket = t->bucket,
	                    .region = t->region,
	                    .access_key = t->access_key,
	                    .secret_key = t->secret_key,
	                    .session_token = t->session_token};
	*ret_target = &t->target;
	return 0;
}
