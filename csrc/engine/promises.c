/* Node-API: promises, and calls from threads of the addon, which arrive by the loop's eventfd. */
#include "handles.h"
#include "loop.h"

#include <pthread.h>
#include <stdlib.h>

struct napi_deferred__ {
    value resolve;
    value reject;
};

napi_status napi_create_promise(napi_env env, napi_deferred *deferred, napi_value *promise) {
    (void)env;
    struct napi_deferred__ *made = malloc(sizeof *made);
    if (made == NULL)
        return napi_generic_failure;
    u32 room = scratch_begin(2 * sizeof(value));
    value v = w2c_JS_NewPromiseCapability(context, room);
    made->resolve = i64_load(room);
    made->reject = i64_load(room + 8);
    scratch_end(2 * sizeof(value));
    if (is_exception(v)) {
        free(made);
        return pending_from_engine();
    }
    *deferred = made;
    return keep(v, promise);
}

static napi_status settle(napi_deferred deferred, value function, napi_value with) {
    u32 room = scratch_begin(sizeof(value));
    i64_store(room, with == NULL ? VALUE_UNDEFINED : value_of(with));
    value answer = w2c_JS_Call(context, function, VALUE_UNDEFINED, 1, room);
    scratch_end(sizeof(value));
    release(deferred->resolve);
    release(deferred->reject);
    free(deferred);
    if (is_exception(answer))
        return pending_from_engine();
    release(answer);
    return napi_ok;
}

napi_status napi_resolve_deferred(napi_env env, napi_deferred deferred, napi_value with) {
    (void)env;
    return settle(deferred, deferred->resolve, with);
}

napi_status napi_reject_deferred(napi_env env, napi_deferred deferred, napi_value with) {
    (void)env;
    return settle(deferred, deferred->reject, with);
}

/* ---- functions that threads call ---- */

struct napi_threadsafe_function__ {
    void *context;
    napi_threadsafe_function_call_js call;
    struct napi_threadsafe_function__ *next;
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct napi_threadsafe_function__ *first_called;
static struct napi_threadsafe_function__ **last_called = &first_called;

napi_status napi_create_threadsafe_function(napi_env env, napi_value function, napi_value resource,
                                            napi_value name, size_t queue, size_t threads, void *final_data,
                                            napi_finalize final, void *in_context,
                                            napi_threadsafe_function_call_js call,
                                            napi_threadsafe_function *result) {
    (void)env;
    (void)resource;
    (void)name;
    (void)queue;
    (void)final_data;
    /* The addon's one use: a call in C, once, from one thread. */
    if (function != NULL || final != NULL || call == NULL || threads != 1 || !loop_listen())
        return napi_invalid_arg;
    struct napi_threadsafe_function__ *made = calloc(1, sizeof *made);
    if (made == NULL)
        return napi_generic_failure;
    made->context = in_context;
    made->call = call;
    loop_hold();
    *result = made;
    return napi_ok;
}

/* Both of the following may run on another thread. */
napi_status napi_call_threadsafe_function(napi_threadsafe_function function, void *data,
                                          napi_threadsafe_function_call_mode mode) {
    (void)data;
    (void)mode;
    pthread_mutex_lock(&guard);
    function->next = NULL;
    *last_called = function;
    last_called = &function->next;
    pthread_mutex_unlock(&guard);
    loop_wake();
    /* It is gone as soon as the loop sees it: there is nothing to release, and so the addon is told. */
    return napi_closing;
}

napi_status napi_release_threadsafe_function(napi_threadsafe_function function,
                                             napi_threadsafe_function_release_mode mode) {
    (void)mode;
    /* Only before the thread was started; afterwards the call releases it. */
    free(function);
    loop_let_go();
    return napi_ok;
}

void threads_called(void) {
    pthread_mutex_lock(&guard);
    struct napi_threadsafe_function__ *list = first_called;
    first_called = NULL;
    last_called = &first_called;
    pthread_mutex_unlock(&guard);
    while (list != NULL) {
        struct napi_threadsafe_function__ *next = list->next;
        size_t begin = scope_begin();
        list->call(&native_env, NULL, list->context, NULL);
        scope_end(begin);
        free(list);
        loop_let_go();
        list = next;
    }
}
