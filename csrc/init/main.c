/**
 * tsoci-init: carries out a plan that tsoci made of a container's config.json, and becomes the container's
 * program.
 *
 *     stage 0  [prepare]  the spawned process: opens what only the host has, joins namespaces and the cgroup
 *        │ clone
 *     stage 1  [init]     the container's process: ids, root filesystem, confinement, identity; waits for
 * start; execve
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctx.h"
#include "kernel/fd.h"
#include "kernel/sys.h"
#include "kernel/sys_numbers.h"
#include "message.h"
#include "role/remount.h"
#include "role/restore.h"
#include "role/supervise.h"

/** In .bss, so that only the pages that a plan needs are ever touched. */
static struct ctx state;

static int carry_out(struct ctx *ctx, enum op_kind kind, const union op_any *op) {
    switch (kind) {
#define CALL(KIND, name)                                                                                     \
    case OP_##KIND:                                                                                          \
        return op_##name(ctx, &op->name);
        WIRE_OPERATIONS(CALL)
#undef CALL
    }
    return -EBADMSG;
}

static _Noreturn void report_failure(const struct ctx *ctx, int error) {
    if (error == -NO_ERRNO)
        error = 0;
    message_send_failure(ctx, error);
    _exit(1);
}

static int map_plan(struct ctx *ctx, int descriptor) {
    struct stat status;
    struct verdict verdict = {.reason = NULL};
    int error = sys_fstat(descriptor, &status);
    if (error < 0)
        return fail(ctx, error, "the plan's descriptor");
    if (status.st_size <= 0 || status.st_size > WIRE_MAX_LENGTH)
        return fail(ctx, -EBADMSG, "the plan's length is wrong");
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED)
        return fail(ctx, -errno, "the plan cannot be mapped");
    close(descriptor);
    error = plan_check(&ctx->plan, bytes, (size_t)status.st_size, &verdict);
    ctx->index = verdict.index;
    return error < 0 ? fail(ctx, error, verdict.reason) : 0;
}

/** The inherited descriptors in their slots. */
static int adopt(struct ctx *ctx, int sync) {
    const struct wire_header *header = &ctx->plan.header;
    if (header->preserve != (uint32_t)sync - 3)
        return fail(ctx, -EBADMSG, "the sync socket is not behind the preserved descriptors");
    for (uint32_t slot = 0; slot < header->slots; slot++)
        ctx->slots[slot] = slot < header->inherited ? sync + 2 + (int)slot : -1;
    for (uint32_t slot = 0; slot < header->inherited; slot++) {
        if (fcntl(ctx->slots[slot], F_GETFD) < 0)
            return fail(ctx, -errno, "an inherited descriptor");
    }
    return 0;
}

/**
 * From the identity on, paths are the container's to bend: the plan was checked to have closed every handle
 * by then, and here it is seen that it did. Behind a filter nothing can be asked any more.
 */
static int enter_phase(struct ctx *ctx, enum phase phase) {
    bool entered = phase != ctx->phase;
    ctx->phase = phase;
    return entered && phase >= PHASE_IDENTITY && !ctx->prepared ? slots_all_closed(ctx) : 0;
}

/**
 * After a failure what came before it is taken back, as the plan says. What goes wrong with that is told with
 * the failure, which stays what it was.
 */
static void undo(struct ctx *ctx, struct step *step) {
    const struct text detail = ctx->detail;
    const uint32_t index = ctx->index;
    const enum phase phase = ctx->phase;
    struct text wrong = {0};
    ctx->phase = PHASE_UNDO;
    while (plan_next(&ctx->plan, step) > 0) {
        ctx->index = step->index;
        text_clear(&ctx->detail);
        if (step->phase == PHASE_UNDO && carry_out(ctx, step->kind, &step->op) < 0)
            wrong = ctx->detail;
    }
    ctx->detail = detail;
    ctx->index = index;
    ctx->phase = phase;
    if (wrong.length == 0)
        return;
    text_append(&ctx->detail, UNDO_FAILED);
    text_append(&ctx->detail, wrong.bytes);
}

static int interpret(struct ctx *ctx) {
    struct step step;
    int more;
    plan_begin(&ctx->plan, &step);
    while ((more = plan_next(&ctx->plan, &step)) > 0) {
        ctx->index = step.index;
        text_clear(&ctx->detail);
        int error = enter_phase(ctx, step.phase);
        if (error == 0)
            error = carry_out(ctx, step.kind, &step.op);
        if (error < 0) {
            undo(ctx, &step);
            return error;
        }
        for (uint32_t i = 0; i < step.cursor.used; i++)
            if (step.cursor.uses[i].ends)
                slot_close(ctx, step.cursor.uses[i].slot);
        stamp(ctx, step.index);
    }
    return fail(ctx, -EBADMSG, "the plan changed under way");
}

static int run_plan(struct ctx *ctx, int sync) {
    // Whoever shares our user must not look into a process that holds the host's descriptors.
    sys_prctl(PR_SET_DUMPABLE, 0, 0);
    ctx->report = sync;
    ctx->phase = PHASE_PREPARE;
    int error = sys_close_range((unsigned)sync, ~0U, CLOSE_RANGE_CLOEXEC);
    if (error < 0)
        error = fail(ctx, error, "close_range: Linux 5.14 or newer is needed");
    if (error == 0)
        error = map_plan(ctx, sync + 1);
    if (error == 0)
        error = adopt(ctx, sync);
    if (error == 0)
        error = limits_make_room(ctx);
    if (error == 0) {
        stamp(ctx, STAMP_START);
        sys_prctl(PR_SET_NAME, (unsigned long)"tsoci:[prepare]", 0);
        // Modes in the root filesystem are exact.
        umask(0);
        error = interpret(ctx);
    }
    report_failure(ctx, error);
}

int main(int argc, char **argv) {
    uint32_t sync;
    if (argc == 3 && text_equal(argv[1], "plan") && number_parse(argv[2], 1U << 20, &sync) && sync >= 3)
        return run_plan(&state, (int)sync);
    if (argc >= 2 && text_equal(argv[1], "supervise"))
        return supervise(argc - 2, argv + 2);
    if (argc >= 2 && text_equal(argv[1], "restore"))
        return restore(&state, argc - 2, argv + 2);
    if (argc >= 2 && text_equal(argv[1], "remount"))
        return remount(&state, argc - 2, argv + 2);
    static const char line[] =
        "tsoci-init: the part of tsoci that becomes a container's program; tsoci starts it\n";
    (void)!write(STDERR_FILENO, line, sizeof(line) - 1);
    return 1;
}
