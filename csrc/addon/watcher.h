/* Waiting without blocking the event loop: watcher.c. */
#ifndef TSOCI_WATCHER_H
#define TSOCI_WATCHER_H

#include "addon.h"

#include <poll.h>

/* Descriptors, and what they are waited for until. */
struct waiting {
    struct waiting *next;
    napi_deferred deferred;
    napi_threadsafe_function notify;
    /* Nanoseconds of the monotonic clock; -1 forever. */
    int64_t deadline;
    int error;
    uint32_t count;
    struct pollfd polled[];
};

/* As poll(2) takes it, never less than is left. */
int milliseconds_left(const struct waiting *waiting);
/* The descriptors of which something is to be told. */
napi_value make_ready(napi_env env, const struct waiting *waiting);
/* A promise of that; `waiting` belongs to watcher.c from here on. */
napi_value watch_start(napi_env env, struct waiting *waiting);

#endif
