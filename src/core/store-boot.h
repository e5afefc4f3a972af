/* What a power cut may take of the store, and how that is found out.
 *
 * Outputs are not synced when they get their names: syncfs(2) waits for whatever the builds beside
 * have written, a kernel's tree of objects for example, and fsync(2) of each of their files is a
 * commit of the journal each. They need not be, since they can be made again from the cache's
 * archives. Instead each is noted before it gets its name, under the boot it was made in
 * (out/unsynced/<boot id>/<digest>). File systems with a journal keep changes of names in their
 * order, so none has a name without its note. In another boot, those noted that are no longer what
 * their manifest says are taken away, before anything counts on them. */
#pragma once

#include "err.h"
#include "event.h"
#include "workspace.h"

/* Notes that the output is about to get its name in this boot. */
int store_note_unsynced(const struct workspace *workspace, const char *digest, struct err *err);
/* Checks what was noted in other boots, telling the sink, and forgets the notes. For commands that
 * hold a lease, before they look into the store; costs little where there is nothing to do. */
int store_check_unsynced(const struct workspace *workspace, const struct event_sink *sink,
                         struct err *err);
