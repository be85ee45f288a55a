/*
 * Promises for system calls that block. Each job has a small thread of its own: a shim that waits for a
 * thousand containers must neither fill the host's thread pool (four threads in Node) nor block its event
 * loop.
 */
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static void job_release(struct job *job) {
    if (job->release != NULL)
        job->release(job);
    else
        free(job);
}

/* On the JavaScript thread, once. `env` is NULL when the host is shutting down: nobody waits any longer. */
static void job_done(napi_env env, napi_value callback, void *context, void *data) {
    (void)callback;
    (void)data;
    struct job *job = context;
    if (env == NULL) {
        job_release(job);
        return;
    }
    napi_handle_scope scope = NULL;
    napi_open_handle_scope(env, &scope);
    napi_value value = job->error == 0 ? job->result(env, job) : NULL;
    if (value != NULL) {
        napi_resolve_deferred(env, job->deferred, value);
    } else {
        /* Making the result may have thrown; otherwise the work failed. */
        bool pending = false;
        napi_value reason = NULL;
        if (napi_is_exception_pending(env, &pending) == napi_ok && pending)
            napi_get_and_clear_last_exception(env, &reason);
        else
            reason = make_error(env, job->error, job->syscall, NULL);
        if (reason != NULL)
            napi_reject_deferred(env, job->deferred, reason);
    }
    napi_close_handle_scope(env, scope);
    job_release(job);
}

static void *job_thread(void *argument) {
    struct job *job = argument;
    napi_threadsafe_function notify = job->notify;
    int result = job->work(job);
    job->error = result < 0 ? -result : 0;
    /* The job may be gone after this call. `napi_closing` means that the function is gone as well. */
    if (napi_call_threadsafe_function(notify, NULL, napi_tsfn_blocking) == napi_ok)
        napi_release_threadsafe_function(notify, napi_tsfn_release);
    return NULL;
}

static int start_thread(struct job *job) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    size_t stack = 65536;
    if (stack < (size_t)PTHREAD_STACK_MIN)
        stack = (size_t)PTHREAD_STACK_MIN;
    pthread_attr_setstacksize(&attributes, stack);
    /* The host's signals are not for this thread. */
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_t thread;
    error = pthread_create(&thread, &attributes, job_thread, job);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

napi_value job_start(napi_env env, struct job *job) {
    napi_value promise = NULL;
    napi_value name = make_text(env, job->syscall, NAPI_AUTO_LENGTH);
    if (name == NULL || napi_create_promise(env, &job->deferred, &promise) != napi_ok) {
        job_release(job);
        return NULL;
    }
    if (napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, job, job_done,
                                        &job->notify) != napi_ok) {
        job_release(job);
        return fail(env, ENOMEM, "napi_create_threadsafe_function", NULL);
    }
    int error = start_thread(job);
    if (error == 0)
        return promise;
    napi_release_threadsafe_function(job->notify, napi_tsfn_abort);
    job_release(job);
    return fail(env, error, "pthread_create", NULL);
}
