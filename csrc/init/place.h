#ifndef TSOCI_PLACE_H
#define TSOCI_PLACE_H

#include "inside.h"

/**
 * Where a plan wants something: at a path in a root, or, where the directory that the path names something in
 * is open already, under its last component in there.
 */
struct place {
    uint32_t root;
    uint32_t directory;
    const char *path;
    /** A symbolic link at the end of the path is the place itself. */
    bool no_follow;
};

/** The directory, made where missing, and the name in it, which is not to be followed. `*opened` is for the
 * caller to close. */
int place_parent(struct ctx *ctx, struct place place, char name[NAME_MAX + 1], int *opened);

/** See inside_target; in an open directory, which is one of the container's own mounts, it is always a
 * directory, and nothing is followed. */
int place_target(struct ctx *ctx, struct place place, enum inside_kind kind, uint64_t resolve, bool *made);

#endif
