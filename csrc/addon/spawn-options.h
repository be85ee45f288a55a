/* What is to be started, as spawn and execute (spawn.c) are told. */
#ifndef TSOCI_SPAWN_OPTIONS_H
#define TSOCI_SPAWN_OPTIONS_H

#include "addon.h"

struct image {
    /* A path, or a descriptor when there is none. A script needs a path: its interpreter opens it again. */
    struct text path;
    int file;
    struct strings argv;
    struct strings environment;
    struct descriptors descriptors;
    /* Where the child starts, or the caller's own. */
    struct text directory;
    bool new_session;
    /* SIGINT and SIGTERM wait until it asks for them. */
    bool holds_signals;
    /* Written by the child, read by us after it. */
    volatile int error;
    const char *volatile syscall;
};

/* SpawnOptions of src/host/native.ts; false when an exception is pending. */
bool take_image(napi_env env, napi_callback_info info, struct image *image);
void image_release(struct image *image);

#endif
