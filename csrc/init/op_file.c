/* Directories, links and devices inside the root filesystem, made relative to descriptors and never through a
 * link. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ctx.h"
#include "fd.h"
#include "inside.h"
#include "sys.h"

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
    scope_fd made = inside_make(ctx, root, op->path.text, INSIDE_DIRECTORY, 0);
    return made < 0 ? made : 0;
}

int op_symlink(struct ctx *ctx, const struct op_symlink *op) {
    char name[NAME_MAX + 1];
    int root = slot_get(ctx, op->root);
    if (root < 0)
        return root;
    scope_fd parent = inside_parent(ctx, root, op->path.text, name);
    if (parent < 0)
        return parent;
    // What an image brings in this place is its own business.
    if (symlinkat(op->target.text, parent, name) < 0 && errno != EEXIST)
        return fail(ctx, -errno, "making \"", op->path.text, "\"");
    return 0;
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
        // Before Linux 6.6 there is only the name.
        if (error == -ENOSYS)
            error = sys_fchmodat(parent, name, op->mode & 07777);
        if (error < 0)
            return fail(ctx, error, "mode of \"", op->path.text, "\"");
    }
    return 0;
}

int op_device(struct ctx *ctx, const struct op_device *op) {
    char name[NAME_MAX + 1];
    int root = slot_get(ctx, op->root);
    if (root < 0)
        return root;
    scope_fd parent = inside_parent(ctx, root, op->path.text, name);
    if (parent < 0)
        return parent;
    // The mode is exact: umask is 0 while the root filesystem is built.
    dev_t device = S_ISFIFO(op->mode) ? 0 : makedev(op->major, op->minor);
    bool made = mknodat(parent, name, op->mode, device) == 0;
    if (!made && errno != EEXIST)
        return fail(ctx, -errno, "making \"", op->path.text, "\"");
    return made && op->uid == 0 && op->gid == 0 ? 0 : adjust_device(ctx, op, parent, name);
}
