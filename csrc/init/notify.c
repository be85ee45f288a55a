#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/fd.h"
#include "message.h"

/** The most that an eventfd counts (eventfd(2)): one more has to wait until it is read. */
#define FULL 0xfffffffffffffffeULL

/** What the thread needs; it must not look at anything that the other one changes. */
static struct {
    struct ctx *ctx;
    int socket;
    /** The listener's number, or -errno, comes through here. */
    int told;
    int tell;
    /** A full eventfd, emptied when the listener was sent. */
    int gate;
} job;

static char stack[16384] __attribute__((aligned(16)));

static _Noreturn void give_up(struct ctx *ctx, int error) {
    if (error == -ETIMEDOUT)
        fail(ctx, error, "the agent at listenerPath does not take the listener and the state");
    else
        fail(ctx, error, "sending the listener to the agent at listenerPath");
    message_send_failure(ctx, error);
    _exit(1);
}

static int wait_and_send(void *unused) {
    (void)unused;
    struct ctx *ctx = job.ctx;
    int listener;
    uint64_t passed;
    // The other end is the same process's: it ends only with it.
    if (fd_read(job.told, &listener, sizeof(listener)) != sizeof(listener))
        _exit(1);
    if (listener >= 0) {
        int error = fd_send(job.socket, ctx->go.listener, ctx->go.listener_length, listener);
        if (error < 0)
            give_up(ctx, error);
    }
    close(job.socket);
    (void)fd_read(job.gate, &passed, sizeof(passed));
    return 0;
}

/** A pipe and an eventfd that is full. All close at execve. */
static int open_gate(struct ctx *ctx) {
    const uint64_t full = FULL;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(ctx, -errno, "pipe");
    job.told = ends[0];
    job.tell = ends[1];
    job.gate = (int)syscall(SYS_eventfd2, 0, O_CLOEXEC);
    if (job.gate < 0)
        return fail(ctx, -errno, "eventfd");
    int error = fd_write(job.gate, &full, sizeof(full));
    return error < 0 ? fail(ctx, error, "filling an eventfd") : 0;
}

int notify_begin(struct ctx *ctx, uint32_t slot) {
    if (ctx->go.listener_length == 0)
        return fail(ctx, -EPROTO, "the parent brought no state for the seccomp agent");
    // The thread closes it: behind the filter we may not.
    int socket = slot_take(ctx, slot);
    if (socket < 0)
        return socket;
    job.ctx = ctx;
    job.socket = socket;
    int error = open_gate(ctx);
    if (error < 0)
        return error;
    const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    if (clone(wait_and_send, stack + sizeof(stack), flags, NULL) < 0)
        return fail(ctx, -errno, "a thread that sends the seccomp listener");
    return 0;
}

void notify_hand_over(int listener) {
    const uint64_t one = 1;
    // Where the filter refuses even these, EXECUTING cannot be written either, which ends the process.
    if (fd_write(job.tell, &listener, sizeof(listener)) == 0)
        (void)fd_write(job.gate, &one, sizeof(one));
}
