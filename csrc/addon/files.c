/* Whole files: one function, one system call or one short fixed sequence. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int open_again(const char *path, int flags, mode_t mode) {
    struct place place = place_of(path);
    int descriptor;
    do
        descriptor = openat(place.directory, place.name, flags | O_CLOEXEC, mode);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

void content_release(struct content *content) {
    if (content->data != content->room)
        free(content->data);
    content->data = NULL;
}

/* Twice the room, or at once what a file's size asks for: the size of proc and cgroup files is 0. */
static int more_room(int descriptor, struct content *content, size_t *room) {
    struct stat status;
    if (fstat(descriptor, &status) < 0)
        return -errno;
    size_t wanted = *room * 2;
    if (S_ISREG(status.st_mode) && (uintmax_t)status.st_size >= wanted)
        wanted = (size_t)status.st_size + 1;
    bool moves = content->data == content->room;
    char *larger = realloc(moves ? NULL : content->data, wanted);
    if (larger == NULL)
        return -ENOMEM;
    if (moves)
        memcpy(larger, content->room, content->length);
    content->data = larger;
    *room = wanted;
    return 0;
}

int read_to_end(int descriptor, size_t maximum, struct content *content) {
    size_t room = sizeof content->room;
    content->data = content->room;
    content->length = 0;
    for (;;) {
        size_t wanted = room - content->length;
        if (wanted > maximum - content->length)
            wanted = maximum - content->length + 1;
        ssize_t count = read(descriptor, content->data + content->length, wanted);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count == 0)
            return 0;
        content->length += (size_t)count;
        if (content->length > maximum)
            return -EFBIG;
        if (content->length == room) {
            int result = more_room(descriptor, content, &room);
            if (result < 0)
                return result;
        }
    }
}

/* False with an exception: the content is released all the same. */
static bool read_path(napi_env env, const char *path, size_t maximum, struct content *content) {
    content->data = NULL;
    int descriptor CLEANUP(close_release) = open_again(path, O_RDONLY | O_NOCTTY, 0);
    if (descriptor < 0) {
        fail(env, errno, "open", path);
        return false;
    }
    int result = read_to_end(descriptor, maximum, content);
    if (result < 0)
        fail(env, -result, "read", path);
    return result == 0;
}

typedef napi_value maker(napi_env env, const char *data, size_t length);

static napi_value read_whole(napi_env env, napi_callback_info info, maker *make) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    size_t maximum = 0;
    if (!read_file_arguments(env, info, &path, &maximum))
        return NULL;
    struct content content CLEANUP(content_release);
    if (!read_path(env, path.data, maximum, &content))
        return NULL;
    return make(env, content.data, content.length);
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

static napi_value read_hashed(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    struct text until CLEANUP(text_release) = {.data = NULL};
    size_t maximum = 0, from = 0;
    if (!read_hashed_arguments(env, info, &path, &maximum, &from, &until))
        return NULL;
    struct content content CLEANUP(content_release);
    if (!read_path(env, path.data, maximum, &content))
        return NULL;
    if (from > content.length)
        from = content.length;
    const uint64_t hash = hash_of(content.data + from, content.length - from);
    size_t wanted = content.length;
    const char *end = until.length == 0 ? NULL : memmem(content.data, wanted, until.data, until.length);
    if (end != NULL)
        wanted = (size_t)(end - content.data);
    enum { digits = 16 };
    /* A short file is on the stack already, mostly with room for the digits: nothing has to be mapped then.
     */
    bool fits = content.data == content.room && wanted < sizeof content.room - digits;
    char *hashed = fits ? content.room : malloc(digits + wanted + 1);
    if (hashed == NULL)
        return fail(env, ENOMEM, "read", path.data);
    memmove(hashed + digits, content.data, wanted);
    char text_of_hash[digits + 1];
    snprintf(text_of_hash, sizeof text_of_hash, "%016" PRIx64, hash);
    memcpy(hashed, text_of_hash, digits);
    napi_value text = make_text(env, hashed, digits + wanted);
    if (!fits)
        free(hashed);
    return text;
}

static napi_value write_file(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    struct bytes data CLEANUP(bytes_release) = {.text.data = NULL};
    if (!write_file_arguments(env, info, &path, &data))
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
    struct text path CLEANUP(text_release) = {.data = NULL};
    struct bytes data CLEANUP(bytes_release) = {.text.data = NULL};
    uint32_t mode = 0;
    bool sync = false;
    if (!create_file_arguments(env, info, &path, &data, &mode, &sync))
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
    struct place place = place_of(path.data);
    unlinkat(place.directory, place.name, 0);
    return fail(env, -result, syscall, path.data);
}

/* Flags come by their numbers on x86-64 (src/host/open-flags.ts); on aarch64 two of them have others. */
static int own_flags(int flags) {
    static const int directory = 0200000, no_follow = 0400000;
    return (flags & ~(directory | no_follow)) | (flags & directory ? O_DIRECTORY : 0) |
           (flags & no_follow ? O_NOFOLLOW : 0);
}

static napi_value open_file(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    int flags = 0;
    uint32_t mode = 0;
    if (!open_arguments(env, info, &path, &flags, &mode))
        return NULL;
    int descriptor = open_again(path.data, own_flags(flags) | O_NOCTTY, (mode_t)mode);
    if (descriptor < 0)
        return fail(env, errno, "open", path.data);
    return make_number(env, descriptor);
}

napi_status register_files(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(readFile, read_file),   EXPORT(readText, read_text),     EXPORT(readHashed, read_hashed),
        EXPORT(writeFile, write_file), EXPORT(createFile, create_file), EXPORT(open, open_file),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
