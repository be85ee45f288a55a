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
    /** After the end: milliseconds of silence, and bytes, that are still waited for. */
    int quiet;
    size_t left;
};

#define RELAY_DESCRIPTORS 3

/** `master` may be -1: then there is nothing to relay, and nothing is. */
void relay_begin(struct relay *relay, int master);

/** Says what to wait for: RELAY_DESCRIPTORS entries, unused ones with descriptor -1. `input` is false while
 * it is not ours. */
void relay_poll(const struct relay *relay, struct pollfd *descriptors, bool input);

/** Moves what can be moved without waiting. */
void relay_move(struct relay *relay, const struct pollfd *descriptors);

/*
 * The program ended. What it wrote last is moved on:
 *
 *     relay_end(relay);
 *     while (!relay_over(relay))
 *         relay_wait(relay, signals, patient);
 *
 * Others may write to the terminal forever: there is an end to the bytes and to the silence that are waited
 * for.
 */
void relay_end(struct relay *relay);
bool relay_over(const struct relay *relay);

/**
 * Waits for the terminal, or for whoever reads our output, which may take as long as that one wants;
 * `patient` is false when nobody wants to wait for that any more. 1 when `signals` is readable, 0, or -errno.
 */
int relay_wait(struct relay *relay, int signals, bool patient);

#endif
