#ifndef TSOCI_MESSAGE_H
#define TSOCI_MESSAGE_H

#include <stdint.h>

#include "ctx.h"

/*
 * The talk with the parent. Whatever goes wrong in it means that the parent is gone: these then end the
 * process.
 */

/** Sends a message without data. */
void message_send(const struct ctx *ctx, enum message_type type, uint32_t value);

/** Sends FAILED: the detail that was noted, and what a hook said. */
void message_send_failure(const struct ctx *ctx, int error);

/** Sends what a hook said on a stream, 1 or 2: at most 4,096 bytes. */
void message_send_said(const struct ctx *ctx, uint32_t stream, const char *bytes, size_t length);

/** Sends a text with a descriptor. */
void message_send_descriptor(const struct ctx *ctx, enum message_type type, const char *text, int descriptor);

/** Waits for the GO that answers `question` and keeps what it brings; -EPROTO, noted, when something else
 * comes. */
int message_await(struct ctx *ctx, uint32_t question);

/** Forgets the last GO, and gives its memory back. */
void message_forget(struct ctx *ctx);

/** Notes the time, when the plan is traced. */
void stamp(struct ctx *ctx, uint64_t operation);

/** Sends the stamps that were not sent yet. */
void message_send_stamps(struct ctx *ctx);

#endif
