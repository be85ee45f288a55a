/* One mount of a root filesystem, step by step on a thread: mount.c, layers.c, and what they need. */
#ifndef TSOCI_MOUNTING_H
#define TSOCI_MOUNTING_H

#include "work.h"

enum mounting_flag {
    MOUNTING_BIND = 1,
    MOUNTING_RECURSIVE = 2,
    /* The source is a file, which becomes a block device. */
    MOUNTING_LOOP = 4,
    /* Layers are handed over one by one (Linux 6.5); without, all in the page of mount(2). */
    MOUNTING_ONE_BY_ONE = 8,
};

struct mounting {
    struct work work;
    struct text root;
    /* Below the root, whose symbolic links lead nowhere else. */
    struct text target;
    struct text type;
    struct text source;
    /* `key=value` or `key`, for the filesystem. */
    struct strings parameters;
    /* Of an overlay, topmost first. */
    struct strings layers;
    /* What uid_map and gid_map of a user namespace get; empty: no mapping. */
    struct text uid_map;
    struct text gid_map;
    uint32_t flags;
    uint32_t set;
    uint32_t clear;
    uint32_t propagation;
};

/* ---- id-maps.c: all descriptors are -1 on failure, which work_fail has noted ---- */

/* A user namespace that has the maps and no process. */
int open_user_namespace(struct mounting *mounting);
/* A copy of what is mounted at a path, not attached anywhere, mapped when there is a namespace. */
int open_tree_copy(struct mounting *mounting, const char *path, int user_namespace);

/* ---- layers.c ---- */

struct layers {
    int *opened;
    uint32_t count;
};

void layers_release(struct layers *layers);
/* Hands over the layers of an overlay that is configured. */
int configure_layers(struct mounting *mounting, int context, struct layers *layers);
/* Mounts an overlay the old way. */
int mount_layers(struct mounting *mounting, int target, struct layers *layers);
/* What fsconfig(2) is told: FSCONFIG_*, and what it takes. */
struct setting {
    unsigned command;
    const char *key;
    const char *value;
};
/* fsconfig(2), with the kernel's words when it refuses. */
int configure(struct mounting *mounting, int context, struct setting setting);

/* ---- loop.c ---- */

/* A loop device with the source in it, which is free again when nobody has it open or mounted; its path in 32
 * bytes. */
int open_loop(struct mounting *mounting, char *path);

#endif
