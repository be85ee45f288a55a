/*
 * Promises for what is waited for: one thread watches for all, so that a shim that waits for a thousand
 * containers neither has a thousand threads, nor fills the host's pool (four threads in Node), nor blocks its
 * event loop. The thread is there as long as something is waited for.
 */
#include "watcher.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    /* Handed over and not yet seen by the thread. */
    struct waiting *fresh;
    /* The thread's eventfd; valid while it runs. */
    int wake;
    bool running;
} watcher = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = -1};

int milliseconds_left(const struct waiting *waiting) {
    if (waiting->deadline < 0)
        return -1;
    int64_t left = (waiting->deadline - monotonic_nanoseconds() + 999999) / 1000000;
    return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

napi_value make_ready(napi_env env, const struct waiting *waiting) {
    napi_value ready = NULL;
    if (napi_create_array(env, &ready) != napi_ok)
        return fail(env, ENOMEM, "array", NULL);
    uint32_t length = 0;
    for (uint32_t i = 0; i < waiting->count; i++) {
        if (waiting->polled[i].revents == 0)
            continue;
        napi_value descriptor = make_number(env, waiting->polled[i].fd);
        if (descriptor == NULL || napi_set_element(env, ready, length++, descriptor) != napi_ok)
            return fail(env, ENOMEM, "array", NULL);
    }
    return ready;
}

/* ---- on the JavaScript thread ---- */

/* Once for each. `env` is NULL when the host is shutting down: nobody waits any longer. */
static void settle(napi_env env, napi_value callback, void *context, void *data) {
    (void)callback;
    (void)data;
    struct waiting *waiting = context;
    if (env == NULL) {
        free(waiting);
        return;
    }
    napi_handle_scope scope = NULL;
    napi_open_handle_scope(env, &scope);
    napi_value ready = waiting->error == 0 ? make_ready(env, waiting) : NULL;
    if (ready != NULL) {
        napi_resolve_deferred(env, waiting->deferred, ready);
    } else {
        /* Making the answer may have thrown; otherwise the wait failed. */
        bool pending = false;
        napi_value reason = NULL;
        if (napi_is_exception_pending(env, &pending) == napi_ok && pending)
            napi_get_and_clear_last_exception(env, &reason);
        else
            reason = make_error(env, waiting->error, "poll", NULL);
        if (reason != NULL)
            napi_reject_deferred(env, waiting->deferred, reason);
    }
    napi_close_handle_scope(env, scope);
    free(waiting);
}

/* ---- on the watcher's thread ---- */

/* All that is watched, and the room for a poll of it: first the eventfd, then the descriptors one after
 * another. */
struct round {
    struct waiting *first;
    struct pollfd *polled;
    size_t size;
};

static void finish(struct waiting *waiting, int error) {
    napi_threadsafe_function notify = waiting->notify;
    waiting->error = error;
    /* It may be gone after this call. `napi_closing` means that the function is gone as well. */
    if (napi_call_threadsafe_function(notify, NULL, napi_tsfn_blocking) == napi_ok)
        napi_release_threadsafe_function(notify, napi_tsfn_release);
}

/* False when there is nothing to wait for: the thread is over then. */
static bool take_fresh(struct round *round) {
    pthread_mutex_lock(&watcher.lock);
    struct waiting **end = &round->first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = watcher.fresh;
    watcher.fresh = NULL;
    bool more = round->first != NULL;
    if (!more) {
        watcher.running = false;
        close(watcher.wake);
        watcher.wake = -1;
    }
    pthread_mutex_unlock(&watcher.lock);
    return more;
}

/* Fills the room; how many there are, or -ENOMEM. `left` is when the first of them gives up. */
static int64_t gather(struct round *round, int *left) {
    size_t count = 1;
    *left = -1;
    for (const struct waiting *each = round->first; each != NULL; each = each->next) {
        count += each->count;
        int own = milliseconds_left(each);
        if (own >= 0 && (*left < 0 || own < *left))
            *left = own;
    }
    if (count > round->size) {
        struct pollfd *larger = realloc(round->polled, count * 2 * sizeof *larger);
        if (larger == NULL)
            return -ENOMEM;
        round->polled = larger;
        round->size = count * 2;
    }
    round->polled[0] = (struct pollfd){.fd = watcher.wake, .events = POLLIN};
    size_t at = 1;
    for (const struct waiting *each = round->first; each != NULL; each = each->next) {
        if (each->count > 0)
            memcpy(round->polled + at, each->polled, each->count * sizeof each->polled[0]);
        at += each->count;
    }
    return (int64_t)count;
}

/* Hands over what is ready or out of time; everything, with `error`, when nothing can be watched. */
static void deliver(struct round *round, int error) {
    size_t at = 1;
    for (struct waiting **link = &round->first; *link != NULL;) {
        struct waiting *each = *link;
        bool over = error != 0 || milliseconds_left(each) == 0;
        for (uint32_t i = 0; error == 0 && i < each->count; i++) {
            each->polled[i].revents = round->polled[at + i].revents;
            over = over || each->polled[i].revents != 0;
        }
        at += each->count;
        if (!over) {
            link = &each->next;
            continue;
        }
        *link = each->next;
        finish(each, error);
    }
}

static void *watch(void *argument) {
    (void)argument;
    struct round round = {.first = NULL};
    while (take_fresh(&round)) {
        int left = -1;
        int64_t count = gather(&round, &left);
        int error = count < 0 ? ENOMEM : 0;
        if (error == 0 && poll(round.polled, (nfds_t)count, left) < 0) {
            if (errno == EINTR)
                continue;
            error = errno;
        }
        uint64_t woken;
        if (error == 0 && round.polled[0].revents != 0 && read(watcher.wake, &woken, sizeof woken) < 0)
            error = errno == EAGAIN ? 0 : errno;
        deliver(&round, error);
    }
    free(round.polled);
    return NULL;
}

/* ---- handing over ---- */

static int start_thread(void) {
    watcher.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watcher.wake < 0)
        return errno;
    int error = start_detached(watch, NULL, 65536);
    if (error != 0) {
        close(watcher.wake);
        watcher.wake = -1;
    }
    return error;
}

static int hand_over(struct waiting *waiting) {
    int error = 0;
    pthread_mutex_lock(&watcher.lock);
    waiting->next = watcher.fresh;
    watcher.fresh = waiting;
    if (watcher.running) {
        const uint64_t one = 1;
        /* It is full only when the thread has been woken and has not looked yet. */
        if (write(watcher.wake, &one, sizeof one) < 0 && errno != EAGAIN)
            error = errno;
    } else {
        error = start_thread();
        watcher.running = error == 0;
    }
    if (error != 0)
        watcher.fresh = waiting->next;
    pthread_mutex_unlock(&watcher.lock);
    return error;
}

napi_value watch_start(napi_env env, struct waiting *waiting) {
    napi_value promise = NULL;
    napi_value name = make_text(env, "poll", NAPI_AUTO_LENGTH);
    if (name == NULL || napi_create_promise(env, &waiting->deferred, &promise) != napi_ok) {
        free(waiting);
        return NULL;
    }
    if (napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, waiting, settle,
                                        &waiting->notify) != napi_ok) {
        free(waiting);
        return fail(env, ENOMEM, "napi_create_threadsafe_function", NULL);
    }
    napi_threadsafe_function notify = waiting->notify;
    int error = hand_over(waiting);
    if (error == 0)
        return promise;
    napi_release_threadsafe_function(notify, napi_tsfn_abort);
    free(waiting);
    return fail(env, error, "pthread_create", NULL);
}
