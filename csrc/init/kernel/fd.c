#include "kernel/fd.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

int fd_write(int descriptor, const void *bytes, size_t size) {
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(descriptor, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        at += written;
        size -= (size_t)written;
    }
    return 0;
}

ssize_t fd_read(int descriptor, void *buffer, size_t size) {
    size_t total = 0;
    while (total < size) {
        ssize_t got = read(descriptor, (char *)buffer + total, size - total);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        total += (size_t)got;
    }
    return (ssize_t)total;
}

void fd_deadline(struct timespec *deadline, int milliseconds) {
    clock_gettime(CLOCK_MONOTONIC, deadline);
    deadline->tv_sec += milliseconds / 1000;
    deadline->tv_nsec += milliseconds % 1000 * 1000000L;
}

int fd_remaining(const struct timespec *deadline) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t left = (deadline->tv_sec - now.tv_sec) * 1000 + (deadline->tv_nsec - now.tv_nsec) / 1000000;
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/** sendmsg(2), and where nobody makes room a wait until the deadline: the number of bytes, or -errno. */
static ssize_t send_some(int socket, const struct msghdr *message, const struct timespec *deadline) {
    for (;;) {
        ssize_t sent = sendmsg(socket, message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0)
            return sent;
        if (errno != EINTR && errno != EAGAIN)
            return -errno;
        struct pollfd room = {.fd = socket, .events = POLLOUT};
        if (errno == EAGAIN && poll(&room, 1, fd_remaining(deadline)) == 0)
            return -ETIMEDOUT;
    }
}

int fd_send(int socket, const void *bytes, size_t size, int descriptor) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {
        .header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(int));
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    struct timespec deadline;
    fd_deadline(&deadline, FD_PATIENCE);
    // A stream may take only a part at once; the descriptor goes with the first.
    while (part.iov_len > 0) {
        ssize_t sent = send_some(socket, &message, &deadline);
        if (sent < 0)
            return (int)sent;
        part.iov_base = (char *)part.iov_base + sent;
        part.iov_len -= (size_t)sent;
        message.msg_control = NULL;
        message.msg_controllen = 0;
    }
    return 0;
}

int fd_give(int descriptor, uint32_t uid) {
    return fchown(descriptor, uid, (gid_t)-1) < 0 ? -errno : 0;
}

int fd_readlink(int directory, const char *name, char *buffer, size_t size) {
    ssize_t length = readlinkat(directory, name, buffer, size);
    if (length < 0)
        return -errno;
    if ((size_t)length >= size)
        return -ENAMETOOLONG;
    buffer[length] = '\0';
    return (int)length;
}
