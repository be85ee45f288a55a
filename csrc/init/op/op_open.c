/* Descriptors and trees that have to be opened with the caller's privileges, in the host's mount namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ctx.h"
#include "kernel/fd.h"
#include "kernel/filesystem.h"
#include "kernel/proc.h"
#include "kernel/sys.h"
#include "kernel/sys_numbers.h"

/** The /proc that is there, for callers who may not make one: is it really procfs, and its root? */
static int open_proc_root(struct ctx *ctx) {
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

/**
 * The one directory of it that is asked for, our own or `sys`, as a mount that hangs nowhere: neither what is
 * above nor other processes can be reached from there. In the mount namespace of the caller, who may not
 * mount at all, as a plain handle.
 */
static int open_part_of_proc(struct ctx *ctx, bool processes) {
    char name[NAME_MAX + 1] = "sys";
    scope_fd root = open_proc_root(ctx);
    if (root < 0)
        return root;
    int error = processes ? fd_readlink(root, "self", name, sizeof(name)) : 0;
    if (error < 0)
        return fail(ctx, error, "reading /proc/self");
    const uint64_t resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
    scope_fd part = sys_openat2(root, name, O_PATH | O_DIRECTORY, resolve);
    if (part < 0)
        return fail(ctx, part, "opening /proc/", name);
    int tree = sys_open_tree(part, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
    if (tree == -EPERM)
        return fd_steal(&part);
    return tree < 0 ? fail(ctx, tree, "cloning /proc/", name) : tree;
}

/** A procfs of our own pid namespace that is mounted nowhere. */
static int make_proc(bool processes) {
    scope_fd context = sys_fsopen("proc");
    int error = context;
    if (context >= 0 && processes)
        error = sys_fsconfig(context, FSCONFIG_SET_STRING, "subset", "pid");
    if (error >= 0)
        error = sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL);
    if (error < 0)
        return error;
    return sys_fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

int op_open_proc(struct ctx *ctx, const struct op_open_proc *op) {
    int proc = make_proc(op->processes);
    if (proc == -EPERM || proc == -EACCES) {
        proc = open_part_of_proc(ctx, op->processes);
        if (proc < 0)
            return proc;
    }
    if (proc < 0)
        return fail(ctx, proc, "making a private procfs");
    slot_set(ctx, op->slot, proc);
    return 0;
}

static int open_into(struct ctx *ctx, uint32_t slot, const char *path, int flags) {
    int file = sys_openat(AT_FDCWD, path, flags, 0);
    if (file < 0)
        return fail(ctx, file, "opening \"", path, "\"");
    slot_set(ctx, slot, file);
    return 0;
}

int op_open_cgroup(struct ctx *ctx, const struct op_open_cgroup *op) {
    if (!op->detached)
        return open_into(ctx, op->slot, op->path.text, O_PATH | O_DIRECTORY);
    // The container's process has it for an instant, and others in its pid namespace may look: above the root
    // of a mount that hangs nowhere is nothing.
    scope_fd tree = sys_open_tree(AT_FDCWD, op->path.text, OPEN_TREE_CLONE);
    if (tree < 0)
        return fail(ctx, tree, "opening \"", op->path.text, "\"");
    int error = sys_mount_setattr(tree, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY, 0, 0, -1);
    if (error < 0)
        return fail(ctx, error, "making \"", op->path.text, "\" read-only");
    slot_set(ctx, op->slot, fd_steal(&tree));
    return 0;
}

int op_open_tasks(struct ctx *ctx, const struct op_open_tasks *op) {
    return open_into(ctx, op->slot, op->path.text, O_WRONLY);
}

int op_open_path(struct ctx *ctx, const struct op_open_path *op) {
    return open_into(ctx, op->slot, op->path.text, O_PATH);
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
    unsigned flags = (op->recursive ? AT_RECURSIVE : 0U) | (op->no_follow ? AT_SYMLINK_NOFOLLOW : 0U);
    int tree = sys_open_tree(AT_FDCWD, op->path.text, OPEN_TREE_CLONE | flags);
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
