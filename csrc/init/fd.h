#ifndef TSOCI_FD_H
#define TSOCI_FD_H

#include <stddef.h>
#include <sys/types.h>
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

/** Sends bytes with a descriptor over a socket of any type. */
int fd_send(int socket, const void *bytes, size_t size, int descriptor);

/** Reads a symbolic link's whole target, NUL-terminated; -ENAMETOOLONG when it does not fit. */
int fd_readlink(int directory, const char *name, char *buffer, size_t size);

#endif
