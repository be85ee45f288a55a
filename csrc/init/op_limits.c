/* Limits and scheduling of the process. */
#include <errno.h>
#include <linux/sched/types.h>
#include <sys/resource.h>

#include "ctx.h"
#include "sys.h"

/** `struct sched_attr` as it first was; newer libcs and kernels disagree about which header declares it. */
struct scheduling {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};
_Static_assert(sizeof(struct scheduling) == 48, "sched_attr, version 0");

int op_rlimit(struct ctx *ctx, const struct op_rlimit *op) {
    char number[NUMBER_SIZE];
    int error = sys_prlimit(op->resource, op->soft, op->hard);
    return error < 0 ? fail(ctx, error, "setrlimit ", number_text(number, op->resource)) : 0;
}

int op_affinity(struct ctx *ctx, const struct op_affinity *op) {
    int error = sys_sched_setaffinity(op->mask.bytes, op->mask.length);
    return error < 0 ? fail(ctx, error, "sched_setaffinity") : 0;
}

int op_scheduler(struct ctx *ctx, const struct op_scheduler *op) {
    struct scheduling attributes = {
        .size = sizeof(attributes),
        .policy = op->policy,
        .flags = op->flags,
        .nice = op->nice,
        .priority = op->priority,
        .runtime = op->runtime,
        .deadline = op->deadline,
        .period = op->period,
    };
    int error = sys_sched_setattr(&attributes);
    return error < 0 ? fail(ctx, error, "sched_setattr") : 0;
}

int op_io_priority(struct ctx *ctx, const struct op_io_priority *op) {
    int error = sys_ioprio_set((int)op->value);
    return error < 0 ? fail(ctx, error, "ioprio_set") : 0;
}

int op_memory_policy(struct ctx *ctx, const struct op_memory_policy *op) {
    // The kernel reads whole longs, and one bit less than it is told.
    if (op->nodes.length % sizeof(unsigned long) != 0)
        return fail(ctx, -EINVAL, "the set of nodes is no whole number of words");
    size_t bits = op->nodes.length == 0 ? 0 : (size_t)op->nodes.length * 8 + 1;
    int error = sys_set_mempolicy((int)op->mode, op->nodes.length == 0 ? NULL : op->nodes.bytes, bits);
    return error < 0 ? fail(ctx, error, "set_mempolicy") : 0;
}

int op_personality(struct ctx *ctx, const struct op_personality *op) {
    int error = sys_personality(op->persona);
    return error < 0 ? fail(ctx, error, "personality") : 0;
}
