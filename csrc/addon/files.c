/* Whole files: one function, one system call or one short fixed sequence. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int open_again(const char *path, int flags, mode_t mode) {
    int descriptor;
    do
        descriptor = openat(AT_FDCWD, path, flags | O_CLOEXEC, mode);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

int read_to_end(int descriptor, size_t maximum, char **data, size_t *length) {
    struct stat status;
    if (fstat(descriptor, &status) < 0)
        return -errno;
    size_t room = 4096;
    if (S_ISREG(status.st_mode) && status.st_size > 0) {
        if ((uintmax_t)status.st_size > maximum)
            return -EFBIG;
        room = (size_t)status.st_size + 1;
    }
    size_t used = 0;
    char *buffer = NULL;
    for (;;) {
        char *larger = realloc(buffer, room);
        if (larger == NULL) {
            free(buffer);
            return -ENOMEM;
        }
        buffer = larger;
        ssize_t count = read(descriptor, buffer + used, room - used);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            int error = -errno;
            free(buffer);
            return error;
        }
        if (count == 0)
            break;
        used += (size_t)count;
        if (used > maximum) {
            free(buffer);
            return -EFBIG;
        }
        if (used == room)
            room = room * 2;
    }
    *data = buffer;
    *length = used;
    return 0;
}

typedef napi_value maker(napi_env env, const char *data, size_t length);

static napi_value read_whole(napi_env env, napi_callback_info info, maker *make) {
    napi_value arguments[2];
    struct text path CLEANUP(text_release) = {.data = NULL};
    size_t maximum = 0;
    if (!take_arguments(env, info, 2, arguments) || !take_text(env, arguments[0], &path) ||
        !take_size(env, arguments[1], &maximum))
        return NULL;
    int descriptor CLEANUP(close_release) = open_again(path.data, O_RDONLY | O_NOCTTY, 0);
    if (descriptor < 0)
        return fail(env, errno, "open", path.data);
    char *data CLEANUP(free_release) = NULL;
    size_t length = 0;
    int result = read_to_end(descriptor, maximum, &data, &length);
    if (result < 0)
        return fail(env, -result, "read", path.data);
    return make(env, data, length);
}

static napi_value make_plain_bytes(napi_env env, const char *data, size_t length) {
    return make_bytes(env, data, length);
}

static napi_value read_file(napi_env env, napi_callback_info info) {
    return read_whole(env, info, make_plain_bytes);
}

static napi_value read_text(napi_env env, napi_callback_info info) {
    return read_whole(env, info, make_text);
}

static napi_value write_file(napi_env env, napi_callback_info info) {
    napi_value arguments[2];
    struct text path CLEANUP(text_release) = {.data = NULL};
    struct bytes data CLEANUP(bytes_release) = {.text.data = NULL};
    if (!take_arguments(env, info, 2, arguments) || !take_text(env, arguments[0], &path) ||
        !take_bytes(env, arguments[1], &data))
        return NULL;
    int descriptor CLEANUP(close_release) = open_again(path.data, O_WRONLY | O_NOCTTY, 0);
    if (descriptor < 0)
        return fail(env, errno, "open", path.data);
    ssize_t count;
    do
        count = write(descriptor, data.data, data.length);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return fail(env, errno, "write", path.data);
    /* The kernel takes what is written to such a file as one command: half of it is another command. */
    if ((size_t)count != data.length)
        return fail(env, EIO, "write", path.data);
    return make_undefined(env);
}

static int write_and_sync(int descriptor, const struct bytes *data, bool sync, const char **syscall) {
    *syscall = "write";
    int result = write_all(descriptor, data->data, data->length);
    if (result < 0 || !sync)
        return result;
    *syscall = "fsync";
    return fsync(descriptor) < 0 ? -errno : 0;
}

static napi_value create_file(napi_env env, napi_callback_info info) {
    napi_value arguments[4];
    struct text path CLEANUP(text_release) = {.data = NULL};
    struct bytes data CLEANUP(bytes_release) = {.text.data = NULL};
    uint32_t mode = 0;
    bool sync = false;
    if (!take_arguments(env, info, 4, arguments) || !take_text(env, arguments[0], &path) ||
        !take_bytes(env, arguments[1], &data) || !take_uint(env, arguments[2], &mode) ||
        !take_bool(env, arguments[3], &sync))
        return NULL;
    int descriptor = open_again(path.data, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY, (mode_t)mode);
    if (descriptor < 0)
        return fail(env, errno, "open", path.data);
    const char *syscall = "write";
    int result = write_and_sync(descriptor, &data, sync, &syscall);
    /* A network file system tells of a failed write as late as here. */
    if (close(descriptor) < 0 && result == 0 && errno != EINTR) {
        syscall = "close";
        result = -errno;
    }
    if (result == 0)
        return make_undefined(env);
    unlink(path.data);
    return fail(env, -result, syscall, path.data);
}

/* Flags come by their numbers on x86-64 (src/host/open-flags.ts); on aarch64 two of them have others. */
static int own_flags(int flags) {
    static const int directory = 0200000, no_follow = 0400000;
    return (flags & ~(directory | no_follow)) | (flags & directory ? O_DIRECTORY : 0) |
           (flags & no_follow ? O_NOFOLLOW : 0);
}

static napi_value open_file(napi_env env, napi_callback_info info) {
    napi_value arguments[3];
    struct text path CLEANUP(text_release) = {.data = NULL};
    int flags = 0;
    uint32_t mode = 0;
    if (!take_arguments(env, info, 3, arguments) || !take_text(env, arguments[0], &path) ||
        !take_int(env, arguments[1], &flags) || !take_uint(env, arguments[2], &mode))
        return NULL;
    int descriptor = open_again(path.data, own_flags(flags) | O_NOCTTY, (mode_t)mode);
    if (descriptor < 0)
        return fail(env, errno, "open", path.data);
    return make_number(env, descriptor);
}

napi_status register_files(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT("readFile", read_file),     EXPORT("readText", read_text), EXPORT("writeFile", write_file),
        EXPORT("createFile", create_file), EXPORT("open", open_file),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
