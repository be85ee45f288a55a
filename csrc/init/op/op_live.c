/* Mounts of a container that exists: found by their number, told of, taken off by descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctx.h"
#include "inside.h"
#include "kernel/fd.h"
#include "kernel/proc.h"
#include "kernel/sys.h"
#include "message.h"

/**
 * Whether a mount is in our mount namespace: 1, 0 or -errno. We stand at its root, whatever root the
 * container's processes have, so that all of its mounts are listed (proc_pid_mountinfo(5)); each line begins
 * with the number.
 */
static int is_there(struct ctx *ctx, uint32_t proc, uint32_t wanted) {
    static char part[4096];
    uint64_t number = 0;
    bool counting = true;
    scope_fd table = proc_open(ctx, proc, "self/mountinfo", O_RDONLY);
    if (table < 0)
        return table;
    for (;;) {
        ssize_t length = read(table, part, sizeof part);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return fail(ctx, -errno, "reading /proc/self/mountinfo");
        if (length == 0)
            return 0;
        for (ssize_t i = 0; i < length; i++) {
            if (counting && part[i] == ' ' && number == wanted)
                return 1;
            number = part[i] == '\n' ? 0 : number * 10 + (uint64_t)(part[i] - '0');
            counting = part[i] == '\n' || (counting && part[i] != ' ');
        }
    }
}

int op_open_mount(struct ctx *ctx, const struct op_open_mount *op) {
    struct statx status;
    const char *path = op->target.text;
    int root = slot_get(ctx, op->root);
    if (root < 0)
        return root;
    scope_fd mount = inside_open(root, path, O_PATH, 0);
    int error = mount < 0 ? mount : sys_statx(mount, "", AT_EMPTY_PATH, STATX_MNT_ID, &status);
    // The container may have led the path to one of the mounts that hide or protect something from it.
    bool found =
        error >= 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 && status.stx_mnt_id == op->number;
    int there = found ? 1 : is_there(ctx, op->proc, op->number);
    if (there < 0)
        return there;
    message_send(ctx, MESSAGE_MOUNTED, there == 0 ? 0 : op->number);
    if (there == 0)
        return 0;
    if (error < 0)
        return fail(ctx, error, "opening \"", path, "\" inside the root");
    if (!found)
        return fail(ctx, -EINVAL, "what lies on \"", path, "\" is not the mount that was added there");
    slot_set(ctx, op->slot, fd_steal(&mount));
    return 0;
}

int op_tell_mount(struct ctx *ctx, const struct op_tell_mount *op) {
    struct statx status;
    int mount = slot_get(ctx, op->mount);
    int error = mount < 0 ? mount : sys_statx(mount, "", AT_EMPTY_PATH, STATX_MNT_ID, &status);
    if (error < 0)
        return fail(ctx, error, "examining \"", op->target.text, "\"");
    message_send(ctx, MESSAGE_MOUNTED, (uint32_t)status.stx_mnt_id);
    return 0;
}

/** How often the container may mount something over what is taken off, while it is. */
#define MAX_COVERS 64

/**
 * umount2(2) has only a path: the descriptor's own magic link, in a procfs that is ours, leads to the very
 * mount, whatever the container has made of its place by then. What the container has mounted on top goes
 * first. EINVAL says that the mount is attached nowhere: it is off now, or was already.
 */
int op_unmount(struct ctx *ctx, const struct op_unmount *op) {
    char buffer[NUMBER_SIZE];
    // Not made yet when what was made is taken back, or gone when it was looked for.
    if (op->mount != WIRE_NO_SLOT && ctx->slots[op->mount] < 0)
        return 0;
    int mount = slot_get(ctx, op->mount);
    if (mount < 0)
        return mount;
    scope_fd links = proc_open(ctx, op->proc, "self/fd", O_PATH | O_DIRECTORY);
    if (links < 0)
        return links;
    if (fchdir(links) < 0)
        return fail(ctx, -errno, "entering /proc/self/fd");
    // With a mount goes what lies on it, which the host would lose where they are one group.
    int error = sys_mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, 0, 0, MS_PRIVATE, -1);
    for (int tries = 0; error == 0 && tries < MAX_COVERS; tries++)
        error = sys_umount(number_text(buffer, mount), MNT_DETACH);
    if (error == -EINVAL)
        return 0;
    return fail(ctx, error < 0 ? error : -EBUSY, "unmounting \"", op->target.text, "\"");
}
