/* Hooks that run in the container's namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctx.h"
#include "fd.h"
#include "sys.h"
#include "sys_numbers.h"

/** A hook that runs; killed with its process group and reaped at the end of the scope, unless it was reaped
 * before. */
static void child_cleanup(const pid_t *child) {
    if (*child <= 0)
        return;
    kill(-*child, SIGKILL);
    kill(*child, SIGKILL);
    while (waitpid(*child, NULL, 0) < 0 && errno == EINTR)
        ;
}

/** The container's state as a file to read from: a pipe might be too small for it. */
static int state_file(struct ctx *ctx) {
    scope_fd file = memfd_create("state", MFD_CLOEXEC);
    if (file < 0)
        return fail(ctx, -errno, "memory for the state");
    int error = fd_write(file, ctx->go.state, ctx->go.state_length);
    if (error == 0 && lseek(file, 0, SEEK_SET) < 0)
        error = -errno;
    return error < 0 ? fail(ctx, error, "writing the state") : fd_steal(&file);
}

static const char **vector_of(struct wire_strings list, const char **at) {
    const char *text;
    while ((text = wire_next(&list)) != NULL)
        *at++ = text;
    *at++ = NULL;
    return at;
}

/** In the child: becomes the hook, or says on `errors` why it cannot. */
static _Noreturn void become_hook(const struct op_hook *op, const char **arguments, const char **environment,
                                  int state, int errors) {
    // A session of its own, so that a time-out ends its children as well.
    setsid();
    umask(022);
    sys_default_signals();
    sys_unblock_signals();
    int error = dup2(state, STDIN_FILENO) < 0 ? -errno : sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (error == 0) {
        execve(op->path.text, (char *const *)(uintptr_t)arguments, (char *const *)(uintptr_t)environment);
        error = -errno;
    }
    (void)fd_write(errors, &error, sizeof(error));
    _exit(127);
}

/** 1 when the child ended in time, 0 when not. */
static int wait_until(struct ctx *ctx, pid_t child, uint32_t seconds) {
    struct timespec deadline;
    if (seconds == 0)
        return 1;
    scope_fd pidfd = sys_pidfd_open(child);
    if (pidfd < 0)
        return fail(ctx, pidfd, "pidfd_open");
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += seconds;
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    int ready;
    do
        ready = poll(&ended, 1, fd_remaining(&deadline));
    while (ready < 0 && errno == EINTR);
    return ready < 0 ? fail(ctx, -errno, "poll") : ready;
}

static int verdict(struct ctx *ctx, int status) {
    char number[NUMBER_SIZE];
    if (WIFSIGNALED(status))
        return fail(ctx, -NO_ERRNO, "killed by signal ", number_text(number, WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        return fail(ctx, -NO_ERRNO, "exit status ", number_text(number, WEXITSTATUS(status)));
    return 0;
}

static int run_hook(struct ctx *ctx, const struct op_hook *op, const char **arguments,
                    const char **environment) {
    char number[NUMBER_SIZE];
    int ends[2];
    scope_fd state = state_file(ctx);
    if (state < 0)
        return state;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(ctx, -errno, "pipe");
    scope_fd errors = ends[0];
    scope_fd errors_in = ends[1];
    __attribute__((cleanup(child_cleanup))) pid_t child = sys_clone(0, SIGCHLD, -1);
    if (child == 0)
        become_hook(op, arguments, environment, state, errors_in);
    if (child < 0)
        return fail(ctx, child, "clone3");
    close(fd_steal(&errors_in));
    int error = 0;
    // Ends at execve, or with the reason why there is none.
    if (fd_read(errors, &error, sizeof(error)) == sizeof(error))
        return fail(ctx, error, "executing \"", op->path.text, "\"");
    int ended = wait_until(ctx, child, op->timeout);
    if (ended < 0)
        return ended;
    if (ended == 0)
        return fail(ctx, -NO_ERRNO, "timed out after ", number_text(number, op->timeout), " s");
    int status;
    pid_t reaped;
    do
        reaped = waitpid(child, &status, 0);
    while (reaped < 0 && errno == EINTR);
    child = -1;
    return reaped < 0 ? fail(ctx, -errno, "waitpid") : verdict(ctx, status);
}

int op_hook(struct ctx *ctx, const struct op_hook *op) {
    size_t size = ((size_t)op->args.count + op->environment.count + 2) * sizeof(char *);
    const char **arguments = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arguments == MAP_FAILED)
        return fail(ctx, -errno, "memory for the hook's arguments");
    const char **environment = vector_of(op->args, arguments);
    vector_of(op->environment, environment);
    int error = run_hook(ctx, op, arguments, environment);
    munmap(arguments, size);
    return error;
}
