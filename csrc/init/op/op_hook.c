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
#include "hear.h"
#include "kernel/fd.h"
#include "kernel/sys.h"
#include "kernel/sys_numbers.h"

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
    /** Standard output, or both; standard error, where it has a pipe of its own. */
    struct ear ears[2];
    bool limited;
    struct timespec deadline;
};

/** Kills a hook with its process group and reaps it, unless it was reaped before. */
static void hook_cleanup(const struct hook *hook) {
    fd_cleanup(&hook->input);
    fd_cleanup(&hook->ears[0].pipe);
    fd_cleanup(&hook->ears[1].pipe);
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

/** As execve wants them. */
struct lists {
    const char **arguments;
    const char **environment;
};

/** What the hook's process finds its streams at. */
struct streams {
    int input;
    int output;
    int errors;
    /** Where it says that it cannot be executed. */
    int report;
};

/** In the child: becomes the hook, or says on `report` why it cannot. */
static _Noreturn void become_hook(const struct ctx *ctx, const struct op_hook *op, const struct lists *lists,
                                  const struct streams *streams) {
    // A session of its own, so that a time-out ends its children as well.
    setsid();
    umask(022);
    sys_default_signals();
    sys_unblock_signals();
    int error = op->root == WIRE_NO_SLOT || fchdir(ctx->slots[op->root]) == 0 ? 0 : -errno;
    if (error == 0 && (dup2(streams->input, STDIN_FILENO) < 0 || dup2(streams->output, STDOUT_FILENO) < 0 ||
                       dup2(streams->errors, STDERR_FILENO) < 0))
        error = -errno;
    if (error == 0)
        error = close_others(ctx);
    if (error == 0) {
        execve(op->path.text, (char *const *)(uintptr_t)lists->arguments,
               (char *const *)(uintptr_t)lists->environment);
        error = -errno;
    }
    (void)fd_write(streams->report, &error, sizeof(error));
    _exit(127);
}

/** A pipe whose one end, ours, does not wait. */
static int open_pipe(struct ctx *ctx, int ends[2], int ours) {
    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(ctx, -errno, "pipe");
    return fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0 ? fail(ctx, -errno, "pipe") : 0;
}

/** Starts the hook with its ends of the pipes, and waits until it has executed its program. */
static int execute_hook(struct ctx *ctx, const struct op_hook *op, const struct lists *lists,
                        struct hook *hook, struct streams streams) {
    int report[2] = {-1, -1};
    if (pipe2(report, O_CLOEXEC) < 0)
        return fail(ctx, -errno, "pipe");
    scope_fd report_ours = report[0];
    scope_fd report_theirs = report[1];
    int error;
    streams.report = report_theirs;
    hook->child = sys_fork();
    if (hook->child == 0)
        become_hook(ctx, op, lists, &streams);
    if (hook->child < 0)
        return fail(ctx, hook->child, "fork");
    close(fd_steal(&report_theirs));
    // Ends at execve, or with the reason why there is none.
    if (fd_read(report_ours, &error, sizeof(error)) == sizeof(error))
        return fail(ctx, error, "executing \"", op->path.text, "\"");
    return 0;
}

/** Starts the hook; pipes are all that it has of us. */
static int start_hook(struct ctx *ctx, const struct op_hook *op, const struct lists *lists,
                      struct hook *hook) {
    int input[2] = {-1, -1};
    int output[2] = {-1, -1};
    int errors[2] = {-1, -1};
    int error = open_pipe(ctx, input, 1);
    scope_fd input_theirs = input[0];
    hook->input = input[1];
    if (error == 0)
        error = open_pipe(ctx, output, 0);
    scope_fd output_theirs = output[1];
    hook->ears[0] = (struct ear){output[0], STDOUT_FILENO, op->output > 0, op->output};
    if (error == 0 && op->apart != 0)
        error = open_pipe(ctx, errors, 0);
    scope_fd errors_theirs = errors[1];
    hook->ears[1] = (struct ear){errors[0], STDERR_FILENO, op->errors > 0, op->errors};
    if (error < 0)
        return error;
    const struct streams streams = {
        .input = input_theirs,
        .output = output_theirs,
        .errors = op->apart != 0 ? errors_theirs : output_theirs,
    };
    return execute_hook(ctx, op, lists, hook, streams);
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

/** Waits until something can be done for the hook, or for a while. -ETIMEDOUT at its deadline. */
static int pause_for(struct ctx *ctx, struct hook *hook, int *milliseconds) {
    struct pollfd heard[] = {
        {.fd = hook->ears[0].pipe, .events = POLLIN},
        {.fd = hook->ears[1].pipe, .events = POLLIN},
        {.fd = hook->input, .events = POLLOUT},
    };
    int left = hook->limited ? fd_remaining(&hook->deadline) : *milliseconds;
    if (left == 0)
        return -ETIMEDOUT;
    int ready = poll(heard, 3, left < *milliseconds ? left : *milliseconds);
    if (ready < 0 && errno != EINTR)
        return fail(ctx, -errno, "poll");
    // Nobody tells of its end while others hold its output: it is asked for, ever more rarely.
    if (ready == 0 && *milliseconds < LONGEST_PAUSE)
        *milliseconds *= 2;
    for (int at = 0; at < 2; at++) {
        if (heard[at].revents != 0)
            hear(ctx, &hook->ears[at]);
    }
    if (heard[2].revents != 0)
        feed(ctx, hook);
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
    hear(ctx, &hook->ears[0]);
    hear(ctx, &hook->ears[1]);
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
        .child = -1, .input = -1, .ears = {{.pipe = -1}, {.pipe = -1}}, .limited = op->timeout != 0};
    clock_gettime(CLOCK_MONOTONIC, &hook.deadline);
    hook.deadline.tv_sec += op->timeout;
    ctx->said_length = 0;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) < 0)
        return fail(ctx, -errno, "sigaction");
    const struct lists lists = {vectors, fill_vectors(ctx, op, vectors)};
    int error = start_hook(ctx, op, &lists, &hook);
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
