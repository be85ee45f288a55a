/*
 * One thread for all flows, and one for those that may be slow: they wait in epoll(7), each for one end at a
 * time and once (EPOLLONESHOT; otherwise an end that hung up would be told of again and again). No byte goes
 * through JavaScript, which is told when a flow is over. A thread is there as long as it has flows.
 */
#include "flow.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MILLISECOND 1000000LL
/* After the kernel could not watch one end more. */
#define PAUSE_WITHOUT_EVENTS 10

struct copier {
    pthread_mutex_t lock;
    /* Handed over and not yet seen by the thread. */
    struct flow *fresh;
    /* The thread's; it alone changes the list, and only with the lock. */
    struct flow *flows;
    /* The thread's own; valid while it runs. */
    int wake;
    int poller;
    bool running;
    struct flow_room room;
};

static struct copier copiers[2] = {
    {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = -1, .poller = -1},
    {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = -1, .poller = -1},
};

/* ---- on the JavaScript thread: a flow is over ---- */

static napi_value make_report(napi_env env, const struct flow *flow) {
    napi_value report = NULL;
    if (napi_create_object(env, &report) != napi_ok)
        return NULL;
    set_property(env, report, "copied", make_number(env, (double)flow->copied));
    set_property(env, report, "dropped", make_number(env, (double)flow->dropped));
    if (flow->error != 0)
        set_property(env, report, "error", make_error(env, flow->error, "write", NULL));
    return report;
}

/* Once for each. `env` is NULL when the host is shutting down: nobody waits any longer. */
void flow_settle(napi_env env, napi_value callback, void *context, void *data) {
    (void)callback;
    (void)data;
    struct flow *flow = context;
    if (env != NULL) {
        napi_handle_scope scope = NULL;
        napi_open_handle_scope(env, &scope);
        napi_resolve_deferred(env, flow->deferred, make_report(env, flow));
        napi_close_handle_scope(env, scope);
    }
    free(flow);
}

/* ---- on the thread ---- */

static void finish(struct copier *copier, struct flow *flow) {
    flow_close(flow, copier->poller);
    pthread_mutex_lock(&copier->lock);
    struct flow **link = &copier->flows;
    while (*link != flow)
        link = &(*link)->next;
    *link = flow->next;
    pthread_mutex_unlock(&copier->lock);
    napi_threadsafe_function notify = flow->notify;
    /* It may be gone after this call. `napi_closing` means that the function is gone as well. */
    if (napi_call_threadsafe_function(notify, NULL, napi_tsfn_blocking) == napi_ok)
        napi_release_threadsafe_function(notify, napi_tsfn_release);
}

/* A file has nothing to wait for: it is ready at once. */
static void await_end(const struct copier *copier, struct flow *flow, int descriptor, uint32_t events) {
    struct epoll_event event = {.events = events | EPOLLONESHOT, .data.ptr = flow};
    if (epoll_ctl(copier->poller, EPOLL_CTL_MOD, descriptor, &event) == 0)
        return;
    if (errno == ENOENT && epoll_ctl(copier->poller, EPOLL_CTL_ADD, descriptor, &event) == 0)
        return;
    int64_t pause = errno == EPERM ? 0 : PAUSE_WITHOUT_EVENTS * MILLISECOND;
    flow->look_at = monotonic_nanoseconds() + pause;
}

static void advance(struct copier *copier, struct flow *flow) {
    flow->look_at = 0;
    switch (flow_advance(flow, copier->poller, &copier->room)) {
    case FLOW_WAIT_SOURCE:
        await_end(copier, flow, flow->source, EPOLLIN);
        break;
    case FLOW_WAIT_DESTINATION:
        await_end(copier, flow, flow->destination, EPOLLOUT);
        break;
    case FLOW_LOOK_AGAIN:
        flow->look_at = monotonic_nanoseconds() + flow->pause * MILLISECOND;
        break;
    case FLOW_OVER:
        finish(copier, flow);
    }
}

/* What was handed over or said; false when there is nothing to do any more: the thread is over then. */
static bool take_news(struct copier *copier) {
    uint64_t woken;
    /* Before looking: what comes afterwards wakes again. It is empty when the news came before the thread. */
    while (read(copier->wake, &woken, sizeof woken) < 0 && errno == EINTR)
        continue;
    pthread_mutex_lock(&copier->lock);
    while (copier->fresh != NULL) {
        struct flow *flow = copier->fresh;
        copier->fresh = flow->next;
        flow->next = copier->flows;
        copier->flows = flow;
    }
    bool more = copier->flows != NULL;
    if (!more) {
        copier->running = false;
        close(copier->wake);
        close(copier->poller);
        copier->wake = copier->poller = -1;
    }
    pthread_mutex_unlock(&copier->lock);
    return more;
}

static bool take_call(struct copier *copier, struct flow *flow) {
    pthread_mutex_lock(&copier->lock);
    bool called = flow->called;
    flow->called = false;
    flow->word = flow->said;
    pthread_mutex_unlock(&copier->lock);
    return called;
}

/* Those that were called and those whose time has come. */
static void look_at_all(struct copier *copier, bool news) {
    int64_t now = monotonic_nanoseconds();
    for (struct flow *flow = copier->flows, *next = NULL; flow != NULL; flow = next) {
        next = flow->next;
        if ((news && take_call(copier, flow)) || (flow->look_at != 0 && flow->look_at <= now))
            advance(copier, flow);
    }
}

/* Milliseconds until the first of them wants to look again, as epoll_wait takes it. */
static int time_left(const struct copier *copier) {
    int64_t first = 0;
    for (const struct flow *flow = copier->flows; flow != NULL; flow = flow->next)
        if (flow->look_at != 0 && (first == 0 || flow->look_at < first))
            first = flow->look_at;
    if (first == 0)
        return -1;
    int64_t left = (first - monotonic_nanoseconds() + MILLISECOND - 1) / MILLISECOND;
    return left <= 0 ? 0 : (int)left;
}

static void *run(void *argument) {
    struct copier *copier = argument;
    bool news = true;
    for (;;) {
        if (news && !take_news(copier))
            return NULL;
        look_at_all(copier, news);
        news = copier->flows == NULL;
        if (news)
            continue;
        struct epoll_event events[64];
        int count = epoll_wait(copier->poller, events, COUNT(events), time_left(copier));
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                news = true;
            else
                advance(copier, events[i].data.ptr);
        }
        news = news || copier->flows == NULL;
    }
}

/* ---- handing over ---- */

static int start_copier(struct copier *copier) {
    int error = 0;
    copier->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    copier->poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (copier->wake < 0 || copier->poller < 0 ||
        epoll_ctl(copier->poller, EPOLL_CTL_ADD, copier->wake, &event) < 0)
        error = -errno;
    else
        error = -start_detached(run, copier, 65536);
    if (error == 0)
        return 0;
    close_release(&copier->wake);
    close_release(&copier->poller);
    copier->wake = copier->poller = -1;
    return error;
}

/* It is full only when the thread has been woken and has not looked yet. */
static int wake_up(const struct copier *copier) {
    const uint64_t one = 1;
    while (write(copier->wake, &one, sizeof one) < 0) {
        if (errno == EAGAIN)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
    return 0;
}

int copier_add(struct flow *flow) {
    struct copier *copier = &copiers[(flow->kind & FLOW_SLOW) != 0];
    pthread_mutex_lock(&copier->lock);
    flow->next = copier->fresh;
    flow->called = true;
    copier->fresh = flow;
    int error = copier->running ? wake_up(copier) : start_copier(copier);
    if (error == 0)
        copier->running = true;
    else
        copier->fresh = flow->next;
    pthread_mutex_unlock(&copier->lock);
    return error;
}

static struct flow *find(struct flow *flow, uint32_t number) {
    while (flow != NULL && flow->number != number)
        flow = flow->next;
    return flow;
}

void copier_say(uint32_t number, enum flow_word word) {
    for (size_t i = 0; i < COUNT(copiers); i++) {
        struct copier *copier = &copiers[i];
        pthread_mutex_lock(&copier->lock);
        struct flow *flow = find(copier->flows, number);
        if (flow == NULL)
            flow = find(copier->fresh, number);
        if (flow != NULL && word > flow->said) {
            flow->said = word;
            flow->called = true;
            /* A thread that has flows runs, and its eventfd takes a number: it cannot fail. */
            wake_up(copier);
        }
        pthread_mutex_unlock(&copier->lock);
    }
}
