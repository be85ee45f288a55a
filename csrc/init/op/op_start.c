/* The hand-over: reporting ready, waiting for start, the system call filter, execve. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctx.h"
#include "kernel/fd.h"
#include "kernel/sys.h"
#include "kernel/sys_numbers.h"
#include "message.h"
#include "notify.h"

static void end_by(int signal) {
    _exit(128 + signal);
}

/**
 * Until the program is executed we end by the signals that end runc's waiting process. As the first process
 * of a pid namespace we would get none of them that has no handler (pid_namespaces(7)); execve takes these
 * away.
 */
static int end_by_signals(struct ctx *ctx) {
    static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL,  SIGTRAP,   SIGABRT,
                                 SIGBUS, SIGFPE, SIGSEGV, SIGTERM, SIGSTKFLT, SIGSYS};
    const struct sigaction action = {.sa_handler = end_by};
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        if (sigaction(ending[i], &action, NULL) < 0)
            return fail(ctx, -errno, "sigaction");
    }
    return 0;
}

int op_ready(struct ctx *ctx, const struct op_ready *op) {
    (void)op;
    // What the runtime's environment said to createContainer hooks is nobody's in the container.
    for (char **text = environ; *text != NULL; text++)
        memset(*text, 0, strlen(*text));
    environ[0] = NULL;
    int error = end_by_signals(ctx);
    if (error < 0)
        return error;
    message_send_stamps(ctx);
    message_send(ctx, MESSAGE_READY, 0);
    return message_await(ctx, QUESTION_COMMIT);
}

int op_finish(struct ctx *ctx, const struct op_finish *op) {
    (void)op;
    message_send_stamps(ctx);
    message_send(ctx, MESSAGE_READY, 0);
    int error = message_await(ctx, QUESTION_COMMIT);
    if (error < 0)
        return error;
    _exit(0);
}

int op_await_start(struct ctx *ctx, const struct op_await_start *op) {
    scope_fd listener = slot_take(ctx, op->socket);
    if (listener < 0)
        return listener;
    // The runtime that made the container is not waited for any more, nor told anything.
    close(ctx->report);
    ctx->report = -1;
    message_forget(ctx);
    int connection;
    do
        connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    while (connection < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (connection < 0)
        _exit(1);
    ctx->report = connection;
    return message_await(ctx, QUESTION_START);
}

int op_no_new_privileges(struct ctx *ctx, const struct op_no_new_privileges *op) {
    (void)op;
    int error = sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0);
    return error < 0 ? fail(ctx, error, "PR_SET_NO_NEW_PRIVS") : 0;
}

int prepare_execution(struct ctx *ctx) {
    unsigned kept = 3 + ctx->plan.header.preserve;
    if (ctx->prepared)
        return 0;
    // A text takes at least as much of the plan as a pointer to it takes here; three more end the lists and
    // add HOME.
    size_t size = ctx->plan.size + 3 * sizeof(char *);
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return fail(ctx, -errno, "memory for the program's arguments");
    ctx->vectors = memory;
    // Close-on-exec, not closed: the report channel's end tells the parent that execve worked.
    int error = sys_close_range(kept, ~0U, CLOSE_RANGE_CLOEXEC);
    if (error < 0)
        return fail(ctx, error, "close_range");
    for (unsigned descriptor = 0; descriptor < kept; descriptor++) {
        int flags = fcntl((int)descriptor, F_GETFD);
        if (flags > 0 && fcntl((int)descriptor, F_SETFD, flags & ~FD_CLOEXEC) < 0)
            return fail(ctx, -errno, "a preserved descriptor");
    }
    error = limits_apply(ctx);
    if (error < 0)
        return error;
    // All of them are at their defaults, as spawn left them (csrc/addon/spawn.c), but for those of ours.
    sys_unblock_signals();
    // Hooks may still run before execve.
    error = end_by_signals(ctx);
    if (error < 0)
        return error;
    ctx->prepared = true;
    return 0;
}

int op_seccomp(struct ctx *ctx, const struct op_seccomp *op) {
    struct sock_fprog program = {
        .len = (unsigned short)(op->filter.length / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)(uintptr_t)op->filter.bytes,
    };
    if (op->filter.length == 0 || op->filter.length % sizeof(struct sock_filter) != 0 ||
        op->filter.length / sizeof(struct sock_filter) > BPF_MAXINSNS)
        return fail(ctx, -EINVAL, "the filter's length is wrong");
    int error = prepare_execution(ctx);
    if (error < 0)
        return error;
    // There is one thread to filter; the one that sends the listener must stay outside.
    unsigned flags = op->flags & ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC;
    bool listens = op->listener != WIRE_NO_SLOT;
    if (listens) {
        error = notify_begin(ctx, op->listener);
        if (error < 0)
            return error;
        flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    }
    int loaded = sys_seccomp_load(flags, &program);
    if (listens)
        notify_hand_over(loaded);
    return loaded < 0 ? fail(ctx, loaded, "loading the filter") : 0;
}

/** The program's arguments as execve wants them; its environment follows. */
static void fill_vectors(struct ctx *ctx, const struct op_execute *op, const char ***environment) {
    struct wire_strings list = op->args;
    const char **at = ctx->vectors;
    const char *text;
    bool has_home = false;
    while ((text = wire_next(&list)) != NULL)
        *at++ = text;
    *at++ = NULL;
    *environment = at;
    list = op->environment;
    while ((text = wire_next(&list)) != NULL) {
        has_home = has_home || text_starts(text, "HOME=");
        *at++ = text;
    }
    if (!has_home)
        *at++ = home_variable(ctx);
    *at = NULL;
}

int op_execute(struct ctx *ctx, const struct op_execute *op) {
    const char **environment = NULL;
    if (op->args.count == 0 || ctx->executable[0] == '\0')
        return fail(ctx, -EINVAL, "no program was found to execute");
    int error = prepare_execution(ctx);
    if (error < 0)
        return error;
    fill_vectors(ctx, op, &environment);
    message_send_stamps(ctx);
    message_send(ctx, MESSAGE_EXECUTING, 0);
    execve(ctx->executable, (char *const *)(uintptr_t)ctx->vectors, (char *const *)(uintptr_t)environment);
    return fail(ctx, -errno, ctx->executable);
}
