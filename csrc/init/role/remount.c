#include "role/remount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>

#include "kernel/fd.h"
#include "kernel/sys.h"

static int enter(struct ctx *ctx, const char *process) {
    struct text path = {0};
    text_append(&path, "/proc/");
    text_append(&path, process);
    text_append(&path, "/ns/mnt");
    text_append_bytes(&path, "", 1);
    scope_fd space = sys_openat(AT_FDCWD, path.bytes, O_RDONLY, 0);
    int error = space < 0 ? space : sys_setns(space, CLONE_NEWNS);
    return error < 0 ? fail(ctx, error, "entering the mounts of process ", process) : 0;
}

static int change(struct ctx *ctx, int root, char **mount) {
    uint32_t set;
    uint32_t clear;
    if (!number_parse(mount[0], INT_MAX, &set) || !number_parse(mount[1], INT_MAX, &clear))
        return fail(ctx, -EINVAL, "attributes of \"", mount[2], "\"");
    scope_fd place = sys_openat2(root, mount[2], O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
    int error = place < 0 ? place : sys_mount_setattr(place, "", AT_EMPTY_PATH, set, clear, 0, -1);
    return error < 0 ? fail(ctx, error, "attributes of the mount \"", mount[2], "\"") : 0;
}

int remount(struct ctx *ctx, int count, char **arguments) {
    if (count < 1 || count % 3 != 1)
        return complain(ctx, fail(ctx, -EINVAL, "usage: tsoci-init remount PID [SET CLEAR PATH]..."));
    int error = enter(ctx, arguments[0]);
    if (error < 0)
        return complain(ctx, error);
    scope_fd root = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    if (root < 0)
        return complain(ctx, fail(ctx, root, "/"));
    for (int mount = 1; mount < count; mount += 3) {
        error = change(ctx, root, arguments + mount);
        if (error < 0)
            return complain(ctx, error);
    }
    return 0;
}
