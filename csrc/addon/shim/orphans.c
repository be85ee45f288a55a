/* Processes that are not ours by birth: orphans that come to a subreaper, and what another shim has left. */
#include "../addon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static napi_value become_subreaper(napi_env env, napi_callback_info info) {
    (void)info;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return fail(env, errno, "prctl", NULL);
    return make_undefined(env);
}

/* struct pidfd_info of Linux 6.13, its first version; how a process ended is in it since 6.15. */
struct ended {
    uint64_t mask;
    uint64_t cgroup;
    uint32_t ids[11];
    int32_t status;
};
#define INFO_EXIT (UINT64_C(1) << 3)
#define GET_INFO _IOWR(0xFF, 11, struct ended)

/* Of a process that is not our child: undefined while it lives or is not reaped, and from older kernels. */
static napi_value pidfd_exit(napi_env env, napi_callback_info info) {
    int pidfd = -1;
    if (!pidfd_exit_arguments(env, info, &pidfd))
        return NULL;
    struct ended ended = {.mask = INFO_EXIT};
    if (ioctl(pidfd, GET_INFO, &ended) < 0) {
        if (errno == ENOTTY || errno == EINVAL || errno == ESRCH)
            return make_undefined(env);
        return fail(env, errno, "ioctl", NULL);
    }
    if ((ended.mask & INFO_EXIT) == 0)
        return make_undefined(env);
    const struct exit_status status = {
        .code = WIFEXITED(ended.status) ? WEXITSTATUS(ended.status) : -1,
        .signal = WIFSIGNALED(ended.status) ? WTERMSIG(ended.status) : -1,
    };
    return make_exit_status(env, &status);
}

/* Ended orphans among our children, except those that are named: somebody else waits for these. How many. */
static napi_value reap_others(napi_env env, napi_callback_info info) {
    struct descriptors own CLEANUP(descriptors_release) = {.items = NULL};
    if (!reap_others_arguments(env, info, &own))
        return NULL;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    int file CLEANUP(close_release) = open_again(path, O_RDONLY, 0);
    /* A kernel without CONFIG_PROC_CHILDREN: they stay until we end. */
    if (file < 0)
        return errno == ENOENT ? make_number(env, 0) : fail(env, errno, "open", path);
    struct content content CLEANUP(content_release);
    int result = read_to_end(file, (size_t)64 << 20, &content);
    if (result < 0)
        return fail(env, -result, "read", path);
    uint32_t reaped = 0;
    const char *end = content.data + content.length;
    for (const char *at = content.data; at < end;) {
        int pid = 0;
        for (; at < end && *at >= '0' && *at <= '9'; at++)
            pid = pid * 10 + (*at - '0');
        at++;
        bool known = pid == 0;
        for (uint32_t i = 0; i < own.count && !known; i++)
            known = own.items[i] == pid;
        struct exit_status status;
        if (!known && wait_for(pid, true, &status) > 0)
            reaped++;
    }
    return make_number(env, reaped);
}

napi_status register_orphans(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(becomeSubreaper, become_subreaper),
        EXPORT(reapOthers, reap_others),
        EXPORT(pidfdExit, pidfd_exit),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
