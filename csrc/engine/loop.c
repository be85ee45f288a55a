/*
 * The event loop. A command that only waits for its own promises never makes a descriptor here; epoll(7)
 * begins with the first thread or watched descriptor.
 */
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static int poller = -1;
static int woken = -1;
static u32 held;

struct watched {
    struct watched *next;
    int descriptor;
    value function;
    bool gone;
};
static struct watched *watched_list;

static bool poller_begin(void) {
    if (poller < 0)
        poller = epoll_create1(EPOLL_CLOEXEC);
    return poller >= 0;
}

bool loop_listen(void) {
    if (woken >= 0)
        return true;
    if (!poller_begin())
        return false;
    int made = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (made < 0)
        return false;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, made, &event) != 0) {
        close(made);
        return false;
    }
    woken = made;
    return true;
}

void loop_wake(void) {
    u64 one = 1;
    while (write(woken, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void loop_hold(void) {
    held++;
}

void loop_let_go(void) {
    held--;
}

static struct watched *find_watched(int descriptor) {
    struct watched *one = watched_list;
    while (one != NULL && (one->descriptor != descriptor || one->gone))
        one = one->next;
    return one;
}

int watch(int descriptor, u32 events, value function) {
    if (!poller_begin())
        return errno;
    struct watched *one = find_watched(descriptor);
    bool fresh = one == NULL;
    if (fresh) {
        one = calloc(1, sizeof *one);
        if (one == NULL)
            return ENOMEM;
        one->descriptor = descriptor;
        one->function = VALUE_UNDEFINED;
    }
    struct epoll_event event = {.events = events, .data.ptr = one};
    if (epoll_ctl(poller, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event) != 0) {
        int error = errno;
        if (fresh)
            free(one);
        return error;
    }
    release(one->function);
    one->function = duplicate(function);
    if (fresh) {
        one->next = watched_list;
        watched_list = one;
        loop_hold();
    }
    return 0;
}

int unwatch(int descriptor) {
    struct watched *one = find_watched(descriptor);
    if (one == NULL)
        return ENOENT;
    /* A descriptor that was closed has left epoll by itself. */
    epoll_ctl(poller, EPOLL_CTL_DEL, descriptor, NULL);
    one->gone = true;
    loop_let_go();
    return 0;
}

/* Events of one round may still name what was given up in it: it is freed afterwards. */
static void forget_gone(void) {
    for (struct watched **at = &watched_list; *at != NULL;) {
        struct watched *one = *at;
        if (!one->gone) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        release(one->function);
        free(one);
    }
}

/* ---- timers ---- */

struct timer {
    struct timer *next;
    u64 due;
    u64 period;
    value function;
    u32 number;
};
static struct timer *timers;
static u32 last_number;

u64 monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u64)now.tv_sec * 1000000000ULL + (u64)now.tv_nsec;
}

static void insert(struct timer *timer) {
    struct timer **at = &timers;
    while (*at != NULL && (*at)->due <= timer->due)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
}

u32 set_timer(value function, f64 milliseconds, bool again) {
    struct timer *timer = malloc(sizeof *timer);
    if (timer == NULL)
        return 0;
    /* As in Node: less than one, no number, or more than an int holds is one millisecond. */
    if (!(milliseconds >= 1 && milliseconds <= 2147483647.0))
        milliseconds = 1;
    u64 period = (u64)(milliseconds * 1e6);
    *timer = (struct timer){NULL, monotonic_now() + period, again ? period : 0, duplicate(function),
                            ++last_number};
    insert(timer);
    return timer->number;
}

void clear_timer(u32 number) {
    for (struct timer **at = &timers; *at != NULL; at = &(*at)->next) {
        struct timer *timer = *at;
        if (timer->number != number)
            continue;
        *at = timer->next;
        release(timer->function);
        free(timer);
        return;
    }
}

/* ---- the loop ---- */

static void run_jobs(void) {
    u32 room = scratch_begin(4);
    s32 done;
    while ((done = (s32)w2c_JS_ExecutePendingJob(runtime, room)) > 0)
        continue;
    scratch_end(4);
    if (done < 0)
        uncaught(w2c_JS_GetException(context));
    rejections_check();
}

static void call(value function, u32 count, u32 arguments) {
    value answer = w2c_JS_Call(context, function, VALUE_UNDEFINED, count, arguments);
    if (is_exception(answer))
        uncaught(w2c_JS_GetException(context));
    release(answer);
    run_jobs();
}

static void run_timers(void) {
    u64 now = monotonic_now();
    u32 newest = last_number;
    while (timers != NULL && timers->due <= now) {
        struct timer *timer = timers;
        /* One that was made in this round waits for the next: otherwise 0 ms again and again would starve the
         * rest. */
        if (timer->number > newest)
            break;
        timers = timer->next;
        value function = timer->period != 0 ? duplicate(timer->function) : timer->function;
        if (timer->period != 0) {
            timer->due = now + timer->period;
            insert(timer);
        } else {
            free(timer);
        }
        call(function, 0, 0);
        release(function);
    }
}

/* Bytes that the engine has allocated: a field of its runtime. */
#define RUNTIME_ALLOCATED 24U
#define COLLECT_AFTER (128U << 10)
static u32 allocated_first;
static u32 allocated_before;

/* Reference counts free most; cycles stay until a collection, which looks at all that was made since the
 * image: so when there is nothing else to do, and the more of it there is the less often. */
static void collect_when_idle(void) {
    u32 allocated = i32_load(runtime + RUNTIME_ALLOCATED);
    if (allocated_first == 0 || allocated < allocated_first)
        allocated_first = allocated;
    if (allocated_before == 0 || allocated < allocated_before)
        allocated_before = allocated;
    if (allocated - allocated_before < COLLECT_AFTER + (allocated_before - allocated_first) / 4)
        return;
    w2c_JS_RunGC(runtime);
    allocated_before = i32_load(runtime + RUNTIME_ALLOCATED);
}

static int milliseconds_to_wait(void) {
    if (timers == NULL)
        return -1;
    u64 now = monotonic_now();
    if (timers->due <= now)
        return 0;
    u64 milliseconds = (timers->due - now + 999999) / 1000000;
    return milliseconds > 0x7fffffff ? 0x7fffffff : (int)milliseconds;
}

static void deliver(const struct epoll_event *event) {
    struct watched *one = event->data.ptr;
    if (one == NULL) {
        u64 count;
        while (read(woken, &count, sizeof count) < 0 && errno == EINTR)
            continue;
        threads_called();
        run_jobs();
        return;
    }
    if (one->gone)
        return;
    value function = duplicate(one->function);
    u32 room = scratch_begin(sizeof(value));
    i64_store(room, make_number_value(event->events));
    call(function, 1, room);
    scratch_end(sizeof(value));
    release(function);
}

void loop_run(void) {
    run_jobs();
    while (held > 0 || timers != NULL) {
        int milliseconds = milliseconds_to_wait();
        if (milliseconds != 0)
            collect_when_idle();
        struct epoll_event events[64];
        int count = poller >= 0 ? epoll_wait(poller, events, 64, milliseconds) : poll(NULL, 0, milliseconds);
        for (int i = 0; i < count; i++)
            deliver(&events[i]);
        run_timers();
        forget_gone();
    }
}
