/* Hooks that run in the container's namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctx.h"
#include "fd.h"
#include "sys.h"
#include "sys_numbers.h"

/** What a hook gets beside its own environment. */
enum hook_environment { ENVIRONMENT_OWN, ENVIRONMENT_OF_CALLER, ENVIRONMENT_HOME };

/** Milliseconds between two looks at a hook of which nothing is heard. */
#define LONGEST_PAUSE 20

/** A hook that runs, and our ends of the pipes that are all it has of us. */
struct hook {
    pid_t child;
    /** Writes the state to its standard input. */
    int input;
    size_t written;
    /** Reads what it says. */
    int output;
    bool limited;
    struct timespec deadline;
};

/** Kills a hook with its process group and reaps it, unless it was reaped before. */
static void hook_cleanup(const struct hook *hook) {
    fd_cleanup(&hook->input);
    fd_cleanup(&hook->output);
    // A reader that is gone is no reason to end, but for the program.
    sys_default_signal(SIGPIPE);
    if (hook->child <= 0)
        return;
    kill(-hook->child, SIGKILL);
    kill(hook->child, SIGKILL);
    while (waitpid(hook->child, NULL, 0) < 0 && errno == EINTR)
        ;
}

static const char **copy_list(struct wire_strings list, const char **at) {
    const char *text;
    while ((text = wire_next(&list)) != NULL)
        *at++ = text;
    return at;
}

static size_t count_environment(void) {
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    return count;
}

/** Where in `vectors` the environment begins; the arguments are before it. */
static const char **fill_vectors(struct ctx *ctx, const struct op_hook *op, const char **vectors) {
    const char **at = copy_list(op->args, vectors);
    *at++ = NULL;
    const char **environment = at;
    at = copy_list(op->environment, at);
    if (op->adds == ENVIRONMENT_OF_CALLER)
        for (char **text = environ; *text != NULL; text++)
            *at++ = *text;
    bool has_home = false;
    for (const char **text = environment; text < at; text++)
        has_home = has_home || text_starts(*text, "HOME=");
    if (op->adds == ENVIRONMENT_HOME && !has_home)
        *at++ = home_variable(ctx);
    *at = NULL;
    return environment;
}

/** Nothing of ours behind the standard streams, with few system calls where the container's filter rules. */
static int close_others(const struct ctx *ctx) {
    if (!ctx->prepared)
        return sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    for (unsigned kept = 0; kept < ctx->plan.header.preserve; kept++)
        (void)fcntl(3 + (int)kept, F_SETFD, FD_CLOEXEC);
    return 0;
}

/** What the hook's process finds its streams at. */
struct streams {
    int input;
    int output;
    int errors;
};

/** In the child: becomes the hook, or says on `errors` why it cannot. */
static _Noreturn void become_hook(const struct ctx *ctx, const struct op_hook *op, const char **vectors,
                                  const char **environment, const struct streams *streams) {
    // A session of its own, so that a time-out ends its children as well.
    setsid();
    umask(022);
    sys_default_signals();
    sys_unblock_signals();
    int error = op->root == WIRE_NO_SLOT || fchdir(ctx->slots[op->root]) == 0 ? 0 : -errno;
    if (error == 0 && (dup2(streams->input, STDIN_FILENO) < 0 || dup2(streams->output, STDOUT_FILENO) < 0 ||
                       dup2(streams->output, STDERR_FILENO) < 0))
        error = -errno;
    if (error == 0)
        error = close_others(ctx);
    if (error == 0) {
        execve(op->path.text, (char *const *)(uintptr_t)vectors, (char *const *)(uintptr_t)environment);
        error = -errno;
    }
    (void)fd_write(streams->errors, &error, sizeof(error));
    _exit(127);
}

/** A pipe whose one end, ours, does not wait. */
static int open_pipe(struct ctx *ctx, int ends[2], int ours) {
    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(ctx, -errno, "pipe");
    return fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0 ? fail(ctx, -errno, "pipe") : 0;
}

/** Starts the hook, and waits until it has executed its program. */
static int start_hook(struct ctx *ctx, const struct op_hook *op, const char **vectors,
                      const char **environment, struct hook *hook) {
    int input[2] = {-1, -1};
    int output[2] = {-1, -1};
    int errors[2] = {-1, -1};
    int error = open_pipe(ctx, input, 1);
    scope_fd input_theirs = input[0];
    hook->input = input[1];
    if (error == 0)
        error = open_pipe(ctx, output, 0);
    scope_fd output_theirs = output[1];
    hook->output = output[0];
    if (error < 0)
        return error;
    if (pipe2(errors, O_CLOEXEC) < 0)
        return fail(ctx, -errno, "pipe");
    scope_fd errors_ours = errors[0];
    scope_fd errors_theirs = errors[1];
    const struct streams streams = {input_theirs, output_theirs, errors_theirs};
    hook->child = sys_fork();
    if (hook->child == 0)
        become_hook(ctx, op, vectors, environment, &streams);
    if (hook->child < 0)
        return fail(ctx, hook->child, "fork");
    close(fd_steal(&errors_theirs));
    // Ends at execve, or with the reason why there is none.
    if (fd_read(errors_ours, &error, sizeof(error)) == sizeof(error))
        return fail(ctx, error, "executing \"", op->path.text, "\"");
    return 0;
}

/** Hands on as much of the state as the pipe takes. */
static void feed(const struct ctx *ctx, struct hook *hook) {
    size_t left = ctx->go.state_length - hook->written;
    ssize_t sent = left == 0 ? 0 : write(hook->input, ctx->go.state + hook->written, left);
    if (sent > 0)
        hook->written += (size_t)sent;
    if (sent > 0 ? hook->written < ctx->go.state_length : sent < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    // All of it, or it does not want to know.
    close(fd_steal(&hook->input));
}

/** Takes what the hook has said so far; only the beginning is kept. */
static void listen_to(struct ctx *ctx, struct hook *hook) {
    char rest[1024];
    ssize_t got = 0;
    for (int turn = 0; turn < 64 && hook->output >= 0; turn++) {
        size_t room = sizeof(ctx->said) - ctx->said_length;
        got = read(hook->output, room > 0 ? ctx->said + ctx->said_length : rest,
                   room > 0 ? room : sizeof(rest));
        if (got < 0)
            return;
        if (got == 0)
            close(fd_steal(&hook->output));
        else if (room > 0)
            ctx->said_length += (size_t)got;
    }
}

/** Waits until something can be done for the hook, or for a while. -ETIMEDOUT at its deadline. */
static int pause_for(struct ctx *ctx, struct hook *hook, int *milliseconds) {
    struct pollfd heard[2] = {{.fd = hook->input, .events = POLLOUT}, {.fd = hook->output, .events = POLLIN}};
    int left = hook->limited ? fd_remaining(&hook->deadline) : *milliseconds;
    if (left == 0)
        return -ETIMEDOUT;
    int ready = poll(heard, 2, left < *milliseconds ? left : *milliseconds);
    if (ready < 0 && errno != EINTR)
        return fail(ctx, -errno, "poll");
    // Nobody tells of its end while others hold its output: it is asked for, ever more rarely.
    if (ready == 0 && *milliseconds < LONGEST_PAUSE)
        *milliseconds *= 2;
    if (heard[0].revents != 0)
        feed(ctx, hook);
    if (heard[1].revents != 0)
        listen_to(ctx, hook);
    return 0;
}

/** Waits for the hook's end: 0 with its status, -ETIMEDOUT when it took too long, or -errno. */
static int wait_for_end(struct ctx *ctx, struct hook *hook, int *status) {
    int milliseconds = 1;
    for (;;) {
        pid_t reaped = waitpid(hook->child, status, WNOHANG);
        if (reaped < 0 && errno != EINTR)
            return fail(ctx, -errno, "waitpid");
        if (reaped > 0)
            break;
        int error = pause_for(ctx, hook, &milliseconds);
        if (error < 0)
            return error;
    }
    hook->child = -1;
    listen_to(ctx, hook);
    return 0;
}

static int verdict(struct ctx *ctx, int status) {
    char number[NUMBER_SIZE];
    if (WIFSIGNALED(status))
        return fail(ctx, -NO_ERRNO, "killed by signal ", number_text(number, WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        return fail(ctx, -NO_ERRNO, "exit status ", number_text(number, WEXITSTATUS(status)));
    ctx->said_length = 0;
    return 0;
}

static int run_hook(struct ctx *ctx, const struct op_hook *op, const char **vectors) {
    char number[NUMBER_SIZE];
    int status;
    __attribute__((cleanup(hook_cleanup))) struct hook hook = {
        .child = -1, .input = -1, .output = -1, .limited = op->timeout != 0};
    clock_gettime(CLOCK_MONOTONIC, &hook.deadline);
    hook.deadline.tv_sec += op->timeout;
    ctx->said_length = 0;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) < 0)
        return fail(ctx, -errno, "sigaction");
    int error = start_hook(ctx, op, vectors, fill_vectors(ctx, op, vectors), &hook);
    if (error == 0)
        error = wait_for_end(ctx, &hook, &status);
    if (error == -ETIMEDOUT)
        return fail(ctx, -NO_ERRNO, "timed out after ", number_text(number, op->timeout), " s");
    return error < 0 ? error : verdict(ctx, status);
}

int op_hook(struct ctx *ctx, const struct op_hook *op) {
    if (op->root != WIRE_NO_SLOT && slot_get(ctx, op->root) < 0)
        return -EBADF;
    // A program of the image lives with the limits of the container's.
    int error = ctx->phase > PHASE_ROOTFS ? prepare_execution(ctx) : 0;
    if (error < 0)
        return error;
    // Both lists, the NULL behind each, and HOME.
    size_t count = (size_t)op->args.count + op->environment.count + 3;
    if (op->adds == ENVIRONMENT_OF_CALLER)
        count += count_environment();
    size_t size = count * sizeof(char *);
    const char **vectors = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (vectors == MAP_FAILED)
        return fail(ctx, -errno, "memory for the hook's arguments");
    error = run_hook(ctx, op, vectors);
    munmap(vectors, size);
    return error;
}
