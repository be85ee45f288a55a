#ifndef TSOCI_HEAR_H
#define TSOCI_HEAR_H

#include <stdint.h>

#include "ctx.h"

/** Our end of a pipe with what a hook says, on a stream of its own or on both. */
struct ear {
    int pipe;
    /** 1 or 2, as the parent is told. */
    uint32_t stream;
    /** The parent is told; otherwise the beginning is kept for the hook's failure. */
    bool tells;
    /** Bytes that the parent is told yet. */
    uint32_t left;
};

/** Takes what the hook has said so far; its end closes the pipe. */
void hear(struct ctx *ctx, struct ear *ear);

#endif
