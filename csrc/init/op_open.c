/* Descriptors and trees that have to be opened with the caller's privileges, in the host's mount namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ctx.h"
#include "fd.h"
#include "filesystem.h"
#include "sys.h"
#include "sys_numbers.h"

#define PROC_ROOT_INODE 1

/** The host's own /proc, for callers who may not make one: is it really procfs, and its root? */
static int open_host_proc(struct ctx *ctx) {
    struct stat status;
    scope_fd proc = sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (proc < 0)
        return fail(ctx, proc, "opening /proc");
    int error = sys_fstat(proc, &status);
    if (error < 0)
        return fail(ctx, error, "examining /proc");
    if (sys_file_system(proc) != PROC_SUPER_MAGIC || status.st_ino != PROC_ROOT_INODE)
        return fail(ctx, -EXDEV, "/proc is not the root of a procfs");
    return fd_steal(&proc);
}

int op_open_proc(struct ctx *ctx, const struct op_open_proc *op) {
    scope_fd context = sys_fsopen("proc");
    int proc = context;
    if (context >= 0)
        proc = sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL);
    if (proc >= 0)
        proc = sys_fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    if (proc == -EPERM || proc == -EACCES)
        proc = open_host_proc(ctx);
    else if (proc < 0)
        return fail(ctx, proc, "making a private procfs");
    if (proc < 0)
        return proc;
    slot_set(ctx, op->slot, proc);
    return 0;
}

int op_open_path(struct ctx *ctx, const struct op_open_path *op) {
    scope_fd file = sys_openat(AT_FDCWD, op->path.text, O_PATH, 0);
    if (file < 0)
        return fail(ctx, file, "opening \"", op->path.text, "\"");
    if (sys_file_system(file) == NSFS_MAGIC) {
        // setns and mount_setattr want a namespace opened for real.
        int namespace = sys_openat(AT_FDCWD, op->path.text, O_RDONLY, 0);
        if (namespace < 0)
            return fail(ctx, namespace, "opening \"", op->path.text, "\"");
        slot_set(ctx, op->slot, namespace);
        return 0;
    }
    slot_set(ctx, op->slot, fd_steal(&file));
    return 0;
}

int op_open_device(struct ctx *ctx, const struct op_open_device *op) {
    // A detached mount of the one file: what is examined here is what is mounted later (CVE-2025-31133).
    struct stat status;
    scope_fd tree = sys_open_tree(AT_FDCWD, op->path.text, OPEN_TREE_CLONE);
    if (tree < 0)
        return fail(ctx, tree, "opening \"", op->path.text, "\"");
    int error = sys_fstat(tree, &status);
    if (error < 0)
        return fail(ctx, error, "examining \"", op->path.text, "\"");
    if ((status.st_mode & S_IFMT) != op->type || major(status.st_rdev) != op->major ||
        minor(status.st_rdev) != op->minor)
        return fail(ctx, -ENODEV, "\"", op->path.text, "\" is not the device that it should be");
    // It is the host's own file: written through all the same, but nobody inside may change its mode or
    // owner.
    const unsigned attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    error = sys_mount_setattr(tree, "", AT_EMPTY_PATH, attributes, 0, 0, -1);
    if (error < 0)
        return fail(ctx, error, "making \"", op->path.text, "\" read-only");
    slot_set(ctx, op->slot, fd_steal(&tree));
    return 0;
}

int op_open_tree(struct ctx *ctx, const struct op_open_tree *op) {
    int tree = sys_open_tree(AT_FDCWD, op->path.text, OPEN_TREE_CLONE | (op->recursive ? AT_RECURSIVE : 0U));
    if (tree < 0)
        return fail(ctx, tree, "source \"", op->path.text, "\"");
    slot_set(ctx, op->slot, tree);
    return 0;
}

int op_empty_tmpfs(struct ctx *ctx, const struct op_empty_tmpfs *op) {
    scope_fd context = filesystem_open(ctx, "tmpfs", "tmpfs");
    if (context < 0)
        return context;
    int error = filesystem_configure(ctx, context, op->options);
    if (error == 0)
        error = filesystem_create(ctx, context);
    if (error < 0)
        return error;
    const unsigned attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    int mount = sys_fsmount(context, attributes);
    if (mount < 0)
        return filesystem_fail(ctx, mount, context, "mounting tmpfs");
    slot_set(ctx, op->slot, mount);
    return 0;
}

int op_close_slot(struct ctx *ctx, const struct op_close_slot *op) {
    slot_close(ctx, op->slot);
    return 0;
}
