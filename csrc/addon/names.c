/* Names, and what is known of that which has one: one function, one system call. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What follows /proc/self/fd/N, or NULL for another name. */
static const char *after_descriptor(const char *path, int *descriptor) {
    static const char descriptors[] = "/proc/self/fd/";
    const char *digits = path + sizeof descriptors - 1;
    if (strncmp(path, descriptors, sizeof descriptors - 1) != 0 || *digits < '0' || *digits > '9')
        return NULL;
    char *end = NULL;
    unsigned long number = strtoul(digits, &end, 10);
    *descriptor = (int)number;
    return number <= INT_MAX ? end : NULL;
}

struct place place_of(const char *path) {
    struct place place = {AT_FDCWD, path};
    int descriptor = -1;
    const char *rest = after_descriptor(path, &descriptor);
    /* The name itself stays: opened, it is another descriptor of its own. */
    if (rest != NULL && rest[0] == '/' && rest[1] != '/' && rest[1] != '\0')
        place = (struct place){descriptor, rest + 1};
    return place;
}

int open_to_list(const char *path) {
    static const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int descriptor = -1;
    const char *rest = after_descriptor(path, &descriptor);
    return rest != NULL && rest[0] == '\0' ? openat(descriptor, ".", flags) : open_again(path, flags, 0);
}

/* stat(2) or lstat(2); what a descriptor stands for is asked of the descriptor. */
static int status_of(const char *path, bool follow, struct stat *status) {
    int descriptor = -1;
    const char *rest = after_descriptor(path, &descriptor);
    if (follow && rest != NULL && rest[0] == '\0')
        return fstat(descriptor, status);
    struct place place = place_of(path);
    return fstatat(place.directory, place.name, status, follow ? 0 : AT_SYMLINK_NOFOLLOW);
}

static napi_value unlink_file(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!unlink_arguments(env, info, &path))
        return NULL;
    struct place place = place_of(path.data);
    if (unlinkat(place.directory, place.name, 0) < 0)
        return fail(env, errno, "unlink", path.data);
    return make_undefined(env);
}

static napi_value rename_file(napi_env env, napi_callback_info info) {
    struct text from CLEANUP(text_release) = {.data = NULL};
    struct text to CLEANUP(text_release) = {.data = NULL};
    if (!rename_arguments(env, info, &from, &to))
        return NULL;
    struct place source = place_of(from.data);
    struct place target = place_of(to.data);
    if (renameat(source.directory, source.name, target.directory, target.name) < 0)
        return fail(env, errno, "rename", from.data);
    return make_undefined(env);
}

static napi_value change_mode(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    uint32_t mode = 0;
    if (!chmod_arguments(env, info, &path, &mode))
        return NULL;
    if (chmod(path.data, (mode_t)mode) < 0)
        return fail(env, errno, "chmod", path.data);
    return make_undefined(env);
}

static napi_value change_owner(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    uint32_t uid = 0;
    uint32_t gid = 0;
    if (!chown_arguments(env, info, &path, &uid, &gid))
        return NULL;
    if (chown(path.data, uid, gid) < 0)
        return fail(env, errno, "chown", path.data);
    return make_undefined(env);
}

static napi_value read_link(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!read_link_arguments(env, info, &path))
        return NULL;
    /* No link of Linux is longer than PATH_MAX, magic ones in /proc included. */
    char target[PATH_MAX + 1];
    ssize_t length = readlink(path.data, target, sizeof target);
    if (length < 0)
        return fail(env, errno, "readlink", path.data);
    if ((size_t)length == sizeof target)
        return fail(env, ENAMETOOLONG, "readlink", path.data);
    return make_text(env, target, (size_t)length);
}

static napi_value real_path(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!real_path_arguments(env, info, &path))
        return NULL;
    char *resolved CLEANUP(free_release) = realpath(path.data, NULL);
    if (resolved == NULL)
        return fail(env, errno, "realpath", path.data);
    return make_text(env, resolved, NAPI_AUTO_LENGTH);
}

static napi_value working_directory(napi_env env, napi_callback_info info) {
    (void)info;
    char *path CLEANUP(free_release) = getcwd(NULL, 0);
    if (path == NULL)
        return fail(env, errno, "getcwd", NULL);
    return make_text(env, path, NAPI_AUTO_LENGTH);
}

static napi_value file_status(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    bool follow = false;
    if (!status_arguments(env, info, &path, &follow))
        return NULL;
    struct stat status;
    if (status_of(path.data, follow, &status) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return make_undefined(env);
        return fail(env, errno, follow ? "stat" : "lstat", path.data);
    }
    napi_value object = NULL;
    if (napi_create_object(env, &object) != napi_ok)
        return fail(env, ENOMEM, "object", NULL);
    set_property(env, object, "mode", make_number(env, status.st_mode));
    set_property(env, object, "uid", make_number(env, status.st_uid));
    set_property(env, object, "gid", make_number(env, status.st_gid));
    set_property(env, object, "size", make_number(env, (double)status.st_size));
    set_property(env, object, "major", make_number(env, major(status.st_rdev)));
    set_property(env, object, "minor", make_number(env, minor(status.st_rdev)));
    set_property(env, object, "dev", make_number(env, (double)status.st_dev));
    set_property(env, object, "ino", make_number(env, (double)status.st_ino));
    return object;
}

static napi_value is_there(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!is_there_arguments(env, info, &path))
        return NULL;
    struct stat status;
    if (status_of(path.data, false, &status) == 0)
        return make_bool(env, true);
    if (errno == ENOENT || errno == ENOTDIR)
        return make_bool(env, false);
    return fail(env, errno, "lstat", path.data);
}

static napi_value file_system_type(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!file_system_type_arguments(env, info, &path))
        return NULL;
    struct statfs status;
    int result;
    do
        result = statfs(path.data, &status);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        return fail(env, errno, "statfs", path.data);
    return make_number(env, (uint32_t)status.f_type);
}

napi_status register_names(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(unlink, unlink_file),
        EXPORT(rename, rename_file),
        EXPORT(chmod, change_mode),
        EXPORT(chown, change_owner),
        EXPORT(readLink, read_link),
        EXPORT(realPath, real_path),
        EXPORT(workingDirectory, working_directory),
        EXPORT(status, file_status),
        EXPORT(isThere, is_there),
        EXPORT(fileSystemType, file_system_type),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
