#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kernel/fd.h"

/** Less than the 64 KiB that the parent receives at most. */
#define STAMPS_PER_MESSAGE 3800

struct message {
    uint32_t type;
    uint32_t stage;
    uint32_t operation;
    int32_t error;
    uint32_t value;
    uint32_t length;
    char data[STAMPS_PER_MESSAGE * sizeof(struct stamp)];
};
_Static_assert(sizeof(((struct text *)0)->bytes) + sizeof(((struct ctx *)0)->said) + 2 <
                   sizeof(((struct message *)0)->data),
               "a failure fits");
_Static_assert(offsetof(struct message, data) == MESSAGE_HEADER_SIZE, "message header");

/** Only the pages that a message needs are ever touched. */
static struct message packet;

static void frame(const struct ctx *ctx, enum message_type type, int error, uint32_t value, size_t length) {
    packet.type = (uint32_t)type;
    packet.stage = ctx->stage;
    packet.operation = ctx->index;
    packet.error = error < 0 ? -error : error;
    packet.value = value;
    packet.length = (uint32_t)length;
}

/**
 * write(2), not sendmsg(2): behind a container's system call filter it is the likelier one to be allowed.
 * Without a reader it raises SIGPIPE, which ends this process as it should; a container's init does not get
 * it and sees the error.
 */
static void post(const struct ctx *ctx) {
    ssize_t sent;
    do
        sent = write(ctx->report, &packet, MESSAGE_HEADER_SIZE + packet.length);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        _exit(1);
}

void message_send(const struct ctx *ctx, enum message_type type, uint32_t value) {
    frame(ctx, type, 0, value, 0);
    post(ctx);
}

void message_send_failure(const struct ctx *ctx, int error) {
    size_t length = ctx->detail.length;
    size_t said = ctx->said_length;
    memcpy(packet.data, ctx->detail.bytes, length);
    if (said > 0) {
        memcpy(packet.data + length, ": ", 2);
        memcpy(packet.data + length + 2, ctx->said, said);
        length += 2 + said;
    }
    frame(ctx, MESSAGE_FAILED, error, (uint32_t)ctx->phase, length);
    post(ctx);
}

void message_send_said(const struct ctx *ctx, uint32_t stream, const char *bytes, size_t length) {
    frame(ctx, MESSAGE_SAID, 0, stream, length);
    memcpy(packet.data, bytes, length);
    post(ctx);
}

void message_send_descriptor(const struct ctx *ctx, enum message_type type, const char *text,
                             int descriptor) {
    size_t length = strlen(text);
    frame(ctx, type, 0, 0, length);
    memcpy(packet.data, text, length);
    if (fd_send(ctx->report, &packet, MESSAGE_HEADER_SIZE + length, descriptor) < 0)
        _exit(1);
}

static ssize_t receive(int socket, void *buffer, size_t size, int flags) {
    ssize_t got;
    do
        got = recv(socket, buffer, size, flags);
    while (got < 0 && errno == EINTR);
    // End of file means that the parent died, never that it agrees.
    if (got <= 0)
        _exit(1);
    return got;
}

/** A GO is no longer than the config from which its state comes. */
#define GO_MAX (64U << 20)

/** The rest of a GO whose header is known: full datagrams, then the last one. */
static int receive_go(struct ctx *ctx, size_t size) {
    size_t at = 0;
    while (at < size) {
        size_t left = size - at;
        size_t wanted = left < GO_PART_SIZE ? left : GO_PART_SIZE;
        // With MSG_TRUNC the whole length of the datagram, also of one that does not fit.
        if ((size_t)receive(ctx->report, ctx->go.bytes + at, wanted, MSG_TRUNC) != wanted)
            return fail(ctx, -EPROTO, "the parent's answer is malformed");
        at += wanted;
    }
    return 0;
}

int message_await(struct ctx *ctx, uint32_t question) {
    uint32_t header[GO_HEADER_SIZE / sizeof(uint32_t)];
    message_forget(ctx);
    if ((size_t)receive(ctx->report, header, sizeof(header), MSG_PEEK) != sizeof(header))
        return fail(ctx, -EPROTO, "the parent's answer is malformed");
    if (header[0] != MESSAGE_GO || header[1] != question)
        return fail(ctx, -EPROTO, "the parent answered what was not asked");
    size_t size = sizeof(header) + (size_t)header[2] + header[3];
    if (size > GO_MAX)
        return fail(ctx, -EPROTO, "the parent's answer is malformed");
    unsigned char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return fail(ctx, -errno, "memory for the parent's answer");
    ctx->go = (struct go){.bytes = bytes, .size = size};
    int error = receive_go(ctx, size);
    if (error < 0)
        return error;
    ctx->go.state = (const char *)bytes + sizeof(header);
    ctx->go.state_length = header[2];
    ctx->go.listener = ctx->go.state + header[2];
    ctx->go.listener_length = header[3];
    return 0;
}

void message_forget(struct ctx *ctx) {
    if (ctx->go.bytes != NULL)
        munmap(ctx->go.bytes, ctx->go.size);
    ctx->go = (struct go){0};
}

void stamp(struct ctx *ctx, uint64_t operation) {
    struct timespec now;
    if ((ctx->plan.header.flags & WIRE_FLAG_TRACE) == 0)
        return;
    if (ctx->stamps == NULL) {
        // Each operation is stamped once, and the start of main.
        size_t size = ((size_t)ctx->plan.header.operations + 1) * sizeof(struct stamp);
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            return;
        ctx->stamps = memory;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t nanoseconds = (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
    ctx->stamps[ctx->stamped++] = (struct stamp){.operation = operation, .nanoseconds = nanoseconds};
}

void message_send_stamps(struct ctx *ctx) {
    while (ctx->stamps != NULL && ctx->stamps_sent < ctx->stamped) {
        size_t count = ctx->stamped - ctx->stamps_sent;
        if (count > STAMPS_PER_MESSAGE)
            count = STAMPS_PER_MESSAGE;
        frame(ctx, MESSAGE_STAMPS, 0, 0, count * sizeof(struct stamp));
        memcpy(packet.data, ctx->stamps + ctx->stamps_sent, count * sizeof(struct stamp));
        post(ctx);
        ctx->stamps_sent += count;
    }
}
