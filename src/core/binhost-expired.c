/* Which objects of a binhost no index names any more, and since when: the file `expired`. */
#include "binhost-expired.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "own.h"

/* A prune that has been deleting for an hour has died. */
enum { STALE_SECONDS = 3600, WAIT_SECONDS = 120, POLL_SECONDS = 2 };
static const char file_name[] = "expired";

void expired_list_release(struct expired_list *list)
{
	vec_release(&list->items);
	free(list->tag);
	*list = (struct expired_list){0};
}

static int by_digest(const void *a, const void *b)
{
	return strcmp(((const struct expired_item *)a)->digest,
	              ((const struct expired_item *)b)->digest);
}

struct expired_item *expired_find(const struct expired_list *list, const char *digest)
{
	struct expired_item key = {0};
	if (!list->items.count || strlen(digest) != DIGEST_HEX - 1)
		return NULL;
	memcpy(key.digest, digest, DIGEST_HEX);
	return bsearch(&key, list->items.items, list->items.count, sizeof key, by_digest);
}

static bool read_line(const char *line, struct expired_item *item)
{
	own(strv) words = {0};
	struct digest digest;
	strv_split(&words, line, " ");
	if (words.count < 2 || words.count > 3 || !digest_parse(words.items[1], &digest))
		return false;
	digest_hex(&digest, item->digest);
	item->since = strtoll(words.items[0], NULL, 10);
	item->deleting = words.count == 3;
	return item->since > 0;
}

int expired_read(struct binhost_host *host, struct expired_list *ret_list, struct err *err)
{
	own(str) text = {0};
	own(strv) lines = {0};
	struct expired_list list = {0};
	if (host->target->ops->read(host->target, file_name, &text, &list.tag, err) < 0)
		return -1;
	strv_split(&lines, str_text(&text), "\n");
	for (size_t i = 0; i < lines.count; i++) {
		struct expired_item item = {0};
		if (read_line(lines.items[i], &item))
			vec_push(&list.items, item);
	}
	vec_sort(&list.items, by_digest);
	*ret_list = list;
	return 0;
}

int expired_write(struct binhost_host *host, const struct expired_list *list, bool *ret_done,
                  struct err *err)
{
	own(str) text = {0};
	for (vec_each(item, &list->items))
		str_addf(&text, "%lld %s%s\n", (long long)item->since, item->digest,
		         item->deleting ? " deleting" : "");
	return host->target->ops->swap(host->target, file_name, &text, list->tag, ret_done, err);
}

/* Drops the items of the map that may be taken; *ret_busy: some are just being deleted. */
static bool take_off(struct expired_list *list, const struct map *digests, bool *ret_busy)
{
	int64_t now = (int64_t)time(NULL);
	size_t kept = 0;
	*ret_busy = false;
	for (vec_each(item, &list->items)) {
		bool wanted = map_get(digests, item->digest);
		bool busy = item->deleting && now - item->since < STALE_SECONDS;
		*ret_busy |= wanted && busy;
		if (!wanted || busy)
			list->items.items[kept++] = *item;
	}
	bool changed = kept != list->items.count;
	list->items.count = kept;
	return changed;
}

int expired_rescue(struct binhost_host *host, const struct map *digests, struct err *err)
{
	int64_t start = (int64_t)time(NULL);
	for (bool done = false, busy = false; !done || busy;) {
		own(expired_list) list = {0};
		if (busy)
			sleep(POLL_SECONDS);
		if (expired_read(host, &list, err) < 0)
			return -1;
		done = true;
		if (take_off(&list, digests, &busy) && expired_write(host, &list, &done, err) < 0)
			return -1;
		if (busy && (int64_t)time(NULL) - start > WAIT_SECONDS) {
			err_set(err, ERR_NETWORK, "%s: a prune is removing objects",
			        host->target->url);
			return err_hint(err, "push again when it has ended; if none runs, in an "
			                     "hour");
		}
	}
	return 0;
}
