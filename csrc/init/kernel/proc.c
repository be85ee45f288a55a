#include "kernel/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/fd.h"
#include "kernel/sys.h"

/** Replaces `self` in front, which is a symbolic link, by what it says. */
static int resolve_self(int proc, const char *path, char *buffer, size_t size) {
    int length = fd_readlink(proc, "self", buffer, size);
    if (length < 0)
        return length;
    const char *rest = path + strlen("self");
    if ((size_t)length + strlen(rest) >= size)
        return -ENAMETOOLONG;
    strcpy(buffer + length, rest);
    return 0;
}

/** The handle is on one directory of procfs alone: see `open-proc`. */
static int is_part(int proc) {
    struct stat status;
    int error = sys_fstat(proc, &status);
    return error < 0 ? error : status.st_ino != PROC_ROOT_INODE;
}

int proc_open(struct ctx *ctx, uint32_t slot, const char *path, int flags) {
    char resolved[PATH_MAX];
    int proc = slot_get(ctx, slot);
    if (proc < 0)
        return proc;
    const char *name = path;
    int part = is_part(proc);
    if (part < 0)
        return fail(ctx, part, "examining procfs");
    if (part) {
        // Only what lies in there can be meant.
        if (!text_starts(path, "self/") && !text_starts(path, "sys/"))
            return fail(ctx, -EXDEV, "/proc/", path,
                        " takes a procfs of one's own, which may not be mounted here");
        name = strchr(path, '/') + 1;
    } else if (text_starts(path, "self/")) {
        int error = resolve_self(proc, path, resolved, sizeof(resolved));
        if (error < 0)
            return fail(ctx, error, "reading /proc/self");
        name = resolved;
    }
    scope_fd file = sys_openat2(proc, name, flags, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);
    if (file < 0)
        return fail(ctx, file, "opening /proc/", path);
    int64_t type = sys_file_system(file);
    if (type != PROC_SUPER_MAGIC)
        return fail(ctx, type < 0 ? (int)type : -EXDEV, "/proc/", path, " is not on procfs");
    return fd_steal(&file);
}

int proc_write(struct ctx *ctx, uint32_t slot, const char *path, const char *text, size_t length) {
    scope_fd file = proc_open(ctx, slot, path, O_WRONLY);
    if (file < 0)
        return file;
    ssize_t written;
    do
        written = write(file, text, length);
    while (written < 0 && errno == EINTR);
    if (written < 0)
        return fail(ctx, -errno, "writing /proc/", path);
    if ((size_t)written != length)
        return fail(ctx, -EIO, "writing /proc/", path, " was cut short");
    return 0;
}
