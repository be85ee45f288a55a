/* What streams of processes are made of: pipes that hold much, and flows between them (src/shim/task/). */
#include "flow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Less than asked for where the user has too many large pipes already, or the system allows no larger one. */
static napi_value widen_pipe(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    int size = 0;
    if (!widen_pipe_arguments(env, info, &descriptor, &size))
        return NULL;
    int result = fcntl(descriptor, F_SETPIPE_SZ, size);
    if (result < 0 && (errno == EPERM || errno == EBUSY || errno == ENOMEM))
        result = fcntl(descriptor, F_GETPIPE_SZ);
    return result < 0 ? fail(env, errno, "fcntl", NULL) : make_number(env, result);
}

static napi_value duplicate_descriptor(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    if (!duplicate_arguments(env, info, &descriptor))
        return NULL;
    int result = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    return result < 0 ? fail(env, errno, "fcntl", NULL) : make_number(env, result);
}

static napi_value unread(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    int count = 0;
    if (!unread_arguments(env, info, &descriptor))
        return NULL;
    return ioctl(descriptor, FIONREAD, &count) < 0 ? fail(env, errno, "ioctl", NULL)
                                                   : make_number(env, count);
}

/* What kind an end is; nothing that is waited for may block. 0 or -errno. */
static int look_at_end(int descriptor, bool *pipe, uint32_t *kind) {
    struct stat status;
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fstat(descriptor, &status) < 0)
        return -errno;
    *pipe = S_ISFIFO(status.st_mode);
    if (S_ISREG(status.st_mode))
        *kind |= FLOW_SLOW;
    if (S_ISREG(status.st_mode) || (flags & O_NONBLOCK) != 0)
        return 0;
    return fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int look_at_ends(struct flow *flow) {
    bool source = false;
    bool destination = false;
    int error = look_at_end(flow->source, &source, &flow->kind);
    if (error == 0 && flow->destination >= 0)
        error = look_at_end(flow->destination, &destination, &flow->kind);
    if (error < 0)
        return error;
    flow->splices = source && destination;
    flow->fifo = destination && (fcntl(flow->destination, F_GETFL) & O_ACCMODE) == O_RDWR;
    flow->reads_destination = flow->fifo;
    return 0;
}

/* Its promise; -1 and an exception when the copier did not take it. */
static int hand_over(napi_env env, struct flow *flow, napi_value *promise) {
    napi_value name = make_text(env, "copy", NAPI_AUTO_LENGTH);
    int error = look_at_ends(flow);
    if (error < 0) {
        fail(env, -error, "fcntl", NULL);
        return -1;
    }
    if (name == NULL || napi_create_promise(env, &flow->deferred, promise) != napi_ok ||
        napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, flow, flow_settle,
                                        &flow->notify) != napi_ok) {
        fail(env, ENOMEM, "napi_create_threadsafe_function", NULL);
        return -1;
    }
    napi_threadsafe_function notify = flow->notify;
    error = copier_add(flow);
    if (error == 0)
        return 0;
    napi_release_threadsafe_function(notify, napi_tsfn_abort);
    fail(env, -error, "pthread_create", NULL);
    return -1;
}

/* On failure the ends are still the caller's. */
static napi_value copy_start(napi_env env, napi_callback_info info) {
    static uint32_t last_number;
    uint32_t kind = 0;
    struct flow *flow = calloc(1, sizeof *flow);
    if (flow == NULL)
        return fail(env, ENOMEM, "malloc", NULL);
    napi_value promise = NULL;
    uint32_t number = ++last_number;
    flow->number = number;
    if (!copy_start_arguments(env, info, &flow->source, &flow->destination, &kind)) {
        free(flow);
        return NULL;
    }
    flow->kind = kind & FLOW_INPUT;
    if (hand_over(env, flow, &promise) < 0) {
        free(flow);
        return NULL;
    }
    napi_value result = NULL;
    if (napi_create_object(env, &result) != napi_ok)
        return fail(env, ENOMEM, "object", NULL);
    set_property(env, result, "number", make_number(env, number));
    set_property(env, result, "ended", promise);
    return result;
}

static napi_value copy_say(napi_env env, napi_callback_info info) {
    uint32_t number = 0;
    uint32_t word = 0;
    if (!copy_say_arguments(env, info, &number, &word))
        return NULL;
    copier_say(number, word < FLOW_STOP ? (enum flow_word)word : FLOW_STOP);
    return make_undefined(env);
}

napi_status register_streams(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(widenPipe, widen_pipe), EXPORT(duplicate, duplicate_descriptor),
        EXPORT(unread, unread),        EXPORT(copyStart, copy_start),
        EXPORT(copySay, copy_say),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
