#ifndef TSOCI_COPY_H
#define TSOCI_COPY_H

#include "ctx.h"

/** Copies what is in the directory `from` into the directory `to`; nothing is followed. Failures are noted in
 * `ctx`. */
int copy_tree(struct ctx *ctx, int from, int to);

#endif
