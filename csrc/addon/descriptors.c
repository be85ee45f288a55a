/* What one does with an open descriptor. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

int write_all(int descriptor, const void *data, size_t length) {
    const char *position = data;
    while (length > 0) {
        ssize_t count = write(descriptor, position, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        position += count;
        length -= (size_t)count;
    }
    return 0;
}

static int64_t milliseconds_now(void) {
    return monotonic_nanoseconds() / 1000000;
}

int wait_readable(int descriptor, int milliseconds) {
    struct pollfd item = {.fd = descriptor, .events = POLLIN};
    int64_t end = milliseconds > 0 ? milliseconds_now() + milliseconds : 0;
    for (;;) {
        int count = poll(&item, 1, milliseconds);
        if (count > 0)
            return (item.revents & POLLNVAL) != 0 ? -EBADF : 1;
        if (count == 0)
            return 0;
        if (errno != EINTR)
            return -errno;
        if (milliseconds > 0) {
            int64_t left = end - milliseconds_now();
            milliseconds = left > 0 ? (int)left : 0;
        }
    }
}

static napi_value close_descriptor(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    if (!close_arguments(env, info, &descriptor))
        return NULL;
    /* On Linux the descriptor is gone also after EINTR. */
    if (close(descriptor) < 0 && errno != EINTR)
        return fail(env, errno, "close", NULL);
    return make_undefined(env);
}

static napi_value write_descriptor(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    struct bytes data CLEANUP(bytes_release) = {.text.data = NULL};
    if (!write_arguments(env, info, &descriptor, &data))
        return NULL;
    int result = write_all(descriptor, data.data, data.length);
    if (result < 0)
        return fail(env, -result, "write", NULL);
    return make_undefined(env);
}

static napi_value read_descriptor(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    size_t maximum = 0;
    if (!read_arguments(env, info, &descriptor, &maximum))
        return NULL;
    /* Most ask for little, and memory that is taken and given back each time costs more than the reading. */
    char room[4096];
    char *larger CLEANUP(free_release) = maximum <= sizeof room ? NULL : malloc(maximum);
    if (maximum > sizeof room && larger == NULL)
        return fail(env, ENOMEM, "malloc", NULL);
    char *buffer = larger == NULL ? room : larger;
    ssize_t count;
    do
        count = read(descriptor, buffer, maximum);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return fail(env, errno, "read", NULL);
    return make_bytes(env, buffer, (size_t)count);
}

static napi_value lock_descriptor(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    bool block = false;
    if (!lock_arguments(env, info, &descriptor, &block))
        return NULL;
    int result;
    do
        result = flock(descriptor, block ? LOCK_EX : LOCK_EX | LOCK_NB);
    while (result < 0 && errno == EINTR);
    if (result == 0)
        return make_bool(env, true);
    if (errno == EWOULDBLOCK)
        return make_bool(env, false);
    return fail(env, errno, "flock", NULL);
}

/* Ours are close-on-exec from their birth on; what a caller hands on cannot be, or it had not come through
 * exec. */
static napi_value is_inherited(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    if (!is_inherited_arguments(env, info, &descriptor))
        return NULL;
    int flags = fcntl(descriptor, F_GETFD);
    if (flags < 0 && errno != EBADF)
        return fail(env, errno, "fcntl", NULL);
    return make_bool(env, flags >= 0 && (flags & FD_CLOEXEC) == 0);
}

napi_status register_descriptors(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(close, close_descriptor), EXPORT(write, write_descriptor),   EXPORT(read, read_descriptor),
        EXPORT(lock, lock_descriptor),   EXPORT(isInherited, is_inherited),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
