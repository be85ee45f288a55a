/*
 * Programs started from a descriptor: beside us (spawn) or in our place (execute).
 *
 * spawn uses clone(CLONE_VM | CLONE_VFORK): nothing of the large host process is copied, and the calling
 * thread sleeps until the child has called execveat or ended, so the child reports a failure by writing to
 * our memory. Until then the child runs on our memory, so no signal handler of ours may run in it: every
 * signal is blocked before, and the child puts all dispositions back to default before it unblocks them.
 * Between clone and exec the child makes system calls only.
 */
#include "spawn-options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/close_range.h; not in older libcs. */
#define RANGE_UNSHARE (1U << 1)
#define RANGE_CLOEXEC (1U << 2)

/* The kernel's signal set, and its struct sigaction at most (all zero means SIG_DFL on every architecture).
 */
#define SIGNALS 64
typedef uint64_t signal_set;
struct signal_action {
    unsigned long words[8];
};

/* Raw system calls: the C library hides the two signals that it keeps for itself. */
static void set_mask(signal_set mask, signal_set *old) {
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, old, sizeof mask);
}

static void set_default(int signal) {
    const struct signal_action action = {{0}};
    syscall(SYS_rt_sigaction, signal, &action, NULL, sizeof(signal_set));
}

/*
 * Our descriptor descriptors[i] becomes i, without close-on-exec. Sources below the range are lifted above it
 * first, so that overlapping numbers cannot overwrite one another. `image->file` moves along when it is in
 * the way.
 */
static int map_descriptors(struct image *image) {
    const int count = (int)image->descriptors.count;
    int *items = image->descriptors.items;
    image->syscall = "fcntl";
    for (int i = 0; i < count; i++) {
        if (items[i] >= count)
            continue;
        items[i] = fcntl(items[i], F_DUPFD_CLOEXEC, count);
        if (items[i] < 0)
            return -errno;
    }
    if (image->file >= 0 && image->file < count) {
        image->file = fcntl(image->file, F_DUPFD_CLOEXEC, count);
        if (image->file < 0)
            return -errno;
    }
    image->syscall = "dup2";
    for (int i = 0; i < count; i++)
        if (dup2(items[i], i) < 0)
            return -errno;
    /* Last: numbers above the limit stay open, but nothing more can get one. */
    image->syscall = "setrlimit";
    return give_open_files_back();
}

/* Everything above the range closes with exec. With RANGE_UNSHARE this thread gets a table of its own first.
 */
static int close_others(struct image *image, unsigned int flags) {
    image->syscall = "close_range";
    if (syscall(SYS_close_range, image->descriptors.count, UINT_MAX, RANGE_CLOEXEC | flags) < 0)
        return -errno;
    return 0;
}

static int execute_image(struct image *image) {
    if (image->path.data != NULL) {
        image->syscall = "execve";
        syscall(SYS_execve, image->path.data, image->argv.items, image->environment.items);
        return -errno;
    }
    image->syscall = "execveat";
    syscall(SYS_execveat, image->file, "", image->argv.items, image->environment.items, AT_EMPTY_PATH);
    return -errno;
}

static int child(void *argument) {
    struct image *image = argument;
    for (int signal = 1; signal <= SIGNALS; signal++)
        set_default(signal);
    image->syscall = "setsid";
    if (image->new_session && setsid() < 0) {
        image->error = errno;
        _exit(127);
    }
    int result = close_others(image, 0);
    if (result == 0)
        result = map_descriptors(image);
    image->syscall = result == 0 ? "chdir" : image->syscall;
    /* Without CLONE_FS this is the child's alone. */
    if (result == 0 && image->directory.data != NULL && chdir(image->directory.data) < 0)
        result = -errno;
    if (result == 0) {
        const signal_set held = (signal_set)1 << (SIGINT - 1) | (signal_set)1 << (SIGTERM - 1);
        set_mask(image->holds_signals ? held : 0, NULL);
        result = execute_image(image);
    }
    image->error = -result;
    _exit(127);
}

static napi_value spawn(napi_env env, napi_callback_info info) {
    struct image image CLEANUP(image_release) = {.file = -1};
    if (!take_image(env, info, &image))
        return NULL;
    /* The child's stack is a piece of ours: we sleep while it uses it. */
    char stack[32768] __attribute__((aligned(16)));
    signal_set old = 0;
    set_mask(~(signal_set)0, &old);
    pid_t pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &image);
    int error = errno;
    set_mask(old, NULL);
    if (pid < 0)
        return fail(env, error, "clone", NULL);
    if (image.error == 0)
        return make_number(env, pid);
    struct exit_status ignored;
    wait_for(pid, false, &ignored);
    const bool entered = strcmp(image.syscall, "chdir") != 0;
    return fail(env, image.error, image.syscall, entered ? image.path.data : image.directory.data);
}

/* ---- execute ---- */

/* What execute changed, to take it back when exec fails: the caller still has to tell a person about it. */
struct undo {
    /* For each descriptor of the range a duplicate above it (-1: it was closed), and its flags. */
    int *saved;
    int *flags;
    int count;
    signal_set ignored;
    signal_set mask;
};

static int save_descriptors(struct undo *undo) {
    for (int i = 0; i < undo->count; i++) {
        undo->flags[i] = fcntl(i, F_GETFD);
        undo->saved[i] = undo->flags[i] < 0 ? -1 : fcntl(i, F_DUPFD_CLOEXEC, undo->count);
        if (undo->flags[i] >= 0 && undo->saved[i] < 0)
            return -errno;
    }
    return 0;
}

static void restore_descriptors(struct undo *undo, const struct image *image, const int *given) {
    for (int i = 0; i < undo->count; i++) {
        if (image->descriptors.items[i] >= 0 && image->descriptors.items[i] != given[i])
            close(image->descriptors.items[i]);
        if (undo->saved[i] >= 0)
            dup3(undo->saved[i], i, (undo->flags[i] & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
        else if (undo->flags[i] < 0)
            close(i);
        if (undo->saved[i] >= 0)
            close(undo->saved[i]);
    }
}

/* exec itself makes default what has a handler. Handlers stay until then, so that the engine's own signals
 * kill nobody. */
static void reset_signals(struct undo *undo) {
    for (int signal = 1; signal <= SIGNALS; signal++) {
        struct signal_action action = {{0}};
        if (syscall(SYS_rt_sigaction, signal, NULL, &action, sizeof(signal_set)) < 0)
            continue;
        if (action.words[0] != (unsigned long)SIG_IGN)
            continue;
        undo->ignored |= (signal_set)1 << (signal - 1);
        set_default(signal);
    }
    set_mask(0, &undo->mask);
}

static void restore_signals(const struct undo *undo) {
    const struct signal_action ignore = {{(unsigned long)SIG_IGN}};
    for (int signal = 1; signal <= SIGNALS; signal++)
        if ((undo->ignored >> (signal - 1) & 1) != 0)
            syscall(SYS_rt_sigaction, signal, &ignore, NULL, sizeof(signal_set));
    set_mask(undo->mask, NULL);
}

static int replace_process(struct image *image, struct undo *undo, const int *given) {
    /* Other threads go on using the engine's descriptors until exec ends them: ours must not appear under
     * those numbers. */
    struct rlimit files;
    int result = close_others(image, RANGE_UNSHARE);
    if (result < 0)
        return result;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return -errno;
    image->syscall = "fcntl";
    result = save_descriptors(undo);
    if (result == 0)
        result = map_descriptors(image);
    if (result == 0) {
        reset_signals(undo);
        result = execute_image(image);
        restore_signals(undo);
    }
    setrlimit(RLIMIT_NOFILE, &files);
    restore_descriptors(undo, image, given);
    return result;
}

static napi_value execute(napi_env env, napi_callback_info info) {
    struct image image CLEANUP(image_release) = {.file = -1};
    if (!take_image(env, info, &image))
        return NULL;
    if (image.new_session || image.holds_signals || image.directory.data != NULL)
        return fail(env, EINVAL,
                    image.directory.data != NULL ? "chdir"
                    : image.new_session          ? "setsid"
                                                 : "sigprocmask",
                    NULL);
    const size_t count = image.descriptors.count;
    int *room CLEANUP(free_release) = calloc(3 * count + 1, sizeof *room);
    if (room == NULL)
        return fail(env, ENOMEM, "malloc", NULL);
    struct undo undo = {.saved = room, .flags = room + count, .count = (int)count};
    int *given = room + 2 * count;
    for (size_t i = 0; i < count; i++) {
        given[i] = image.descriptors.items[i];
        undo.saved[i] = -1;
    }
    const int file = image.file;
    int result = replace_process(&image, &undo, given);
    if (image.file != file && image.file >= 0)
        close(image.file);
    return fail(env, -result, image.syscall, image.path.data);
}

napi_status register_spawn(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(spawn, spawn),
        EXPORT(execute, execute),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
