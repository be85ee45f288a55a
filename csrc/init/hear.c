#include "hear.h"

#include <string.h>
#include <unistd.h>

#include "kernel/fd.h"
#include "message.h"

/** Turns in which nothing else is done, also with a hook that never stops: more than any pipe holds. */
#define MOST_TURNS 512

/** Only as much is told as the plan says; the rest is read, so that the hook can go on. */
static void tell(struct ctx *ctx, struct ear *ear, const char *bytes, size_t length) {
    size_t told = length < ear->left ? length : ear->left;
    if (told > 0)
        message_send_said(ctx, ear->stream, bytes, told);
    ear->left -= (uint32_t)told;
}

static void keep(struct ctx *ctx, const char *bytes, size_t length) {
    size_t room = sizeof(ctx->said) - ctx->said_length;
    size_t kept = length < room ? length : room;
    memcpy(ctx->said + ctx->said_length, bytes, kept);
    ctx->said_length += kept;
}

void hear(struct ctx *ctx, struct ear *ear) {
    char bytes[4096];
    for (int turn = 0; turn < MOST_TURNS && ear->pipe >= 0; turn++) {
        ssize_t got = read(ear->pipe, bytes, sizeof(bytes));
        if (got < 0)
            return;
        if (got == 0)
            close(fd_steal(&ear->pipe));
        else if (ear->tells)
            tell(ctx, ear, bytes, (size_t)got);
        else
            keep(ctx, bytes, (size_t)got);
    }
}
