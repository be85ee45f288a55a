/* One stream's way from where it comes out to where it goes: flow.c moves bytes, copier.c waits for all
 * flows. */
#ifndef TSOCI_FLOW_H
#define TSOCI_FLOW_H

#include "../addon.h"

/* What a flow does when an end of it is in trouble. */
enum flow_kind {
    /* The destination is the process's: when it takes no more, nobody has to send either. */
    FLOW_INPUT = 1,
    /* The destination may be slow or hang, as a file's disk: such flows have a thread for themselves. */
    FLOW_SLOW = 2,
};

/* What its owner has said, one stronger than the other. */
enum flow_word {
    FLOW_GO = 0,
    /* The process is gone: a terminal without its other side will not get it back. */
    FLOW_PROCESS_ENDED = 1,
    /* What a reader has not read yet waits for one that is there, and for nobody else. */
    FLOW_NO_WAITING = 2,
    FLOW_STOP = 3,
};

/* What has to happen before a flow goes on. */
enum flow_next {
    FLOW_WAIT_SOURCE,
    FLOW_WAIT_DESTINATION,
    /* Nothing tells of it: look again in `pause` milliseconds. */
    FLOW_LOOK_AGAIN,
    FLOW_OVER,
};

struct flow {
    struct flow *next;
    uint32_t number;
    int source;
    /* -1: what comes is thrown away. */
    int destination;
    /* Both ends are pipes: pages move, and nothing is copied. */
    bool splices;
    /* The destination is a client's fifo. */
    bool fifo;
    /* It is open for reading as well, so that it always has a reader. */
    bool reads_destination;
    bool source_over;
    /* Of enum flow_kind. */
    uint32_t kind;
    /* What the thread has heard. */
    enum flow_word word;
    /* Under the copier's lock: what was said, and whether the thread has to look. */
    enum flow_word said;
    bool called;
    int pause;
    /* Of the monotonic clock in nanoseconds; 0: not waiting for a time. */
    int64_t look_at;
    /* What was read and not yet taken. */
    char *held;
    size_t held_at;
    size_t held_length;
    uint64_t copied;
    uint64_t dropped;
    /* The first failure of the destination, as errno. */
    int error;
    napi_deferred deferred;
    napi_threadsafe_function notify;
};

/* Room for those that read and write; one for each thread. */
struct flow_room {
    char bytes[32768];
};

/* Moves what can be moved, never waiting but for a file's disk, and not so much that others starve. */
enum flow_next flow_advance(struct flow *flow, int poller, struct flow_room *room);
/* Closes both ends. */
void flow_close(struct flow *flow, int poller);

/* ---- copier.c ---- */

/* The flow is the copier's from here on, also its ends. 0 or -errno: nothing was taken. */
int copier_add(struct flow *flow);
/* Of no effect when the flow is over. */
void copier_say(uint32_t number, enum flow_word word);
/* On the JavaScript thread: tells that a flow is over, and frees it. */
void flow_settle(napi_env env, napi_value callback, void *context, void *data);

#endif
