/* Processes: wait, signal, and who we are. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int wait_for(pid_t pid, bool no_hang, struct exit_status *status) {
    int raw = 0;
    pid_t ended;
    do
        ended = waitpid(pid, &raw, no_hang ? WNOHANG : 0);
    while (ended < 0 && errno == EINTR);
    if (ended < 0)
        return -errno;
    status->code = WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
    status->signal = WIFSIGNALED(raw) ? WTERMSIG(raw) : -1;
    return ended;
}

napi_value make_exit_status(napi_env env, const struct exit_status *status) {
    napi_value object = NULL;
    if (napi_create_object(env, &object) != napi_ok)
        return fail(env, ENOMEM, "object", NULL);
    set_property(env, object, "code",
                 status->code < 0 ? make_undefined(env) : make_number(env, status->code));
    set_property(env, object, "signal",
                 status->signal < 0 ? make_undefined(env) : make_number(env, status->signal));
    return object;
}

/* Only one child at a time: waiting for "any" would take the children of the library's host from it. */
static bool take_child(napi_env env, napi_value value, int *pid) {
    if (!take_int(env, value, pid))
        return false;
    if (*pid > 0)
        return true;
    fail(env, ECHILD, "waitpid", NULL);
    return false;
}

static napi_value wait_child(napi_env env, napi_callback_info info) {
    napi_value child = NULL;
    int pid = 0;
    bool no_hang = false;
    if (!wait_arguments(env, info, &child, &no_hang) || !take_child(env, child, &pid))
        return NULL;
    struct exit_status status = {-1, -1};
    int result = wait_for(pid, no_hang, &status);
    if (result < 0)
        return fail(env, -result, "waitpid", NULL);
    return result == 0 ? make_undefined(env) : make_exit_status(env, &status);
}

/* Past `count` spaces; NULL where there are less. */
static const char *after_fields(const char *text, int count) {
    while (text != NULL && count-- > 0) {
        text = strchr(text, ' ');
        text = text == NULL ? NULL : text + 1;
    }
    return text;
}

static napi_value process_stat(napi_env env, napi_callback_info info) {
    int pid = 0;
    if (!process_stat_arguments(env, info, &pid))
        return NULL;
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int descriptor CLEANUP(close_release) = open_again(path, O_RDONLY | O_NOCTTY, 0);
    if (descriptor < 0)
        return fail(env, errno, "open", path);
    /* One read gives all of it. */
    char text[4096];
    ssize_t length = read(descriptor, text, sizeof text - 1);
    if (length < 0)
        return fail(env, errno, "read", path);
    text[length] = '\0';
    /* The command's name may hold anything, a parenthesis too; nothing behind it does. */
    const char *name_end = strrchr(text, ')');
    const char *state = after_fields(name_end, 1);
    const char *start = after_fields(state, 19);
    if (start == NULL)
        return fail(env, EIO, "read", path);
    char answer[64];
    int size = snprintf(answer, sizeof answer, "%c %.*s", *state, (int)strcspn(start, " "), start);
    return make_text(env, answer, (size_t)size);
}

static napi_value send_signal(napi_env env, napi_callback_info info) {
    int pid = 0;
    int signal = 0;
    if (!kill_arguments(env, info, &pid, &signal))
        return NULL;
    if (kill(pid, signal) < 0)
        return fail(env, errno, "kill", NULL);
    return make_undefined(env);
}

static napi_value pidfd_open_process(napi_env env, napi_callback_info info) {
    int pid = 0;
    if (!pidfd_open_arguments(env, info, &pid))
        return NULL;
    /* Always close-on-exec. */
    long descriptor = syscall(SYS_pidfd_open, pid, 0);
    if (descriptor < 0)
        return fail(env, errno, "pidfd_open", NULL);
    return make_number(env, (double)descriptor);
}

static napi_value pidfd_send(napi_env env, napi_callback_info info) {
    int pidfd = -1;
    int signal = 0;
    if (!pidfd_send_arguments(env, info, &pidfd, &signal))
        return NULL;
    if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0)
        return fail(env, errno, "pidfd_send_signal", NULL);
    return make_undefined(env);
}

static napi_value process_id(napi_env env, napi_callback_info info) {
    (void)info;
    return make_number(env, getpid());
}

static napi_value user_id(napi_env env, napi_callback_info info) {
    (void)info;
    return make_number(env, geteuid());
}

static napi_value group_id(napi_env env, napi_callback_info info) {
    (void)info;
    return make_number(env, getegid());
}

/* What may be handed on: the permitted set, less what the bounding set would take away at execve
 * (capabilities(7)). */
static napi_value permitted_capabilities(napi_env env, napi_callback_info info) {
    (void)info;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, sets) < 0)
        return fail(env, errno, "capget", NULL);
    uint64_t permitted = (uint64_t)sets[1].permitted << 32 | sets[0].permitted;
    for (unsigned long capability = 0; capability < 64; capability++) {
        if ((permitted >> capability & 1) && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1)
            permitted &= ~((uint64_t)1 << capability);
    }
    napi_value value = NULL;
    napi_create_bigint_uint64(env, permitted, &value);
    return value;
}

static napi_value kernel(napi_env env, napi_callback_info info) {
    (void)info;
    struct utsname names;
    if (uname(&names) < 0)
        return fail(env, errno, "uname", NULL);
    napi_value object = NULL;
    if (napi_create_object(env, &object) != napi_ok)
        return fail(env, ENOMEM, "object", NULL);
    set_property(env, object, "release", make_text(env, names.release, NAPI_AUTO_LENGTH));
    set_property(env, object, "machine", make_text(env, names.machine, NAPI_AUTO_LENGTH));
    return object;
}

static napi_value set_umask(napi_env env, napi_callback_info info) {
    uint32_t mask = 0;
    if (!umask_arguments(env, info, &mask))
        return NULL;
    return make_number(env, umask((mode_t)mask & 0777));
}

static struct {
    bool known;
    rlim_t soft;
} given_open_files;

int give_open_files_back(void) {
    struct rlimit limit;
    if (!given_open_files.known)
        return 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    limit.rlim_cur = given_open_files.soft;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

static napi_value raise_open_files(napi_env env, napi_callback_info info) {
    (void)info;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return fail(env, errno, "getrlimit", NULL);
    if (limit.rlim_cur >= limit.rlim_max)
        return make_undefined(env);
    given_open_files.known = true;
    given_open_files.soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return fail(env, errno, "setrlimit", NULL);
    return make_undefined(env);
}

int64_t monotonic_nanoseconds(void) {
    struct timespec now;
    /* It cannot fail: the clock is there on every Linux. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static napi_value monotonic(napi_env env, napi_callback_info info) {
    (void)info;
    napi_value value = NULL;
    napi_create_bigint_uint64(env, (uint64_t)monotonic_nanoseconds(), &value);
    return value;
}

static napi_value sleep_milliseconds(napi_env env, napi_callback_info info) {
    napi_value duration = NULL;
    double milliseconds = 0;
    if (!sleep_arguments(env, info, &duration))
        return NULL;
    if (napi_get_value_double(env, duration, &milliseconds) != napi_ok || !(milliseconds >= 0) ||
        milliseconds > INT_MAX) {
        fail_type(env, "expected milliseconds");
        return NULL;
    }
    struct timespec left = {.tv_sec = (time_t)(milliseconds / 1000)};
    left.tv_nsec = (long)((milliseconds - 1000 * (double)left.tv_sec) * 1e6);
    while (nanosleep(&left, &left) < 0) {
        if (errno != EINTR)
            return fail(env, errno, "nanosleep", NULL);
    }
    return make_undefined(env);
}

napi_status register_processes(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(wait, wait_child),
        EXPORT(processStat, process_stat),
        EXPORT(kill, send_signal),
        EXPORT(pidfdOpen, pidfd_open_process),
        EXPORT(pidfdSend, pidfd_send),
        EXPORT(processId, process_id),
        EXPORT(userId, user_id),
        EXPORT(groupId, group_id),
        EXPORT(kernel, kernel),
        EXPORT(umask, set_umask),
        EXPORT(monotonic, monotonic),
        EXPORT(sleep, sleep_milliseconds),
        EXPORT(raiseOpenFiles, raise_open_files),
        EXPORT(permittedCapabilities, permitted_capabilities),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
