/*
 * Mounting may take as long as a disk does, and unmounting as long as it takes to write back what was
 * written: neither may hold up the event loop. There are few such calls at a time, so each has its own
 * thread, which also has a working directory of its own then.
 */
#include "work.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

int work_fail(struct work *work, int error, const char *syscall, const char *detail) {
    if (work->error == 0) {
        work->error = error;
        work->syscall = syscall;
        snprintf(work->detail, sizeof work->detail, "%s", detail);
    }
    return -1;
}

/* `env` is NULL when the host is shutting down: nobody waits any longer. */
static void settle(napi_env env, napi_value callback, void *context, void *data) {
    (void)callback;
    (void)data;
    struct work *work = context;
    if (env == NULL && work->opens)
        close_release(&work->descriptor);
    if (env != NULL) {
        napi_handle_scope scope = NULL;
        napi_open_handle_scope(env, &scope);
        if (work->error == 0)
            napi_resolve_deferred(env, work->deferred,
                                  work->opens ? make_number(env, work->descriptor) : make_undefined(env));
        else
            napi_reject_deferred(env, work->deferred,
                                 make_error(env, work->error, work->syscall, work->detail));
        napi_close_handle_scope(env, scope);
    }
    work->release(work);
}

static void *run(void *argument) {
    struct work *work = argument;
    work->run(work);
    napi_threadsafe_function notify = work->notify;
    /* The work may be gone after this call. `napi_closing` means that the function is gone as well. */
    if (napi_call_threadsafe_function(notify, NULL, napi_tsfn_blocking) == napi_ok)
        napi_release_threadsafe_function(notify, napi_tsfn_release);
    return NULL;
}

napi_value work_start(napi_env env, struct work *work) {
    napi_value promise = NULL;
    napi_value name = make_text(env, "work", NAPI_AUTO_LENGTH);
    if (name == NULL || napi_create_promise(env, &work->deferred, &promise) != napi_ok ||
        napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, work, settle,
                                        &work->notify) != napi_ok) {
        work->release(work);
        return fail(env, ENOMEM, "napi_create_threadsafe_function", NULL);
    }
    napi_threadsafe_function notify = work->notify;
    int error = start_detached(run, work, 131072);
    if (error == 0)
        return promise;
    napi_release_threadsafe_function(notify, napi_tsfn_abort);
    work->release(work);
    return fail(env, error, "pthread_create", NULL);
}
