/* System calls on descriptors, files and sockets; see system.c. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "raw.h"

/* ---- descriptors ---- */

ssize_t read(int descriptor, void *data, size_t length) {
    return CALL3(read, descriptor, POINTER(data), ARGUMENT(length));
}

ssize_t write(int descriptor, const void *data, size_t length) {
    return CALL3(write, descriptor, POINTER(data), ARGUMENT(length));
}

int close(int descriptor) {
    return (int)CALL1(close, descriptor);
}

int dup2(int from, int to) {
#ifdef SYS_dup2
    return (int)CALL2(dup2, from, to);
#else
    if (from == to)
        return fcntl(from, F_GETFD) < 0 ? -1 : to;
    return (int)CALL3(dup3, from, to, 0);
#endif
}

int fcntl64(int descriptor, int command, ...) {
    va_list list;
    va_start(list, command);
    const long argument = va_arg(list, long);
    va_end(list);
    return (int)CALL3(fcntl, descriptor, command, argument);
}

int ioctl(int descriptor, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    const long argument = va_arg(list, long);
    va_end(list);
    return (int)CALL3(ioctl, descriptor, ARGUMENT(request), argument);
}

off64_t lseek64(int descriptor, off64_t offset, int from) {
    return CALL3(lseek, descriptor, offset, from);
}

int pipe2(int ends[2], int flags) {
    return (int)CALL2(pipe2, POINTER(ends), flags);
}

int poll(struct pollfd *items, nfds_t count, int milliseconds) {
    struct timespec limit = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    return (int)CALL5(ppoll, POINTER(items), ARGUMENT(count), milliseconds < 0 ? 0 : POINTER(&limit), 0,
                      sizeof(uint64_t));
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) {
    return CALL4(sendfile, to, from, POINTER(offset), ARGUMENT(length));
}

/* ---- files ---- */

int fstat64(int descriptor, struct stat64 *status) {
    return (int)CALL2(fstat, descriptor, POINTER(status));
}

int fstatat64(int directory, const char *restrict path, struct stat64 *restrict status, int flags) {
    return (int)CALL4(newfstatat, directory, POINTER(path), POINTER(status), flags);
}

int stat64(const char *restrict path, struct stat64 *restrict status) {
    return fstatat64(AT_FDCWD, path, status, 0);
}

int fstatfs64(int descriptor, struct statfs64 *status) {
    return (int)CALL2(fstatfs, descriptor, POINTER(status));
}

int mkdirat(int directory, const char *path, mode_t mode) {
    return (int)CALL3(mkdirat, directory, POINTER(path), mode);
}

/* The kernel's form of a device number has 32 bits, laid out as the lower 32 of this. */
int mknodat(int directory, const char *path, mode_t mode, dev_t device) {
    return (int)CALL4(mknodat, directory, POINTER(path), mode, (unsigned)device);
}

int symlinkat(const char *target, int directory, const char *path) {
    return (int)CALL3(symlinkat, POINTER(target), directory, POINTER(path));
}

int unlinkat(int directory, const char *path, int flags) {
    return (int)CALL3(unlinkat, directory, POINTER(path), flags);
}

ssize_t readlinkat(int directory, const char *restrict path, char *restrict data, size_t length) {
    return CALL4(readlinkat, directory, POINTER(path), POINTER(data), ARGUMENT(length));
}

int fchmod(int descriptor, mode_t mode) {
    return (int)CALL2(fchmod, descriptor, mode);
}

int futimens(int descriptor, const struct timespec times[2]) {
    return (int)CALL4(utimensat, descriptor, 0, POINTER(times), 0);
}

int fchown(int descriptor, uid_t uid, gid_t gid) {
    return (int)CALL3(fchown, descriptor, uid, gid);
}

int fchownat(int directory, const char *path, uid_t uid, gid_t gid, int flags) {
    return (int)CALL5(fchownat, directory, POINTER(path), uid, gid, flags);
}

/* The system call has no flags. */
int fchmodat(int directory, const char *path, mode_t mode, int flags) {
    if (flags != 0) {
        errno = EINVAL;
        return -1;
    }
    return (int)CALL3(fchmodat, directory, POINTER(path), mode);
}

int utimensat(int directory, const char *path, const struct timespec times[2], int flags) {
    return (int)CALL4(utimensat, directory, POINTER(path), POINTER(times), flags);
}

ssize_t flistxattr(int file, char *names, size_t size) {
    return CALL3(flistxattr, file, POINTER(names), ARGUMENT(size));
}

ssize_t fgetxattr(int file, const char *name, void *value, size_t size) {
    return CALL4(fgetxattr, file, POINTER(name), POINTER(value), ARGUMENT(size));
}

int fsetxattr(int file, const char *name, const void *value, size_t size, int flags) {
    return (int)CALL5(fsetxattr, file, POINTER(name), POINTER(value), ARGUMENT(size), flags);
}

int chdir(const char *path) {
    return (int)CALL1(chdir, POINTER(path));
}

int fchdir(int descriptor) {
    return (int)CALL1(fchdir, descriptor);
}

int chroot(const char *path) {
    return (int)CALL1(chroot, POINTER(path));
}

int sethostname(const char *name, size_t length) {
    return (int)CALL2(sethostname, POINTER(name), ARGUMENT(length));
}

int setdomainname(const char *name, size_t length) {
    return (int)CALL2(setdomainname, POINTER(name), ARGUMENT(length));
}

/* ---- sockets ---- */

int socket(int family, int type, int protocol) {
    return (int)CALL3(socket, family, type, protocol);
}

int accept4(int socket, struct sockaddr *restrict address, socklen_t *restrict length, int flags) {
    return (int)CALL4(accept4, socket, POINTER(address), POINTER(length), flags);
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
    return CALL3(sendmsg, socket, POINTER(message), flags);
}

ssize_t recvmsg(int socket, struct msghdr *message, int flags) {
    return CALL3(recvmsg, socket, POINTER(message), flags);
}

ssize_t recv(int socket, void *data, size_t length, int flags) {
    return CALL6(recvfrom, socket, POINTER(data), ARGUMENT(length), flags, 0, 0);
}
