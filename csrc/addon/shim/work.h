/* One call that may wait for long, in a thread of its own, and a promise for what it says: work.c. */
#ifndef TSOCI_WORK_H
#define TSOCI_WORK_H

#include "../addon.h"

/* The beginning of a structure of the caller's, made by malloc. */
struct work {
    /* On the thread. Failures: work_fail. */
    void (*run)(struct work *work);
    /* On the JavaScript thread, when the promise is settled: frees everything. */
    void (*release)(struct work *work);
    /* What it makes is a descriptor, which the promise gives; -1 until there is one. */
    bool opens;
    int descriptor;
    int error;
    const char *syscall;
    /* What it was done to, and what the kernel said of it. */
    char detail[512];
    napi_deferred deferred;
    napi_threadsafe_function notify;
};

/* Only the first failure counts. Always -1. */
int work_fail(struct work *work, int error, const char *syscall, const char *detail);
/* A promise of nothing, or of a descriptor; the work belongs to work.c from here on, also when NULL comes
 * back. */
napi_value work_start(napi_env env, struct work *work);

#endif
