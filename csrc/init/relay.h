#ifndef TSOCI_RELAY_H
#define TSOCI_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/** Bytes on their way from one descriptor to another. */
struct queue {
    size_t start;
    size_t end;
    char bytes[4096];
};

/** Standard input to the master of a terminal, and the master to standard output. */
struct relay {
    int master;
    int input;
    int output;
    struct queue keys;
    struct queue text;
    /** Nobody has the other end of the terminal open at the moment. */
    bool hung_up;
};

#define RELAY_DESCRIPTORS 3

/** `master` may be -1: then there is nothing to relay, and nothing is. */
void relay_begin(struct relay *relay, int master);

/** Says what to wait for: RELAY_DESCRIPTORS entries, unused ones with descriptor -1. `input` is false while
 * it is not ours. */
void relay_poll(const struct relay *relay, struct pollfd *descriptors, bool input);

/** Moves what can be moved without waiting. */
void relay_move(struct relay *relay, const struct pollfd *descriptors);

/** The program ended: moves on what it wrote last, until all is written or `interrupted` is readable. */
void relay_drain(struct relay *relay, int interrupted);

#endif
