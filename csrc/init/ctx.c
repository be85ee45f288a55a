#include "ctx.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/fd.h"
#include "kernel/sys.h"

int fail_with(struct ctx *ctx, int error, const char *const *texts) {
    text_clear(&ctx->detail);
    for (; *texts != NULL; texts++)
        text_append(&ctx->detail, *texts);
    return error;
}

int take_ids(struct ctx *ctx, uint32_t user, uint32_t group) {
    int error = sys_setresgid(group, group, group);
    if (error < 0)
        return fail(ctx, error, "setresgid");
    error = sys_setresuid(user, user, user);
    return error < 0 ? fail(ctx, error, "setresuid") : 0;
}

int complain(const struct ctx *ctx, int error) {
    struct text line = {0};
    char number[NUMBER_SIZE];
    text_append(&line, "tsoci-init: ");
    text_append_bytes(&line, ctx->detail.bytes, ctx->detail.length);
    text_append(&line, ": error ");
    text_append(&line, number_text(number, -error));
    text_append(&line, "\n");
    (void)fd_write(STDERR_FILENO, line.bytes, line.length);
    return 1;
}

int slot_get(struct ctx *ctx, uint32_t slot) {
    if (slot < ctx->plan.header.slots && ctx->slots[slot] >= 0)
        return ctx->slots[slot];
    char number[NUMBER_SIZE];
    return fail(ctx, -EBADF, "slot ", number_text(number, slot), " is empty");
}

void slot_set(struct ctx *ctx, uint32_t slot, int descriptor) {
    if (slot >= ctx->plan.header.slots) {
        close(descriptor);
        return;
    }
    slot_close(ctx, slot);
    ctx->slots[slot] = descriptor;
}

void slot_close(struct ctx *ctx, uint32_t slot) {
    if (slot >= ctx->plan.header.slots || ctx->slots[slot] < 0)
        return;
    close(ctx->slots[slot]);
    ctx->slots[slot] = -1;
}

int slot_take(struct ctx *ctx, uint32_t slot) {
    int descriptor = slot_get(ctx, slot);
    if (descriptor >= 0)
        ctx->slots[slot] = -1;
    return descriptor;
}

int slots_all_closed(struct ctx *ctx) {
    char number[NUMBER_SIZE];
    struct stat status;
    // Numbers are handed out from below: none is higher than all slots and a few that were open at one time.
    const unsigned first = 3 + ctx->plan.header.preserve;
    const unsigned end = first + ctx->plan.header.slots + OTHER_DESCRIPTORS;
    for (unsigned descriptor = first; descriptor < end; descriptor++) {
        int error = sys_fstat((int)descriptor, &status);
        if (error == 0 && !S_ISSOCK(status.st_mode))
            return fail(ctx, -NO_ERRNO, "descriptor ", number_text(number, descriptor),
                        " is still open, which is a bug of tsoci: nothing of the host may be within the "
                        "container's reach");
        if (error < 0 && error != -EBADF)
            return fail(ctx, error, "examining descriptor ", number_text(number, descriptor));
    }
    int error = sys_close_range(end, ~0U, 0);
    return error < 0 ? fail(ctx, error, "close_range") : 0;
}
