/* The root filesystem itself: attaching it, making it the root, its propagation. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctx.h"
#include "kernel/fd.h"
#include "kernel/sys.h"
#include "kernel/sys_numbers.h"

#define UMOUNT_DETACH 2

enum pivot_mode { PIVOT_ROOT, PIVOT_MOVE };

static int propagate_all(struct ctx *ctx, uint32_t type, uint32_t recursive) {
    int error = sys_mount_setattr(AT_FDCWD, "/", recursive ? AT_RECURSIVE : 0U, 0, 0, type, -1);
    return error < 0 ? fail(ctx, error, "propagation of /") : 0;
}

int op_propagation(struct ctx *ctx, const struct op_propagation *op) {
    return propagate_all(ctx, op->type, op->recursive);
}

int op_root_propagation(struct ctx *ctx, const struct op_root_propagation *op) {
    return propagate_all(ctx, op->type, op->recursive);
}

int op_root_readonly(struct ctx *ctx, const struct op_root_readonly *op) {
    (void)op;
    int error = sys_mount_setattr(AT_FDCWD, "/", 0, MOUNT_ATTR_RDONLY, 0, 0, -1);
    return error < 0 ? fail(ctx, error, "making / read-only") : 0;
}

/** Makes the mount that `directory` lies in private: pivot_root refuses a shared one, and the host must not
 * see ours. */
static int make_parent_private(struct ctx *ctx, int directory) {
    struct statx status;
    scope_fd here = sys_openat(directory, ".", O_PATH | O_DIRECTORY, 0);
    for (;;) {
        int error = here < 0 ? here : sys_statx(here, "", AT_EMPTY_PATH, 0, &status);
        if (error < 0)
            return fail(ctx, error, "looking for the mount of the root filesystem");
        if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
            break;
        int parent = sys_openat(here, "..", O_PATH | O_DIRECTORY, 0);
        close(here);
        here = parent;
    }
    int error = sys_mount_setattr(here, "", AT_EMPTY_PATH, 0, 0, MS_PRIVATE, -1);
    return error < 0 ? fail(ctx, error, "making the mount of the root filesystem private") : 0;
}

/** Whoever may write where the root filesystem lies can put something else into its place between two
 * lookups. */
static int check_same(struct ctx *ctx, int found, int wanted, const char *path) {
    struct stat left;
    struct stat right;
    int error = sys_fstat(found, &left);
    if (error == 0)
        error = sys_fstat(wanted, &right);
    if (error < 0)
        return fail(ctx, error, "examining \"", path, "\"");
    if (left.st_dev != right.st_dev || left.st_ino != right.st_ino)
        return fail(ctx, -NO_ERRNO, "\"", path,
                    "\" was replaced by something else while the container was created");
    return 0;
}

int op_mount_root(struct ctx *ctx, const struct op_mount_root *op) {
    const char *path = op->path.text;
    int tree = slot_get(ctx, op->tree);
    if (tree < 0)
        return tree;
    // A mount can only be cloned from, and attached in, the mount namespace that we are in: by the path,
    // then, and what is found has to be the directory that the runtime opened.
    scope_fd place = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
    int error = place < 0 ? fail(ctx, place, "\"", path, "\"") : check_same(ctx, place, tree, path);
    if (error == 0 && op->directory != WIRE_NO_SLOT) {
        int directory = slot_get(ctx, op->directory);
        error = directory < 0 ? directory : check_same(ctx, tree, directory, path);
    }
    if (error == 0 && op->private_parent)
        error = make_parent_private(ctx, place);
    if (error < 0)
        return error;
    // A clone of a shared mount is shared, which pivot_root refuses; a slave still gets what the host mounts
    // below it.
    error = sys_mount_setattr(tree, "", AT_EMPTY_PATH, 0, 0, MS_SLAVE, -1);
    if (error < 0)
        return fail(ctx, error, "propagation of \"", path, "\"");
    error = sys_move_mount(tree, place);
    return error < 0 ? fail(ctx, error, "attaching \"", path, "\"") : 0;
}

/** Both roots are on one place for a moment, the old one on top (pivot_root(2), NOTES); it is then taken off.
 */
static int pivot(struct ctx *ctx, int root) {
    scope_fd old = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    if (old < 0)
        return fail(ctx, old, "opening /");
    if (fchdir(root) < 0)
        return fail(ctx, -errno, "entering the root filesystem");
    int error = sys_pivot_root(".", ".");
    if (error < 0)
        return fail(ctx, error, "pivot_root");
    // Or the host would lose its mounts together with us.
    error = sys_mount_setattr(old, "", AT_EMPTY_PATH | AT_RECURSIVE, 0, 0, MS_SLAVE, -1);
    if (error < 0)
        return fail(ctx, error, "propagation of the old root");
    if (fchdir(old) < 0)
        return fail(ctx, -errno, "entering the old root");
    error = sys_umount(".", UMOUNT_DETACH);
    return error < 0 ? fail(ctx, error, "unmounting the old root") : 0;
}

/**
 * Takes off, or where a user namespace forbids that covers, a mount of the old root, without a trace on the
 * host.
 */
static int hide(struct ctx *ctx, const char *path) {
    scope_fd mount = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
    scope_fd above = mount < 0 ? mount : sys_openat(mount, "..", O_PATH | O_DIRECTORY, 0);
    if (above == -ENOENT)
        return 0;
    if (above < 0)
        return fail(ctx, above, "opening \"", path, "\"");
    int error = make_parent_private(ctx, above);
    if (error < 0)
        return error;
    // With a mount goes what lies on it, which the host would lose where they are one group.
    error = sys_mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, 0, 0, MS_PRIVATE, -1);
    if (error < 0)
        return fail(ctx, error, "propagation of \"", path, "\"");
    error = sys_umount(path, UMOUNT_DETACH);
    if (error == -EINVAL || error == -EPERM)
        error =
            sys_mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "nr_inodes=1");
    return error < 0 ? fail(ctx, error, "hiding \"", path, "\"") : 0;
}

/**
 * The old root stays below. A procfs or sysfs in it that nothing masks would be the kernel's reason to let a
 * user namespace inside mount a fresh one (mount_too_revealing in fs/namespace.c).
 */
static int move(struct ctx *ctx, int root, struct wire_strings hidden) {
    const char *path;
    while ((path = wire_next(&hidden)) != NULL) {
        int error = hide(ctx, path);
        if (error < 0)
            return error;
    }
    scope_fd old = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    int error = old < 0 ? old : sys_move_mount(root, old);
    if (error < 0)
        return fail(ctx, error, "moving the root filesystem to /");
    if (fchdir(root) < 0 || chroot(".") < 0)
        return fail(ctx, -errno, "entering the root filesystem");
    return 0;
}

int op_pivot(struct ctx *ctx, const struct op_pivot *op) {
    int root = slot_get(ctx, op->root);
    if (root < 0)
        return root;
    int error = op->mode == PIVOT_MOVE ? move(ctx, root, op->hidden) : pivot(ctx, root);
    if (error < 0)
        return error;
    return chdir("/") < 0 ? fail(ctx, -errno, "entering /") : 0;
}

int op_enter_root(struct ctx *ctx, const struct op_enter_root *op) {
    int root = slot_get(ctx, op->slot);
    if (root < 0)
        return root;
    if (fchdir(root) < 0 || chroot(".") < 0)
        return fail(ctx, -errno, "entering the container's root");
    return 0;
}
