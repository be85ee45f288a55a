#ifndef TSOCI_FD_H
#define TSOCI_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Descriptors that close themselves, and transfers that are whole. All return -errno. */

static inline void fd_cleanup(const int *descriptor) {
    if (*descriptor >= 0)
        close(*descriptor);
}

/** `scope_fd descriptor = -1;` closes at the end of its scope. */
#define scope_fd __attribute__((cleanup(fd_cleanup))) int

/** Takes the descriptor out of its scope. */
static inline int fd_steal(int *descriptor) {
    int stolen = *descriptor;
    *descriptor = -1;
    return stolen;
}

int fd_write(int descriptor, const void *bytes, size_t size);

/** Fills `buffer` until the end of the file; the number of bytes read. */
ssize_t fd_read(int descriptor, void *buffer, size_t size);

/** The moment that many milliseconds from now, on CLOCK_MONOTONIC. */
void fd_deadline(struct timespec *deadline, int milliseconds);

/** Milliseconds until then, at least 0. */
int fd_remaining(const struct timespec *deadline);

/** What others may take to make room for a message of ours, in milliseconds. */
#define FD_PATIENCE 10000

/** Sends bytes with a descriptor over a socket of any type; -ETIMEDOUT when the other end does not take them
 * within FD_PATIENCE. */
int fd_send(int socket, const void *bytes, size_t size, int descriptor);

/** Changes the owner of what it leads to; the group stays. */
int fd_give(int descriptor, uint32_t uid);

/** Reads a symbolic link's whole target, NUL-terminated; -ENAMETOOLONG when it does not fit. */
int fd_readlink(int directory, const char *name, char *buffer, size_t size);

#endif
