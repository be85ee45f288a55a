#ifndef TSOCI_PROC_H
#define TSOCI_PROC_H

#include <stddef.h>
#include <sys/types.h>

#include "ctx.h"

/** Of the root of every procfs. */
#define PROC_ROOT_INODE 1

/*
 * procfs through the handle that `open-proc` made: nothing that is mounted over it, and no symbolic link, is
 * followed (CVE-2019-16884, CVE-2019-19921, CVE-2025-52881). `self/` in front is this process. Failures are
 * noted in `ctx`.
 */

/** Opens a file. */
int proc_open(struct ctx *ctx, uint32_t slot, const char *path, int flags);

/** Opens a file and writes all of `text` in one call. */
int proc_write(struct ctx *ctx, uint32_t slot, const char *path, const char *text, size_t length);

#endif
