#ifndef TSOCI_INSIDE_H
#define TSOCI_INSIDE_H

#include <limits.h>
#include <stdint.h>

#include "ctx.h"

/*
 * Places inside a root directory. A path from config.json is resolved by the kernel as if that directory were
 * "/" (symbolic links and ".." included), and what is missing is made relative to descriptors: nothing
 * outside can be reached or made, whatever the image or another container that shares a volume does meanwhile
 * (CVE-2021-30465, CVE-2024-45310).
 */

/** O_PATH descriptor of what is there. `resolve` is added to the scoping flags. */
int inside_open(int root, const char *path, int flags, uint64_t resolve);

/** The last component of a path; NULL when there is none, or none that stays in its directory. */
const char *inside_last(const char *path);

enum inside_kind { INSIDE_DIRECTORY, INSIDE_FILE };

/** What is wanted at the end of a path, and flags that are added to the scoping ones (RESOLVE_*). */
struct inside_wish {
    enum inside_kind kind;
    uint64_t resolve;
    /** A symbolic link at the end is what is wanted. One in the place of a directory is then an error. */
    bool no_follow;
};

/**
 * O_PATH descriptor of a directory or a file, made (directories 0755, files 0644) where missing. With
 * RESOLVE_NO_SYMLINKS a symbolic link on the way is an error. Failures are noted in `ctx`.
 */
int inside_make(struct ctx *ctx, int root, const char *path, struct inside_wish wish);

/**
 * O_PATH descriptor of the directory that `path` names something in, made where missing; `name` becomes that
 * something's name, which the caller must use without following. Failures are noted in `ctx`.
 */
int inside_parent(struct ctx *ctx, int root, const char *path, char name[NAME_MAX + 1]);

/** Like inside_make, for a place to mount on; the root itself is refused. `made` tells whether it was
 * missing. */
int inside_target(struct ctx *ctx, int root, const char *path, struct inside_wish wish, bool *made);

#endif
