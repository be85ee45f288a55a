#include "role/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "kernel/sys.h"

/** How long it may be silent, altogether, before nothing more is expected of a terminal that other processes
 * still hold open. */
#define QUIET_MILLISECONDS 100

/** More than a pseudo-terminal holds (8 KiB on the way, 4 KiB to be read; drivers/tty/pty.c and
 * drivers/tty/n_tty.c): whatever comes after that was written by others, after the end. */
#define LAST_WORDS (64UL * 1024)

/** What a pipe that is writable takes without making us wait. */
#define CHUNK 4096

static bool empty(const struct queue *queue) {
    return queue->start == queue->end;
}

static bool passing(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/**
 * Standard output as we write to it. A terminal that has room for a few bytes is writable, and a write of
 * more than that waits until somebody reads: so it is opened anew, not to wait. The flag is that open file's
 * own; a pipe that is writable takes a chunk.
 */
static int open_output(void) {
    struct termios settings;
    if (tcgetattr(STDOUT_FILENO, &settings) < 0)
        return STDOUT_FILENO;
    int terminal = sys_openat(AT_FDCWD, "/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY, 0);
    return terminal < 0 ? STDOUT_FILENO : terminal;
}

void relay_begin(struct relay *relay, int master) {
    *relay = (struct relay){.master = master, .input = -1, .output = -1};
    if (master < 0)
        return;
    relay->input = STDIN_FILENO;
    relay->output = open_output();
    // Only the master's open file is ours alone: on the standard streams this flag would be everybody's.
    int flags = fcntl(master, F_GETFL);
    if (flags >= 0)
        fcntl(master, F_SETFL, flags | O_NONBLOCK);
}

void relay_poll(const struct relay *relay, struct pollfd *descriptors, bool input) {
    bool reads_keys = input && empty(&relay->keys);
    bool writes_text = !empty(&relay->text);
    short events =
        (short)((writes_text || relay->hung_up ? 0 : POLLIN) | (empty(&relay->keys) ? 0 : POLLOUT));
    descriptors[0] = (struct pollfd){.fd = reads_keys ? relay->input : -1, .events = POLLIN};
    descriptors[1] = (struct pollfd){.fd = events != 0 ? relay->master : -1, .events = events};
    descriptors[2] = (struct pollfd){.fd = writes_text ? relay->output : -1, .events = POLLOUT};
}

/** Fills an empty queue: 1, 0 at the end of the file, or -errno. */
static int fill(struct queue *queue, int descriptor) {
    ssize_t got = read(descriptor, queue->bytes, CHUNK);
    if (got < 0)
        return -errno;
    queue->start = 0;
    queue->end = (size_t)got;
    return got > 0;
}

static int empty_into(struct queue *queue, int descriptor) {
    ssize_t written = write(descriptor, queue->bytes + queue->start, queue->end - queue->start);
    if (written < 0)
        return -errno;
    queue->start += (size_t)written;
    return 0;
}

static void discard(struct queue *queue) {
    queue->start = queue->end = 0;
}

static void read_master(struct relay *relay) {
    int got = fill(&relay->text, relay->master);
    if (got > 0)
        relay->left = relay->text.end < relay->left ? relay->left - relay->text.end : 0;
    // EIO: all who had the terminal open have closed it. Someone may open it again.
    if (got <= 0 && !passing(-got))
        relay->hung_up = true;
}

void relay_move(struct relay *relay, const struct pollfd *descriptors) {
    if (descriptors[0].revents != 0) {
        int got = fill(&relay->keys, relay->input);
        if (got <= 0 && !passing(-got))
            relay->input = -1;
    }
    if ((descriptors[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && empty(&relay->text))
        read_master(relay);
    if (!empty(&relay->keys)) {
        int error = empty_into(&relay->keys, relay->master);
        if (error < 0 && !passing(-error))
            discard(&relay->keys);
    }
    if (descriptors[2].revents != 0 && !empty(&relay->text)) {
        int error = empty_into(&relay->text, relay->output);
        // It was writable, but not for this: a newline takes two bytes.
        if (error < 0 && passing(-error))
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        // Nobody reads any more: the program goes on, its output goes nowhere.
        if (error < 0 && !passing(-error))
            discard(&relay->text);
    }
}

void relay_end(struct relay *relay) {
    discard(&relay->keys);
    relay->hung_up = false;
    relay->quiet = QUIET_MILLISECONDS;
    relay->left = LAST_WORDS;
}

bool relay_over(const struct relay *relay) {
    return relay->master < 0 || (empty(&relay->text) && (relay->hung_up || relay->left == 0));
}

/** Milliseconds that passed. */
static int since(const struct timespec *then) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int)((now.tv_sec - then->tv_sec) * 1000 + (now.tv_nsec - then->tv_nsec) / 1000000);
}

int relay_wait(struct relay *relay, int signals, bool patient) {
    struct pollfd descriptors[RELAY_DESCRIPTORS + 1];
    struct timespec began;
    bool writes = !empty(&relay->text);
    relay_poll(relay, descriptors, false);
    descriptors[RELAY_DESCRIPTORS] = (struct pollfd){.fd = signals, .events = POLLIN};
    clock_gettime(CLOCK_MONOTONIC, &began);
    int ready = poll(descriptors, RELAY_DESCRIPTORS + 1, !patient ? 0 : writes ? -1 : relay->quiet);
    if (ready < 0)
        return errno == EINTR ? 0 : -errno;
    if (!writes) {
        int waited = since(&began);
        relay->quiet = waited < relay->quiet ? relay->quiet - waited : 0;
    }
    if (ready == 0) {
        // It is silent, or nobody takes our output.
        relay->left = 0;
        discard(&relay->text);
    }
    relay_move(relay, descriptors);
    return descriptors[RELAY_DESCRIPTORS].revents != 0;
}
