/* Waiting for the kernel to tell of something: event counters, changed files, and several descriptors at
 * once. */
#include "addon.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

static napi_value event_descriptor(napi_env env, napi_callback_info info) {
    (void)info;
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0)
        return fail(env, errno, "eventfd", NULL);
    return make_number(env, descriptor);
}

static napi_value watch_files(napi_env env, napi_callback_info info) {
    napi_value arguments[1];
    struct strings paths CLEANUP(strings_release) = {.items = NULL};
    if (!take_arguments(env, info, 1, arguments) || !take_strings(env, arguments[0], &paths))
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

struct poll_job {
    struct job job;
    int milliseconds;
    uint32_t count;
    struct pollfd polled[];
};

static int64_t now_in_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A signal interrupts the wait, and what is left of it goes on. */
static int poll_work(struct job *job) {
    struct poll_job *poll_job = (struct poll_job *)job;
    int64_t end = now_in_milliseconds() + poll_job->milliseconds;
    int left = poll_job->milliseconds;
    for (;;) {
        if (poll(poll_job->polled, poll_job->count, left) >= 0)
            return 0;
        if (errno != EINTR)
            return -errno;
        if (poll_job->milliseconds < 0)
            continue;
        int64_t rest = end - now_in_milliseconds();
        left = rest < 0 ? 0 : (int)rest;
    }
}

static napi_value poll_result(napi_env env, struct job *job) {
    struct poll_job *poll_job = (struct poll_job *)job;
    napi_value ready = NULL;
    if (napi_create_array(env, &ready) != napi_ok)
        return fail(env, ENOMEM, "array", NULL);
    uint32_t length = 0;
    for (uint32_t i = 0; i < poll_job->count; i++) {
        if (poll_job->polled[i].revents == 0)
            continue;
        napi_value descriptor = make_number(env, poll_job->polled[i].fd);
        if (descriptor == NULL || napi_set_element(env, ready, length++, descriptor) != napi_ok)
            return fail(env, ENOMEM, "array", NULL);
    }
    return ready;
}

static struct poll_job *take_poll(napi_env env, napi_callback_info info) {
    napi_value arguments[2];
    struct descriptors descriptors CLEANUP(descriptors_release) = {.items = NULL};
    int milliseconds = 0;
    if (!take_arguments(env, info, 2, arguments) || !take_descriptors(env, arguments[0], &descriptors) ||
        !take_int(env, arguments[1], &milliseconds))
        return NULL;
    struct poll_job *poll_job = calloc(1, sizeof *poll_job + descriptors.count * sizeof poll_job->polled[0]);
    if (poll_job == NULL) {
        fail(env, ENOMEM, "malloc", NULL);
        return NULL;
    }
    poll_job->job = (struct job){.work = poll_work, .result = poll_result, .syscall = "poll"};
    poll_job->milliseconds = milliseconds;
    poll_job->count = descriptors.count;
    for (uint32_t i = 0; i < descriptors.count; i++)
        poll_job->polled[i] = (struct pollfd){.fd = descriptors.items[i], .events = POLLIN};
    return poll_job;
}

static napi_value poll_many(napi_env env, napi_callback_info info) {
    struct poll_job *poll_job = take_poll(env, info);
    if (poll_job == NULL)
        return NULL;
    int result = poll_work(&poll_job->job);
    napi_value ready = result < 0 ? fail(env, -result, "poll", NULL) : poll_result(env, &poll_job->job);
    free(poll_job);
    return ready;
}

static napi_value poll_many_async(napi_env env, napi_callback_info info) {
    struct poll_job *poll_job = take_poll(env, info);
    return poll_job == NULL ? NULL : job_start(env, &poll_job->job);
}

napi_status register_watch(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT("eventDescriptor", event_descriptor),
        EXPORT("watchFiles", watch_files),
        EXPORT("pollMany", poll_many),
        EXPORT("pollManyAsync", poll_many_async),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
