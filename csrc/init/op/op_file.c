/* Directories, links and devices inside the root filesystem, made relative to descriptors and never through a
 * link. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ctx.h"
#include "inside.h"
#include "kernel/fd.h"
#include "kernel/sys.h"
#include "place.h"

int op_make_directory(struct ctx *ctx, const struct op_make_directory *op) {
    char name[NAME_MAX + 1];
    int root = slot_get(ctx, op->root);
    if (root < 0)
        return root;
    scope_fd found = inside_open(root, op->path.text, O_PATH | O_DIRECTORY, 0);
    if (found >= 0)
        return 0;
    if (found == -ENOENT) {
        scope_fd parent = inside_parent(ctx, root, op->path.text, name);
        if (parent < 0)
            return parent;
        if (mkdirat(parent, name, op->mode) == 0) {
            scope_fd made = sys_openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
            int error = made < 0 ? made : sys_fchown(made, op->uid, op->gid);
            return error < 0 ? fail(ctx, error, "owner of \"", op->path.text, "\"") : 0;
        }
        if (errno != EEXIST)
            return fail(ctx, -errno, "making \"", op->path.text, "\"");
    }
    // A link that leads to nothing yet, or someone was faster.
    scope_fd made = inside_make(ctx, root, op->path.text, (struct inside_wish){.kind = INSIDE_DIRECTORY});
    return made < 0 ? made : 0;
}

int op_open_directory(struct ctx *ctx, const struct op_open_directory *op) {
    int root = slot_get(ctx, op->root);
    if (root < 0)
        return root;
    int directory = inside_make(ctx, root, op->path.text, (struct inside_wish){.kind = INSIDE_DIRECTORY});
    if (directory < 0)
        return directory;
    slot_set(ctx, op->slot, directory);
    return 0;
}

int op_symlink(struct ctx *ctx, const struct op_symlink *op) {
    char name[NAME_MAX + 1];
    scope_fd opened = -1;
    const struct place place = {.root = op->root, .directory = op->directory, .path = op->path.text};
    int parent = place_parent(ctx, place, name, &opened);
    if (parent < 0)
        return parent;
    if (symlinkat(op->target.text, parent, name) == 0)
        return 0;
    if (errno != EEXIST)
        return fail(ctx, -errno, "making \"", op->path.text, "\"");
    // What an image brings in this place is its own business, where nobody has asked for this very link.
    char link[PATH_MAX];
    if (!op->exact ||
        (fd_readlink(parent, name, link, sizeof(link)) >= 0 && text_equal(link, op->target.text)))
        return 0;
    return fail(ctx, -EEXIST, "\"", op->path.text, "\" is something else already");
}

/** Mode and owner of a device. What is examined is what is changed, should another take its name meanwhile.
 */
static int adjust_device(struct ctx *ctx, const struct op_device *op, int parent, const char *name) {
    struct stat status;
    scope_fd file = sys_openat(parent, name, O_PATH | O_NOFOLLOW, 0);
    int error = file < 0 ? file : sys_fstat(file, &status);
    if (error < 0)
        return fail(ctx, error, "examining \"", op->path.text, "\"");
    bool fifo = S_ISFIFO(op->mode);
    if ((status.st_mode & S_IFMT) != (op->mode & S_IFMT) ||
        (!fifo && status.st_rdev != makedev(op->major, op->minor)))
        return fail(ctx, -EEXIST, "\"", op->path.text, "\" is something else already");
    if (status.st_uid != op->uid || status.st_gid != op->gid) {
        error = sys_fchown(file, op->uid, op->gid);
        if (error < 0)
            return fail(ctx, error, "owner of \"", op->path.text, "\"");
    }
    if (((status.st_mode ^ op->mode) & 07777) != 0) {
        error = sys_fchmod(file, op->mode & 07777);
        if (error < 0)
            return fail(ctx, error, "mode of \"", op->path.text, "\"");
    }
    return 0;
}

int op_device(struct ctx *ctx, const struct op_device *op) {
    char name[NAME_MAX + 1];
    scope_fd opened = -1;
    const struct place place = {.root = op->root, .directory = op->directory, .path = op->path.text};
    int parent = place_parent(ctx, place, name, &opened);
    if (parent < 0)
        return parent;
    // The mode is exact: umask is 0 while the root filesystem is built.
    dev_t device = S_ISFIFO(op->mode) ? 0 : makedev(op->major, op->minor);
    bool made = mknodat(parent, name, op->mode, device) == 0;
    if (!made && (errno != EEXIST || op->fresh))
        return fail(ctx, -errno, "making \"", op->path.text, "\"");
    return made && op->uid == 0 && op->gid == 0 ? 0 : adjust_device(ctx, op, parent, name);
}

/** Takes a bound node off its place, an empty file that was made for it, which goes as well. */
static int unbind(int parent, const char *name) {
    struct stat status;
    if (fchdir(parent) < 0)
        return -errno;
    int error = sys_umount(name, MNT_DETACH | UMOUNT_NOFOLLOW);
    if (error < 0)
        return error;
    error = sys_fstatat(parent, name, &status);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    return !S_ISREG(status.st_mode) || status.st_size != 0 || unlinkat(parent, name, 0) == 0 ? 0 : -errno;
}

/**
 * What hides files of the container is bound from /dev/null (CVE-2025-31133): the container may have bent the
 * path to one of these, so a node with that number is unlinked and never unmounted. The look is at the very
 * name in the very directory that the removal is about; what is swapped after it is something of the
 * container's own.
 */
int op_remove_device(struct ctx *ctx, const struct op_remove_device *op) {
    char name[NAME_MAX + 1];
    struct stat status;
    int root = slot_get(ctx, op->root);
    if (root < 0)
        return root;
    scope_fd found = inside_open(root, op->path.text, O_PATH | O_NOFOLLOW, 0);
    if (found == -ENOENT)
        return 0;
    if (found < 0)
        return fail(ctx, found, "examining \"", op->path.text, "\"");
    scope_fd parent = inside_parent(ctx, root, op->path.text, name);
    if (parent < 0)
        return parent;
    int error = sys_fstatat(parent, name, &status);
    if (error == -ENOENT)
        return 0;
    if (error < 0)
        return fail(ctx, error, "examining \"", op->path.text, "\"");
    if ((status.st_mode & S_IFMT) != op->type || status.st_rdev != makedev(op->major, op->minor))
        return 0;
    bool hides = S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
    // Nor is a pipe ever bound: one that is mounted is the config's own mount.
    error = hides || S_ISFIFO(status.st_mode) ? -EINVAL : unbind(parent, name);
    // Not mounted: a node of its own.
    if (error == -EINVAL)
        error = unlinkat(parent, name, 0) == 0 || errno == ENOENT ? 0 : -errno;
    return error < 0 ? fail(ctx, error, "removing \"", op->path.text, "\"") : 0;
}
