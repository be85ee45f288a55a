#ifndef TSOCI_CTX_H
#define TSOCI_CTX_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "generated/wire.h"
#include "plan.h"
#include "text.h"

/** What the parent's last GO brought along. */
struct go {
    unsigned char *bytes;
    size_t size;
    const char *state;
    uint32_t state_length;
    const char *listener;
    uint32_t listener_length;
};

struct stamp {
    uint64_t operation;
    uint64_t nanoseconds;
};

/** A resource limit of the program, which it gets just before execve. */
struct limit {
    bool set;
    uint64_t soft;
    uint64_t hard;
};

/** RLIM_NLIMITS of the kernel. */
#define LIMITS 16U

/** More descriptors than are ever open beside the slots, but for the copying of directories, which is over by
 * then. */
#define OTHER_DESCRIPTORS 32U

/** Everything that the interpreter remembers from one operation to the next. */
struct ctx {
    struct plan plan;
    /** The operation being carried out. */
    uint32_t index;
    enum phase phase;
    /** 0 in the process that was spawned, one more behind each `clone`. */
    uint32_t stage;
    /** Where reports go: the sync socket, from `await-start` on the connection of `start`. */
    int report;
    int slots[WIRE_MAX_SLOTS];
    struct go go;
    struct stamp *stamps;
    size_t stamped;
    size_t stamps_sent;
    /** What the failing operation has to say. */
    struct text detail;
    struct limit limits[LIMITS];
    /** Descriptors, limits and signals are as the program will find them. */
    bool prepared;
    /** Room for the program's arguments and environment. */
    const char **vectors;
    bool new_session;
    /** A `working-directory` got in; the next is for when it was refused. */
    bool directory_entered;
    /** The beginning of what the last hook said, when it failed. */
    size_t said_length;
    char said[4096];
    char executable[PATH_MAX];
    char home[PATH_MAX];
};

/** Notes why an operation fails, a list of texts that are put together, and hands `error` (-errno) on. */
#define fail(ctx, error, ...) fail_with((ctx), (error), (const char *const[]){__VA_ARGS__, NULL})
int fail_with(struct ctx *ctx, int error, const char *const *texts);

/** Writes what `fail` noted, and -errno, to standard error: for roles that report to nobody. Gives the exit
 * status. */
int complain(const struct ctx *ctx, int error);

/** `-NO_ERRNO` in place of -errno: it failed, but no system call did. */
#define NO_ERRNO 4095

/** The descriptor in a slot; -EBADF, noted, when it is empty. */
int slot_get(struct ctx *ctx, uint32_t slot);
/** Puts a descriptor into a slot, closing what was there. */
void slot_set(struct ctx *ctx, uint32_t slot, int descriptor);
void slot_close(struct ctx *ctx, uint32_t slot);
/** Takes the descriptor out of a slot. */
int slot_take(struct ctx *ctx, uint32_t slot);
/** Refuses to go on when anything but the standard streams, the preserved descriptors and sockets is open. */
int slots_all_closed(struct ctx *ctx);

/** `HOME=` and the user's home directory. */
const char *home_variable(const struct ctx *ctx);

/** Room for the descriptors of a plan with many slots; the program gets the limit that there was. */
int limits_make_room(struct ctx *ctx);
/** The real, effective and saved ids all at once; the group first, as the user may not change it any more. */
int take_ids(struct ctx *ctx, uint32_t user, uint32_t group);

/** The program's limits: lowered only now, or a low one would hit us. */
int limits_apply(struct ctx *ctx);

/**
 * Descriptors, limits and signals as the program will find them, and memory for its arguments; once. Before
 * the filter, which may forbid all this: behind it there is only write, execve and exit_group, but for hooks.
 */
int prepare_execution(struct ctx *ctx);

/** `int op_mount(struct ctx *, const struct op_mount *)` and so on: 0, or -errno with `detail` noted. */
#define DECLARE(KIND, name) int op_##name(struct ctx *ctx, const struct op_##name *op);
WIRE_OPERATIONS(DECLARE)
#undef DECLARE

#endif
