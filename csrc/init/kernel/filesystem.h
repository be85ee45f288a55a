#ifndef TSOCI_FILESYSTEM_H
#define TSOCI_FILESYSTEM_H

#include "ctx.h"

/* File systems through a configuration context (fsopen(2)). Failures are noted in `ctx` with the file
 * system's own log. */

/** A context for a new file system; an empty source is left out. */
int filesystem_open(struct ctx *ctx, const char *type, const char *source);

/** Hands over `key=value` and `flag` options, one by one. */
int filesystem_configure(struct ctx *ctx, int context, struct wire_strings options);

int filesystem_create(struct ctx *ctx, int context);

/** Notes a failure: `what`, then what the file system logged about it. */
int filesystem_fail(struct ctx *ctx, int error, int context, const char *what);

/** fsconfig takes values of at most 255 bytes; mount(2) a page of all. */
#define FILESYSTEM_VALUE_MAX 255

#endif
