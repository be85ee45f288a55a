/* Mounts inside the root filesystem. Each is made and adjusted while it is attached nowhere, then attached by
 * descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "ctx.h"
#include "inside.h"
#include "kernel/fd.h"
#include "kernel/filesystem.h"
#include "kernel/sys.h"
#include "kernel/sys_numbers.h"
#include "place.h"

/** The bits that say how access times are kept are one choice: to set one is to clear the others. */
static uint64_t with_access_times(uint64_t set, uint64_t clear) {
    return (set & MOUNT_ATTR__ATIME) != 0 ? clear | MOUNT_ATTR__ATIME : clear;
}

static int attributes(struct ctx *ctx, int mount, unsigned flags, uint32_t set, uint32_t clear) {
    if (set == 0 && clear == 0)
        return 0;
    int error =
        sys_mount_setattr(mount, "", AT_EMPTY_PATH | flags, set, with_access_times(set, clear), 0, -1);
    return error < 0 ? fail(ctx, error, "mount attributes") : 0;
}

static int propagation(struct ctx *ctx, int mount, uint32_t type, uint32_t recursive) {
    if (type == 0)
        return 0;
    int error = sys_mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U), 0, 0, type, -1);
    return error < 0 ? fail(ctx, error, "mount propagation") : 0;
}

static bool is_directory(int descriptor) {
    struct stat status;
    return sys_fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
}

static int attach(struct ctx *ctx, int mount, int target, const char *path) {
    int error = sys_move_mount(mount, target);
    if (error < 0 && is_directory(mount) != is_directory(target))
        // Without the words of EISDIR, which engines match: the errno tells it.
        return fail(ctx, -ENOTDIR, "\"", path, "\" and its source must both be directories, or both files");
    return error < 0 ? fail(ctx, error, "attaching to \"", path, "\"") : 0;
}

/** Where these lie is part of what they promise: a link there would put them elsewhere (CVE-2019-19921). */
static uint64_t resolve_for(const char *type) {
    return text_equal(type, "proc") || text_equal(type, "sysfs") ? RESOLVE_NO_SYMLINKS : 0;
}

static bool too_long_for_fsconfig(struct wire_strings options) {
    const char *option;
    while ((option = wire_next(&options)) != NULL) {
        const char *equals = strchr(option, '=');
        if (equals != NULL && strlen(equals + 1) > FILESYSTEM_VALUE_MAX)
            return true;
    }
    return false;
}

/** Puts options together again, as mount(2) wants them. */
static int join_options(struct wire_strings options, char *data, size_t size) {
    size_t length = 0;
    const char *option;
    while ((option = wire_next(&options)) != NULL) {
        size_t added = strlen(option);
        if (length + added + 2 > size)
            return -ENAMETOOLONG;
        if (length > 0)
            data[length++] = ',';
        memcpy(data + length, option, added);
        length += added;
    }
    data[length] = '\0';
    return 0;
}

/**
 * What is mounted on the directory behind a descriptor. ".." of a lookup's own root is that root again, and
 * each step of a lookup ends on top of what is mounted there: no name is looked up, so nobody can lead it
 * astray.
 */
static int open_on_top(int directory) {
    return sys_openat2(directory, "..", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

/**
 * mount(2) for values that fsconfig(2) refuses for their length (overlay's lowerdir). It wants a path: "." is
 * the target's descriptor, entered. The new mount's own descriptor is returned.
 */
static int mount_on_directory(struct ctx *ctx, const struct op_mount *op, int target) {
    char data[4096];
    struct statx covered;
    struct statx mounted;
    int error = join_options(op->options, data, sizeof(data));
    if (error < 0)
        return fail(ctx, error, "the options are longer than a page");
    scope_fd back = sys_openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
    if (back < 0 || fchdir(target) < 0)
        return fail(ctx, back < 0 ? back : -errno, "entering \"", op->target.text, "\"");
    error = sys_mount(op->source.text, ".", op->type.text, 0, data);
    if (fchdir(back) < 0)
        return fail(ctx, -errno, "leaving \"", op->target.text, "\"");
    if (error < 0)
        return fail(ctx, error, "mount ", data);
    scope_fd mount = open_on_top(target);
    error = mount < 0 ? mount : sys_statx(mount, "", AT_EMPTY_PATH, STATX_MNT_ID, &mounted);
    if (error == 0)
        error = sys_statx(target, "", AT_EMPTY_PATH, STATX_MNT_ID, &covered);
    if (error == 0 && mounted.stx_mnt_id == covered.stx_mnt_id)
        error = -ESTALE;
    if (error < 0)
        return fail(ctx, error, "opening what was mounted on \"", op->target.text, "\"");
    error = attributes(ctx, mount, 0, op->attributes, 0);
    if (error == 0)
        error = propagation(ctx, mount, op->propagation, op->propagation_recursive);
    return error < 0 ? error : fd_steal(&mount);
}

/** `mode=` with the permissions of the directory that will be covered. */
static int keep_mode(struct ctx *ctx, int context, uint32_t mode) {
    char digits[] = "00000";
    for (size_t at = sizeof(digits) - 1; at-- > 0; mode >>= 3)
        digits[at] = (char)('0' + (mode & 7));
    int error = sys_fsconfig(context, FSCONFIG_SET_STRING, "mode", digits);
    return error < 0 ? filesystem_fail(ctx, error, context, "option \"mode\"") : 0;
}

static int make_mount(struct ctx *ctx, const struct op_mount *op, const struct stat *covered) {
    scope_fd context = filesystem_open(ctx, op->type.text, op->source.text);
    if (context < 0)
        return context;
    int error = filesystem_configure(ctx, context, op->options);
    if (error == 0 && op->keep_mode && covered->st_mode != 0)
        error = keep_mode(ctx, context, covered->st_mode & 07777);
    if (error == 0)
        error = filesystem_create(ctx, context);
    if (error < 0)
        return error;
    scope_fd mount = sys_fsmount(context, op->attributes);
    if (mount < 0)
        return filesystem_fail(ctx, mount, context, "fsmount");
    error = propagation(ctx, mount, op->propagation, op->propagation_recursive);
    return error < 0 ? error : fd_steal(&mount);
}

/**
 * The host's mount instead of one that the kernel refused (EPERM, which is also the answer when there is no
 * such mount): with all that is below it, which cannot be taken off in a user namespace.
 */
static int clone_instead(struct ctx *ctx, const struct op_mount *op) {
    scope_fd tree = sys_open_tree(AT_FDCWD, op->instead.text, OPEN_TREE_CLONE | AT_RECURSIVE);
    if (tree < 0 || sys_file_system(tree) != (int64_t)op->instead_type)
        return -EPERM;
    int error = attributes(ctx, tree, AT_RECURSIVE, op->attributes, 0);
    if (error == 0)
        error = propagation(ctx, tree, op->propagation != 0 ? op->propagation : MS_SLAVE, 1);
    return error < 0 ? error : fd_steal(&tree);
}

/** Makes the filesystem, fills it, and attaches it: its descriptor. */
static int mount_on(struct ctx *ctx, const struct op_mount *op, int target, const struct stat *covered) {
    if (too_long_for_fsconfig(op->options))
        return mount_on_directory(ctx, op, target);
    scope_fd mount = make_mount(ctx, op, covered);
    if (mount == -EPERM && *op->instead.text != '\0')
        mount = clone_instead(ctx, op);
    int error = mount < 0 ? mount : op->copy_up ? copy_tree(ctx, target, mount) : 0;
    if (error == 0)
        error = attach(ctx, mount, target, op->target.text);
    return error < 0 ? error : fd_steal(&mount);
}

int op_mount(struct ctx *ctx, const struct op_mount *op) {
    struct stat covered = {0};
    bool made;
    const struct place place = {op->root, op->directory, op->target.text, op->no_follow};
    scope_fd target = place_target(ctx, place, INSIDE_DIRECTORY, resolve_for(op->type.text), &made);
    if (target < 0)
        return target;
    // One that was missing has no permissions to keep.
    if (op->keep_mode && !made && sys_fstat(target, &covered) < 0)
        return fail(ctx, -errno, "examining \"", op->target.text, "\"");
    scope_fd mount = mount_on(ctx, op, target, &covered);
    if (mount < 0)
        return mount;
    if (op->handle != WIRE_NO_SLOT)
        slot_set(ctx, op->handle, fd_steal(&mount));
    return 0;
}

int op_bind(struct ctx *ctx, const struct op_bind *op) {
    struct stat status;
    int tree = slot_get(ctx, op->tree);
    if (tree < 0)
        return tree;
    int error = sys_fstat(tree, &status);
    if (error < 0)
        return fail(ctx, error, "examining the source");
    bool made;
    enum inside_kind kind = S_ISDIR(status.st_mode) ? INSIDE_DIRECTORY : INSIDE_FILE;
    const struct place place = {op->root, op->directory, op->target.text, op->no_follow};
    scope_fd target = place_target(ctx, place, kind, 0, &made);
    if (target < 0)
        return target;
    // What is set on all mounts of the tree first, so that the tree's own options can still differ.
    error = attributes(ctx, tree, AT_RECURSIVE, op->set_recursive, op->clear_recursive);
    if (error == 0)
        error = attributes(ctx, tree, 0, op->set, op->clear);
    if (error == 0)
        error = propagation(ctx, tree, op->propagation, op->propagation_recursive);
    if (error == 0)
        error = attach(ctx, tree, target, op->target.text);
    return error;
}

/** What is mounted on a place in the root. */
static int open_mount(struct ctx *ctx, const struct op_remount *op) {
    struct statx status;
    int root = slot_get(ctx, op->root);
    if (root < 0)
        return root;
    scope_fd target = inside_open(root, op->target.text, O_PATH, 0);
    int error = target < 0 ? target : sys_statx(target, "", AT_EMPTY_PATH, 0, &status);
    if (error < 0)
        return fail(ctx, error, "opening \"", op->target.text, "\" inside the root");
    if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
        return fail(ctx, -EINVAL, "nothing is mounted on \"", op->target.text, "\"");
    return fd_steal(&target);
}

int op_remount(struct ctx *ctx, const struct op_remount *op) {
    scope_fd found = -1;
    int target = op->mount == WIRE_NO_SLOT ? (found = open_mount(ctx, op)) : slot_get(ctx, op->mount);
    if (target < 0)
        return target;
    int error = attributes(ctx, target, op->recursive ? AT_RECURSIVE : 0U, op->set, op->clear);
    if (error == 0)
        error = propagation(ctx, target, op->propagation, op->propagation_recursive);
    if (error < 0 || op->options.count == 0)
        return error;
    scope_fd context = sys_fspick(target, "", FSPICK_EMPTY_PATH);
    if (context < 0)
        return fail(ctx, context, "reconfiguring the file system on \"", op->target.text, "\"");
    error = filesystem_configure(ctx, context, op->options);
    if (error < 0)
        return error;
    error = sys_fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL);
    return error < 0 ? filesystem_fail(ctx, error, context, "reconfiguring the file system") : 0;
}
