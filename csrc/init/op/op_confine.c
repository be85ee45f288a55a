/* What the container cannot see or change, after the pivot: "/" is the container's own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

#include "ctx.h"
#include "kernel/fd.h"
#include "kernel/proc.h"
#include "kernel/sys.h"
#include "kernel/sys_numbers.h"

int op_sysctl(struct ctx *ctx, const struct op_sysctl *op) {
    return proc_write(ctx, op->proc, op->path.text, op->value.text, op->value.length);
}

/**
 * A place in one of the container's mounts, found from that mount: its mount point may have another name by
 * now. `inside` begins with "..", which is the root of the mount again, on top of what is mounted there.
 * Where a link is on the way, only the whole path tells where it leads.
 */
static int open_place(struct ctx *ctx, const char *path, uint32_t slot, const char *inside) {
    struct stat status;
    if (slot == WIRE_NO_SLOT)
        return sys_openat2(AT_FDCWD, path, O_PATH, RESOLVE_NO_MAGICLINKS);
    int mount = slot_get(ctx, slot);
    int error = mount < 0 ? mount : sys_fstat(mount, &status);
    if (error < 0)
        return error;
    // A file has no root to come back to.
    if (!S_ISDIR(status.st_mode) && text_equal(inside, "..")) {
        int file = fcntl(mount, F_DUPFD_CLOEXEC, 3);
        return file < 0 ? -errno : file;
    }
    int file = sys_openat2(mount, inside, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
    return file == -ELOOP ? sys_openat2(AT_FDCWD, path, O_PATH, RESOLVE_NO_MAGICLINKS) : file;
}

/** O_PATH descriptor; false in `*found` when there is nothing, which is as good as hidden. */
static int open_if_there(struct ctx *ctx, const char *path, uint32_t mount, const char *inside, bool *found) {
    int file = open_place(ctx, path, mount, inside);
    *found = file >= 0;
    if (file >= 0 || file == -ENOENT || file == -ENOTDIR)
        return file;
    return fail(ctx, file, "opening \"", path, "\"");
}

int op_mask(struct ctx *ctx, const struct op_mask *op) {
    struct stat status;
    bool found;
    scope_fd target = open_if_there(ctx, op->path.text, op->mount, op->inside.text, &found);
    if (!found)
        return target == -ENOENT || target == -ENOTDIR ? 0 : target;
    int error = sys_fstat(target, &status);
    if (error < 0)
        return fail(ctx, error, "examining \"", op->path.text, "\"");
    int cover = slot_get(ctx, S_ISDIR(status.st_mode) ? op->empty : op->null);
    if (cover < 0)
        return cover;
    scope_fd clone = sys_open_tree(cover, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
    // Before Linux 6.15 a mount that is attached nowhere cannot be cloned: the first mask takes the mount
    // itself, which the next ones clone then.
    error = sys_move_mount(clone >= 0 ? clone : cover, target);
    return error < 0 ? fail(ctx, error, "covering \"", op->path.text, "\"") : 0;
}

int op_readonly_path(struct ctx *ctx, const struct op_readonly_path *op) {
    bool found;
    scope_fd target = open_if_there(ctx, op->path.text, op->mount, op->inside.text, &found);
    if (!found)
        return target == -ENOENT || target == -ENOTDIR ? 0 : target;
    scope_fd clone = sys_open_tree(target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
    if (clone < 0)
        return fail(ctx, clone, "cloning \"", op->path.text, "\"");
    int error = sys_mount_setattr(clone, "", AT_EMPTY_PATH | AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, 0, -1);
    if (error < 0)
        return fail(ctx, error, "making \"", op->path.text, "\" read-only");
    error = sys_move_mount(clone, target);
    return error < 0 ? fail(ctx, error, "attaching to \"", op->path.text, "\"") : 0;
}

int op_oom_score(struct ctx *ctx, const struct op_oom_score *op) {
    char number[NUMBER_SIZE];
    const char *text = number_text(number, op->value);
    return proc_write(ctx, op->proc, "self/oom_score_adj", text, strlen(text));
}

/**
 * Is `found`, read back, what was written as `wanted`? AppArmor takes `exec NAME` and answers `NAME (mode)`;
 * some end with a newline or a NUL.
 */
static bool same_label(const char *found, const char *wanted) {
    const char *exec = "exec ";
    if (text_starts(wanted, exec))
        wanted += strlen(exec);
    if (!text_starts(found, wanted))
        return false;
    const char *rest = found + strlen(wanted);
    return text_equal(rest, "") || text_equal(rest, "\n") || text_starts(rest, " (");
}

int op_label(struct ctx *ctx, const struct op_label *op) {
    struct text path = {0};
    char found[4096];
    text_append(&path, "self/attr/");
    text_append(&path, op->attribute.text);
    int error = proc_write(ctx, op->proc, path.bytes, op->value.text, op->value.length);
    if (error < 0)
        return error;
    scope_fd file = proc_open(ctx, op->proc, path.bytes, O_RDONLY);
    if (file < 0)
        return file;
    ssize_t length = fd_read(file, found, sizeof(found) - 1);
    if (length < 0)
        return fail(ctx, (int)length, "reading /proc/", path.bytes);
    found[length] = '\0';
    if (!same_label(found, op->value.text))
        return fail(ctx, -EACCES, "the label is \"", found, "\" after writing \"", op->value.text, "\"");
    return 0;
}
