/* System calls under the names and with the errno of a C library. One line each; nothing is cached, emulated
 * or retried. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"

/* One thread, and children that share our memory run only while we wait for them. */
static int last_error;

int *__errno_location(void) {
    return &last_error;
}

long raw_result(long returned) {
    if (returned < 0 && returned > -4096) {
        last_error = (int)-returned;
        return -1;
    }
    return returned;
}

long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long a[6];
    for (size_t i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    return raw_result(raw_call(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* ---- processes ---- */

/**
 * A container's filter may refuse both calls; a fault ends the process all the same, also a container's first
 * one.
 */
_Noreturn void _exit(int status) {
    raw_call(SYS_exit_group, status, 0, 0, 0, 0, 0);
    raw_call(SYS_exit, status, 0, 0, 0, 0, 0);
    for (;;)
        __builtin_trap();
}

int execve(const char *path, char *const arguments[], char *const environment[]) {
    return (int)CALL3(execve, POINTER(path), POINTER(arguments), POINTER(environment));
}

pid_t getpid(void) {
    return (pid_t)CALL0(getpid);
}

pid_t getppid(void) {
    return (pid_t)CALL0(getppid);
}

pid_t getpgrp(void) {
    return (pid_t)CALL1(getpgid, 0);
}

uid_t getuid(void) {
    return (uid_t)CALL0(getuid);
}

pid_t getsid(pid_t process) {
    return (pid_t)CALL1(getsid, process);
}

pid_t setsid(void) {
    return (pid_t)CALL0(setsid);
}

pid_t waitpid(pid_t process, int *status, int options) {
    return (pid_t)CALL4(wait4, process, POINTER(status), options, 0);
}

int kill(pid_t process, int signal) {
    return (int)CALL2(kill, process, signal);
}

int raise(int signal) {
    return (int)CALL3(tgkill, getpid(), CALL0(gettid), signal);
}

int pause(void) {
    return (int)CALL5(ppoll, 0, 0, 0, 0, sizeof(uint64_t));
}

mode_t umask(mode_t mask) {
    return (mode_t)CALL1(umask, mask);
}

/* The child calls function(argument) on the given stack (its end) and exits with what that returns. */
long raw_clone(unsigned long flags, void *stack, int (*function)(void *), void *argument) HIDDEN;
#if defined(__x86_64__)
__asm__(".text\n"
        ".hidden raw_clone\n"
        ".globl raw_clone\n"
        "raw_clone:\n"
        "    mov %rdx, %r9\n"
        "    and $-16, %rsi\n"
        "    sub $16, %rsi\n"
        "    mov %rcx, (%rsi)\n"
        "    xor %edx, %edx\n"
        "    xor %r10d, %r10d\n"
        "    xor %r8d, %r8d\n"
        "    mov $56, %eax\n"
        "    syscall\n"
        "    test %eax, %eax\n"
        "    jnz 1f\n"
        "    xor %ebp, %ebp\n"
        "    pop %rdi\n"
        "    add $8, %rsp\n"
        "    call *%r9\n"
        "    mov %eax, %edi\n"
        "    mov $60, %eax\n"
        "    syscall\n"
        "    hlt\n"
        "1:  ret\n");
#else
__asm__(".text\n"
        ".hidden raw_clone\n"
        ".globl raw_clone\n"
        "raw_clone:\n"
        "    and x1, x1, #-16\n"
        "    stp x2, x3, [x1, #-16]!\n"
        "    mov x2, #0\n"
        "    mov x3, #0\n"
        "    mov x4, #0\n"
        "    mov x8, #220\n"
        "    svc #0\n"
        "    cbz w0, 1f\n"
        "    ret\n"
        "1:  mov x29, #0\n"
        "    mov x30, #0\n"
        "    ldp x1, x0, [sp], #16\n"
        "    blr x1\n"
        "    mov x8, #93\n"
        "    svc #0\n"
        "    brk #1\n");
#endif

int clone(int (*function)(void *), void *stack, int flags, void *argument, ...) {
    return (int)raw_result(raw_clone((unsigned long)(unsigned)flags, stack, function, argument));
}

/* ---- time ---- */

int nanosleep(const struct timespec *wanted, struct timespec *left) {
    return (int)CALL2(nanosleep, POINTER(wanted), POINTER(left));
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    return (int)CALL2(clock_gettime, clock, POINTER(now));
}

/* ---- memory ---- */

void *mmap64(void *address, size_t length, int protection, int flags, int descriptor, off64_t offset) {
    return (void *)CALL6(mmap, POINTER(address), ARGUMENT(length), protection, flags, descriptor, offset);
}

int munmap(void *address, size_t length) {
    return (int)CALL2(munmap, POINTER(address), ARGUMENT(length));
}

int memfd_create(const char *name, unsigned flags) {
    return (int)CALL2(memfd_create, POINTER(name), flags);
}

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

/*
 * The system call has no flags before Linux 6.6. Without following a symlink: through the descriptor of what
 * is there, refusing symlinks, whose mode means nothing.
 */
int fchmodat(int directory, const char *path, mode_t mode, int flags) {
    if (flags == 0)
        return (int)CALL3(fchmodat, directory, POINTER(path), mode);
    if (flags != AT_SYMLINK_NOFOLLOW) {
        errno = EINVAL;
        return -1;
    }
    const int file = (int)CALL4(openat, directory, POINTER(path), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (file < 0)
        return -1;
    struct stat64 status;
    int result = fstat64(file, &status);
    if (result == 0 && S_ISLNK(status.st_mode)) {
        errno = EOPNOTSUPP;
        result = -1;
    }
    if (result == 0) {
        char name[] = "/proc/self/fd/\0\0\0\0\0\0\0\0\0\0";
        char digits[12];
        size_t length = 0;
        for (unsigned rest = (unsigned)file; length == 0 || rest != 0; rest /= 10)
            digits[length++] = (char)('0' + rest % 10);
        for (size_t i = 0; i < length; i++)
            name[sizeof "/proc/self/fd/" - 1 + i] = digits[length - 1 - i];
        result = (int)CALL3(fchmodat, AT_FDCWD, POINTER(name), mode);
    }
    const int error = errno;
    close(file);
    errno = error;
    return result;
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
