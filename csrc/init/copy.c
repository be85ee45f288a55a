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

#include "fd.h"
#include "sys.h"
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
    return made < 0 ? made : copy_content(source, made);
}

static int copy_link(int from, int to, const char *name) {
    char target[PATH_MAX];
    int length = fd_readlink(from, name, target, sizeof(target));
    if (length < 0)
        return length;
    return symlinkat(target, to, name) < 0 ? -errno : 0;
}

static int copy_subdirectory(struct ctx *ctx, int from, int to, const char *name, int depth) {
    if (mkdirat(to, name, 0700) < 0)
        return -errno;
    scope_fd source = sys_openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (source < 0)
        return source;
    scope_fd made = sys_openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    return made < 0 ? made : copy_directory(ctx, source, made, depth + 1);
}

/** Owner, mode and times: last, as a change of owner takes set-user-ID away and a new entry changes its
 * directory's times. */
static int copy_status(int to, const char *name, const struct stat *status) {
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    if (fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISLNK(status->st_mode)) {
        int error = sys_fchmodat(to, name, status->st_mode & 07777);
        if (error < 0)
            return error;
    }
    return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
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
    // As cp(1) has it: what a tmpfs of this kernel, or this user namespace, can't hold stays behind.
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

/** Extended attributes of a file or directory: after its owner, whose change takes file capabilities away. */
static int copy_attributes(int from, int to, const char *name) {
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    scope_fd source = sys_openat(from, name, flags, 0);
    if (source < 0)
        return source;
    ssize_t any = flistxattr(source, NULL, 0);
    if (any <= 0)
        return any < 0 && errno != EOPNOTSUPP ? -errno : 0;
    scope_fd made = sys_openat(to, name, flags, 0);
    return made < 0 ? made : copy_listed(source, made);
}

static int copy_entry(struct ctx *ctx, int from, int to, const char *name, int depth) {
    struct stat status;
    int error = sys_fstatat(from, name, &status);
    if (error < 0)
        return error;
    switch (status.st_mode & S_IFMT) {
    case S_IFREG:
        error = copy_file(from, to, name);
        break;
    case S_IFDIR:
        error = copy_subdirectory(ctx, from, to, name, depth);
        break;
    case S_IFLNK:
        error = copy_link(from, to, name);
        break;
    case S_IFSOCK:
        // Without whoever listens on it a socket is nothing.
        return 0;
    default:
        error = mknodat(to, name, status.st_mode & S_IFMT, status.st_rdev) < 0 ? -errno : 0;
        break;
    }
    if (error == 0)
        error = copy_status(to, name, &status);
    if (error == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
        error = copy_attributes(from, to, name);
    return error;
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
