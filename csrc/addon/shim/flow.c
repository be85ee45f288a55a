/*
 * Moving bytes from one descriptor to another. Pipes are spliced: a page that the container wrote is the page
 * that the client reads. Whatever the destination does, the container is not made to wait for a destination
 * that fails: what it does not take is dropped and counted.
 */
#include "flow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* As much as a pipe of ours holds. */
#define CHUNK ((size_t)1 << 20)
/* Then it is somebody else's turn. */
#define ROUNDS 8
#define LONGEST_PAUSE 64
#define LONGEST_PAUSE_ALONE 256

enum step {
    STEP_MORE,
    STEP_WAIT_SOURCE,
    STEP_WAIT_DESTINATION,
    STEP_LOOK_AGAIN,
    STEP_SOURCE_OVER,
};

/* Explicitly: a child between vfork and exec has them as well, and until then closing takes nothing out. */
static void close_end(int *descriptor, int poller) {
    if (*descriptor < 0)
        return;
    epoll_ctl(poller, EPOLL_CTL_DEL, *descriptor, NULL);
    close(*descriptor);
    *descriptor = -1;
}

void flow_close(struct flow *flow, int poller) {
    flow->dropped += flow->held_length;
    free(flow->held);
    flow->held = NULL;
    flow->held_length = 0;
    close_end(&flow->source, poller);
    close_end(&flow->destination, poller);
}

static void note(struct flow *flow, int error) {
    if (flow->error == 0)
        flow->error = error;
}

static enum flow_next look_again(struct flow *flow, int longest) {
    int pause = flow->pause == 0 ? 1 : flow->pause * 2;
    flow->pause = pause < longest ? pause : longest;
    return FLOW_LOOK_AGAIN;
}

/* ---- splicing ---- */

/* EAGAIN of splice(2) does not tell which end it was. */
static enum step who_is_late(const struct flow *flow) {
    struct pollfd ends[2] = {
        {.fd = flow->source, .events = POLLIN},
        {.fd = flow->destination, .events = POLLOUT},
    };
    if (poll(ends, 2, 0) < 0)
        return STEP_MORE;
    /* Its writers are gone, perhaps after one more word: the next splice gets that, or the end. */
    if (ends[0].revents == 0)
        return STEP_WAIT_SOURCE;
    return ends[1].revents == 0 ? STEP_WAIT_DESTINATION : STEP_MORE;
}

static enum step drop_some(struct flow *flow, struct flow_room *room) {
    ssize_t count = read(flow->source, room->bytes, sizeof room->bytes);
    if (count == 0)
        return STEP_SOURCE_OVER;
    if (count > 0) {
        flow->dropped += (uint64_t)count;
        return STEP_MORE;
    }
    return errno == EAGAIN ? STEP_WAIT_SOURCE : errno == EINTR ? STEP_MORE : STEP_SOURCE_OVER;
}

static enum step splice_some(struct flow *flow, struct flow_room *room) {
    ssize_t count =
        splice(flow->source, NULL, flow->destination, NULL, CHUNK, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (count == 0)
        return STEP_SOURCE_OVER;
    if (count > 0) {
        flow->copied += (uint64_t)count;
        /* Less than all that could be there: rather than asking again, be told. */
        return (size_t)count < CHUNK ? STEP_WAIT_SOURCE : STEP_MORE;
    }
    if (errno == EINTR)
        return STEP_MORE;
    if (errno == EAGAIN)
        return who_is_late(flow);
    note(flow, errno);
    return (flow->kind & FLOW_INPUT) != 0 ? STEP_SOURCE_OVER : drop_some(flow, room);
}

/* ---- copying: terminals, whose small writes would fill a pipe with a page each, and files ---- */

/* Keeps what the destination does not take now. */
static enum step hold(struct flow *flow, const char *data, size_t length) {
    flow->held = malloc(length);
    if (flow->held == NULL) {
        note(flow, ENOMEM);
        flow->dropped += length;
        return STEP_MORE;
    }
    memcpy(flow->held, data, length);
    flow->held_at = 0;
    flow->held_length = length;
    return STEP_WAIT_DESTINATION;
}

/* How much it took: all, unless it would have to wait for more; what it refuses for good is dropped. */
static size_t deliver(struct flow *flow, const char *data, size_t length) {
    size_t done = 0;
    while (done < length) {
        ssize_t count = write(flow->destination, data + done, length - done);
        if (count >= 0) {
            flow->copied += (uint64_t)count;
            done += (size_t)count;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            note(flow, errno);
            flow->dropped += length - done;
            return length;
        }
    }
    return done;
}

static enum step write_held(struct flow *flow) {
    size_t done = deliver(flow, flow->held + flow->held_at, flow->held_length);
    flow->held_at += done;
    flow->held_length -= done;
    if (flow->held_length > 0)
        return STEP_WAIT_DESTINATION;
    free(flow->held);
    flow->held = NULL;
    return STEP_MORE;
}

/* Of a terminal whose other side nobody has open: somebody may open it again as long as the process lives. */
static enum step read_failed(const struct flow *flow) {
    if (errno == EINTR)
        return STEP_MORE;
    if (errno == EAGAIN)
        return STEP_WAIT_SOURCE;
    return errno == EIO && flow->word == FLOW_GO ? STEP_LOOK_AGAIN : STEP_SOURCE_OVER;
}

static enum step copy_some(struct flow *flow, struct flow_room *room) {
    if (flow->held_length > 0)
        return write_held(flow);
    if ((flow->kind & FLOW_INPUT) != 0 && flow->error != 0)
        return STEP_SOURCE_OVER;
    if (flow->destination < 0)
        return drop_some(flow, room);
    ssize_t count = read(flow->source, room->bytes, sizeof room->bytes);
    if (count < 0)
        return read_failed(flow);
    if (count == 0)
        return STEP_SOURCE_OVER;
    size_t done = deliver(flow, room->bytes, (size_t)count);
    return done == (size_t)count ? STEP_MORE : hold(flow, room->bytes + done, (size_t)count - done);
}

/* ---- the reader of a fifo ---- */

/*
 * We are no reader of it any longer: now its writing end tells whether there is one. What is in it stays.
 * Without /proc it is as if somebody read.
 */
static void stop_reading_destination(struct flow *flow, int poller) {
    char path[32];
    flow->reads_destination = false;
    snprintf(path, sizeof path, "/proc/self/fd/%d", flow->destination);
    int writing = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (writing < 0)
        return;
    close_end(&flow->destination, poller);
    flow->destination = writing;
}

static bool has_reader(const struct flow *flow) {
    struct pollfd end = {.fd = flow->destination, .events = 0};
    return poll(&end, 1, 0) < 0 || (end.revents & POLLERR) == 0;
}

/*
 * A fifo with something in it that nobody has open loses it: so it stays open until all was read, by a client
 * that has died and comes back as well.
 */
static enum flow_next wait_for_reader(struct flow *flow) {
    int left = 0;
    if (!flow->fifo || ioctl(flow->destination, FIONREAD, &left) < 0 || left == 0)
        return FLOW_OVER;
    bool alone = !has_reader(flow);
    if (alone && flow->word >= FLOW_NO_WAITING) {
        note(flow, EPIPE);
        flow->dropped += (uint64_t)left;
        return FLOW_OVER;
    }
    return look_again(flow, alone ? LONGEST_PAUSE_ALONE : LONGEST_PAUSE);
}

static enum flow_next source_is_over(struct flow *flow, int poller) {
    flow->source_over = true;
    flow->pause = 0;
    close_end(&flow->source, poller);
    if (flow->reads_destination)
        stop_reading_destination(flow, poller);
    return wait_for_reader(flow);
}

enum flow_next flow_advance(struct flow *flow, int poller, struct flow_room *room) {
    if (flow->word == FLOW_STOP)
        return FLOW_OVER;
    if (flow->source_over)
        return wait_for_reader(flow);
    if (flow->reads_destination && flow->word == FLOW_NO_WAITING)
        stop_reading_destination(flow, poller);
    for (int round = 0; round < ROUNDS; round++) {
        switch (flow->splices ? splice_some(flow, room) : copy_some(flow, room)) {
        case STEP_MORE:
            flow->pause = 0;
            break;
        case STEP_WAIT_SOURCE:
            return FLOW_WAIT_SOURCE;
        case STEP_WAIT_DESTINATION:
            return FLOW_WAIT_DESTINATION;
        case STEP_LOOK_AGAIN:
            return look_again(flow, LONGEST_PAUSE_ALONE);
        case STEP_SOURCE_OVER:
            return source_is_over(flow, poller);
        }
    }
    return flow->held_length > 0 ? FLOW_WAIT_DESTINATION : FLOW_WAIT_SOURCE;
}
