/* Names, and what is known of that which has one: one function, one system call. */
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

static napi_value unlink_file(napi_env env, napi_callback_info info) {
    napi_value arguments[1];
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!take_arguments(env, info, 1, arguments) || !take_text(env, arguments[0], &path))
        return NULL;
    if (unlink(path.data) < 0)
        return fail(env, errno, "unlink", path.data);
    return make_undefined(env);
}

static napi_value rename_file(napi_env env, napi_callback_info info) {
    napi_value arguments[2];
    struct text from CLEANUP(text_release) = {.data = NULL};
    struct text to CLEANUP(text_release) = {.data = NULL};
    if (!take_arguments(env, info, 2, arguments) || !take_text(env, arguments[0], &from) ||
        !take_text(env, arguments[1], &to))
        return NULL;
    if (rename(from.data, to.data) < 0)
        return fail(env, errno, "rename", from.data);
    return make_undefined(env);
}

static napi_value change_mode(napi_env env, napi_callback_info info) {
    napi_value arguments[2];
    struct text path CLEANUP(text_release) = {.data = NULL};
    uint32_t mode = 0;
    if (!take_arguments(env, info, 2, arguments) || !take_text(env, arguments[0], &path) ||
        !take_uint(env, arguments[1], &mode))
        return NULL;
    if (chmod(path.data, (mode_t)mode) < 0)
        return fail(env, errno, "chmod", path.data);
    return make_undefined(env);
}

static napi_value change_owner(napi_env env, napi_callback_info info) {
    napi_value arguments[3];
    struct text path CLEANUP(text_release) = {.data = NULL};
    uint32_t uid = 0;
    uint32_t gid = 0;
    if (!take_arguments(env, info, 3, arguments) || !take_text(env, arguments[0], &path) ||
        !take_uint(env, arguments[1], &uid) || !take_uint(env, arguments[2], &gid))
        return NULL;
    if (chown(path.data, uid, gid) < 0)
        return fail(env, errno, "chown", path.data);
    return make_undefined(env);
}

static napi_value read_link(napi_env env, napi_callback_info info) {
    napi_value arguments[1];
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!take_arguments(env, info, 1, arguments) || !take_text(env, arguments[0], &path))
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
    napi_value arguments[1];
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!take_arguments(env, info, 1, arguments) || !take_text(env, arguments[0], &path))
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
    napi_value arguments[2];
    struct text path CLEANUP(text_release) = {.data = NULL};
    bool follow = false;
    if (!take_arguments(env, info, 2, arguments) || !take_text(env, arguments[0], &path) ||
        !take_bool(env, arguments[1], &follow))
        return NULL;
    struct stat status;
    if ((follow ? stat(path.data, &status) : lstat(path.data, &status)) < 0) {
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

static napi_value file_system_type(napi_env env, napi_callback_info info) {
    napi_value arguments[1];
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!take_arguments(env, info, 1, arguments) || !take_text(env, arguments[0], &path))
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
        EXPORT("unlink", unlink_file),
        EXPORT("rename", rename_file),
        EXPORT("chmod", change_mode),
        EXPORT("chown", change_owner),
        EXPORT("readLink", read_link),
        EXPORT("realPath", real_path),
        EXPORT("workingDirectory", working_directory),
        EXPORT("status", file_status),
        EXPORT("fileSystemType", file_system_type),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
