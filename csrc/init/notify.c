#include "notify.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"
#include "message.h"

/** Neither a descriptor nor -errno. */
#define WAITING INT_MIN
#define SENT (INT_MIN + 1)

/** What the thread needs; it must not look at anything that the other one changes. */
static struct {
    struct ctx *ctx;
    int socket;
    /** WAITING, then the listener or -errno, then SENT. */
    int listener;
} job;

static char stack[16384] __attribute__((aligned(16)));

static int wait_and_send(void *unused) {
    (void)unused;
    const struct timespec pause = {.tv_nsec = 20000};
    struct ctx *ctx = job.ctx;
    int listener;
    while ((listener = __atomic_load_n(&job.listener, __ATOMIC_ACQUIRE)) == WAITING)
        nanosleep(&pause, NULL);
    if (listener >= 0) {
        int error = fd_send(job.socket, ctx->go.listener, ctx->go.listener_length, listener);
        if (error < 0) {
            fail(ctx, error, "sending the listener to the agent at listenerPath");
            message_send_text(ctx, MESSAGE_FAILED, error, (uint32_t)ctx->phase, ctx->detail.bytes,
                              ctx->detail.length);
            _exit(1);
        }
    }
    __atomic_store_n(&job.listener, SENT, __ATOMIC_RELEASE);
    return 0;
}

int notify_begin(struct ctx *ctx, uint32_t slot) {
    int socket = slot_get(ctx, slot);
    if (socket < 0)
        return socket;
    if (ctx->go.listener_length == 0)
        return fail(ctx, -EPROTO, "the parent brought no state for the seccomp agent");
    job.ctx = ctx;
    job.socket = socket;
    job.listener = WAITING;
    const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    if (clone(wait_and_send, stack + sizeof(stack), flags, NULL) < 0)
        return fail(ctx, -errno, "a thread that sends the seccomp listener");
    return 0;
}

void notify_hand_over(int listener) {
    __atomic_store_n(&job.listener, listener, __ATOMIC_RELEASE);
    while (__atomic_load_n(&job.listener, __ATOMIC_ACQUIRE) != SENT) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
}
