#include "copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "kernel/fd.h"
#include "kernel/sys.h"
#include "text.h"

/** Each level keeps two descriptors and a little stack. */
#define MAX_DEPTH 64

static int copy_directory(struct ctx *ctx, int from, int to, int depth);

static int copy_content(int from, int to) {
    for (;;) {
        ssize_t sent = sendfile(to, from, NULL, 1U << 30);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return sent < 0 ? -errno : 0;
    }
}

/** What belongs to the file; labels are the mount's own affair, and the rest is of the file system below. */
static bool travels(const char *name) {
    return text_starts(name, "user.") || text_equal(name, "security.capability") ||
           text_equal(name, "system.posix_acl_access") || text_equal(name, "system.posix_acl_default");
}

static int copy_attribute(int from, int to, const char *name) {
    char value[XATTR_SIZE_MAX];
    ssize_t length = fgetxattr(from, name, value, sizeof(value));
    if (length < 0)
        return errno == ENODATA ? 0 : -errno;
    if (fsetxattr(to, name, value, (size_t)length, 0) == 0)
        return 0;
    // As cp(1) has it: what a tmpfs of this kernel, or this user namespace, cannot hold stays behind.
    return errno == EOPNOTSUPP || errno == EPERM || errno == EINVAL ? 0 : -errno;
}

/** Separate, so that files without any, which are nearly all, cost no such stack. */
__attribute__((noinline)) static int copy_listed(int from, int to) {
    char names[XATTR_LIST_MAX];
    ssize_t length = flistxattr(from, names, sizeof(names));
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
        int error = travels(names + at) ? copy_attribute(from, to, names + at) : 0;
        if (error < 0)
            return error;
    }
    return length < 0 ? -errno : 0;
}

/** Owner, mode, times and extended attributes: last, as a change of owner takes set-user-ID and file
 * capabilities away, and a new entry changes its directory's times. */
static int copy_status(int from, int to, const struct stat *status) {
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    if (fchown(to, status->st_uid, status->st_gid) < 0 || fchmod(to, status->st_mode & 07777) < 0)
        return -errno;
    ssize_t any = flistxattr(from, NULL, 0);
    int error = any > 0 ? copy_listed(from, to) : any < 0 && errno != EOPNOTSUPP ? -errno : 0;
    if (error < 0)
        return error;
    return futimens(to, times) < 0 ? -errno : 0;
}

/** Of what was opened: another may have its name by now, and must not get its owner, or its set-user-ID. */
static int copy_file(int from, int to, const char *name) {
    struct stat status;
    // O_NONBLOCK: it may have become a FIFO meanwhile.
    scope_fd source = sys_openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    int error = source < 0 ? source : sys_fstat(source, &status);
    if (error < 0)
        return error;
    if (!S_ISREG(status.st_mode))
        return -EAGAIN;
    scope_fd made = sys_openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    error = made < 0 ? made : copy_content(source, made);
    return error < 0 ? error : copy_status(source, made, &status);
}

static int copy_link(int from, int to, const char *name) {
    char target[PATH_MAX];
    struct stat status;
    scope_fd source = sys_openat(from, name, O_PATH | O_NOFOLLOW, 0);
    int error = source < 0 ? source : sys_fstat(source, &status);
    if (error == 0)
        error = fd_readlink(source, "", target, sizeof(target));
    if (error < 0)
        return error;
    const struct timespec times[2] = {status.st_atim, status.st_mtim};
    if (symlinkat(target, to, name) < 0 ||
        fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_subdirectory(struct ctx *ctx, int from, int to, const char *name, int depth) {
    struct stat status;
    scope_fd source = sys_openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    int error = source < 0 ? source : sys_fstat(source, &status);
    if (error < 0)
        return error;
    if (mkdirat(to, name, 0700) < 0)
        return -errno;
    scope_fd made = sys_openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    error = made < 0 ? made : copy_directory(ctx, source, made, depth + 1);
    return error < 0 ? error : copy_status(source, made, &status);
}

/** A device or a FIFO is all that its status says. */
static int copy_node(int to, const char *name, const struct stat *status) {
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    if (mknodat(to, name, status->st_mode & S_IFMT, status->st_rdev) < 0)
        return -errno;
    scope_fd made = sys_openat(to, name, O_PATH | O_NOFOLLOW, 0);
    int error = made < 0 ? made : sys_fchown(made, status->st_uid, status->st_gid);
    if (error == 0)
        error = sys_fchmod(made, status->st_mode & 07777);
    if (error < 0)
        return error;
    return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_entry(struct ctx *ctx, int from, int to, const char *name, int depth) {
    struct stat status;
    int error = sys_fstatat(from, name, &status);
    if (error < 0)
        return error;
    switch (status.st_mode & S_IFMT) {
    case S_IFREG:
        return copy_file(from, to, name);
    case S_IFDIR:
        return copy_subdirectory(ctx, from, to, name, depth);
    case S_IFLNK:
        return copy_link(from, to, name);
    case S_IFSOCK:
        // Without whoever listens on it a socket is nothing.
        return 0;
    default:
        return copy_node(to, name, &status);
    }
}

static int copy_directory(struct ctx *ctx, int from, int to, int depth) {
    _Alignas(struct dirent64) char buffer[2048];
    if (depth > MAX_DEPTH)
        return fail(ctx, -ELOOP, "copying: directories are nested too deeply");
    scope_fd list = sys_openat(from, ".", O_RDONLY | O_DIRECTORY, 0);
    if (list < 0)
        return list;
    for (;;) {
        long got = syscall(SYS_getdents64, list, buffer, sizeof(buffer));
        if (got <= 0)
            return got < 0 ? -errno : 0;
        for (long at = 0; at < got;) {
            const struct dirent64 *entry = (const struct dirent64 *)(const void *)(buffer + at);
            at += entry->d_reclen;
            if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
                continue;
            int error = copy_entry(ctx, from, to, entry->d_name, depth);
            if (error < 0)
                return ctx->detail.length != 0 ? error : fail(ctx, error, "copying \"", entry->d_name, "\"");
        }
    }
}

int copy_tree(struct ctx *ctx, int from, int to) {
    int error = copy_directory(ctx, from, to, 0);
    if (error < 0 && ctx->detail.length == 0)
        return fail(ctx, error, "copying what was in the directory");
    return error;
}
