/* Limits and scheduling of the process. */
#include <errno.h>
#include <linux/sched.h>
#include <sys/resource.h>

#include "ctx.h"
#include "kernel/sys.h"

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

static uint64_t greater(uint64_t left, uint64_t right) {
    return left > right ? left : right;
}

static int fail_limit(struct ctx *ctx, int error, unsigned resource) {
    char number[NUMBER_SIZE];
    return fail(ctx, error, "setrlimit ", number_text(number, resource));
}

int limits_make_room(struct ctx *ctx) {
    const uint64_t own = 64;
    uint64_t soft;
    uint64_t hard;
    uint64_t wanted = ctx->plan.header.slots + ctx->plan.header.preserve + own;
    int error = sys_getrlimit(RLIMIT_NOFILE, &soft, &hard);
    if (error == 0 && soft < wanted && soft < hard) {
        ctx->limits[RLIMIT_NOFILE] = (struct limit){.set = true, .soft = soft, .hard = hard};
        error = sys_setrlimit(RLIMIT_NOFILE, wanted < hard ? wanted : hard, hard);
    }
    return error < 0 ? fail_limit(ctx, error, RLIMIT_NOFILE) : 0;
}

int op_rlimit(struct ctx *ctx, const struct op_rlimit *op) {
    uint64_t soft;
    uint64_t hard;
    if (op->resource >= LIMITS || op->soft > op->hard)
        return fail_limit(ctx, -EINVAL, op->resource);
    int error = sys_getrlimit(op->resource, &soft, &hard);
    // To raise it takes the privileges that we have now. To lower it takes none, and can wait.
    if (error == 0 && (op->soft > soft || op->hard > hard))
        error = sys_setrlimit(op->resource, greater(op->soft, soft), greater(op->hard, hard));
    if (error < 0)
        return fail_limit(ctx, error, op->resource);
    ctx->limits[op->resource] = (struct limit){.set = true, .soft = op->soft, .hard = op->hard};
    return 0;
}

int limits_apply(struct ctx *ctx) {
    for (unsigned resource = 0; resource < LIMITS; resource++) {
        const struct limit *limit = &ctx->limits[resource];
        int error = limit->set ? sys_setrlimit(resource, limit->soft, limit->hard) : 0;
        if (error < 0)
            return fail_limit(ctx, error, resource);
    }
    return 0;
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
    if (error < 0)
        return fail(ctx, error, "sched_setattr");
    // sched_setattr(2) takes nice for SCHED_OTHER and SCHED_BATCH alone, but SCHED_IDLE heeds it, and so does
    // every process that the others start with SCHED_FLAG_RESET_ON_FORK. The caller's own is not the
    // container's (config.md, Process: 0 if not set).
    if ((op->flags & SCHED_FLAG_KEEP_PARAMS) == 0)
        error = sys_setpriority(op->nice);
    return error < 0 ? fail(ctx, error, "setpriority") : 0;
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
