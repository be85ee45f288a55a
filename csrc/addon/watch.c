/* Waiting for the kernel to tell of something: event counters, changed files, and several descriptors at
 * once. */
#include "watcher.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

static napi_value event_descriptor(napi_env env, napi_callback_info info) {
    (void)info;
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0)
        return fail(env, errno, "eventfd", NULL);
    return make_number(env, descriptor);
}

static napi_value watch_files(napi_env env, napi_callback_info info) {
    struct strings paths CLEANUP(strings_release) = {.items = NULL};
    if (!watch_files_arguments(env, info, &paths))
        return NULL;
    int descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (descriptor < 0)
        return fail(env, errno, "inotify_init1", NULL);
    for (uint32_t i = 0; i < paths.count; i++) {
        if (inotify_add_watch(descriptor, paths.items[i], IN_MODIFY | IN_DELETE_SELF) >= 0)
            continue;
        int error = errno;
        close(descriptor);
        return fail(env, error, "inotify_add_watch", paths.items[i]);
    }
    return make_number(env, descriptor);
}

/* ---- poll ---- */

/* A signal interrupts the wait, and what is left of it goes on. */
static int poll_until(struct waiting *waiting) {
    for (;;) {
        int left = milliseconds_left(waiting);
        if (poll(waiting->polled, waiting->count, left) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

static struct waiting *take_waiting(napi_env env, napi_callback_info info) {
    struct descriptors descriptors CLEANUP(descriptors_release) = {.items = NULL};
    int milliseconds = 0;
    if (!poll_many_arguments(env, info, &descriptors, &milliseconds))
        return NULL;
    struct waiting *waiting = calloc(1, sizeof *waiting + descriptors.count * sizeof waiting->polled[0]);
    if (waiting == NULL) {
        fail(env, ENOMEM, "malloc", NULL);
        return NULL;
    }
    waiting->deadline = milliseconds < 0 ? -1 : monotonic_nanoseconds() + (int64_t)milliseconds * 1000000;
    waiting->count = descriptors.count;
    for (uint32_t i = 0; i < descriptors.count; i++)
        waiting->polled[i] = (struct pollfd){.fd = descriptors.items[i], .events = POLLIN};
    return waiting;
}

static napi_value poll_many(napi_env env, napi_callback_info info) {
    struct waiting *waiting CLEANUP(free_release) = take_waiting(env, info);
    if (waiting == NULL)
        return NULL;
    int result = poll_until(waiting);
    return result < 0 ? fail(env, -result, "poll", NULL) : make_ready(env, waiting);
}

static napi_value poll_many_async(napi_env env, napi_callback_info info) {
    struct waiting *waiting = take_waiting(env, info);
    return waiting == NULL ? NULL : watch_start(env, waiting);
}

napi_status register_watch(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(eventDescriptor, event_descriptor),
        EXPORT(watchFiles, watch_files),
        EXPORT(pollMany, poll_many),
        EXPORT(pollManyAsync, poll_many_async),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
