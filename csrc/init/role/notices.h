#ifndef TSOCI_ROLE_NOTICES_H
#define TSOCI_ROLE_NOTICES_H

#include <poll.h>
#include <stdbool.h>

#define NOTICES_DESCRIPTORS 2

/**
 * What a container says to the service manager (sd_notify(3)). Who started us has chosen which line of a
 * container's datagrams counts and what the manager is then sent in our name, whom it knows as the service;
 * nothing that a container wrote goes on.
 */
struct notices {
    /** Where the container's processes write, hostile ones too; -1 where nobody may. */
    int socket;
    /** Connected to the manager. */
    int manager;
    const char *line;
    const char *message;
    enum { NOTICES_AWAITED, NOTICES_PENDING, NOTICES_TOLD } state;
};

/** Reads `SOCKET MANAGER LINE MESSAGE`; false when the first two are not numbers. */
bool notices_begin(struct notices *notices, char **words);

void notices_poll(const struct notices *notices, struct pollfd *descriptors);

/** Reads one datagram at most, so that whoever writes without end holds up nothing else; 0 or -errno. */
int notices_move(struct notices *notices, const struct pollfd *descriptors);

/** The container has ended: what it has said until now. */
int notices_finish(struct notices *notices);

#endif
