/* Directories: make, remove, list. */
#include "addon.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static napi_value make_directory(napi_env env, napi_callback_info info) {
    napi_value arguments[2];
    struct text path CLEANUP(text_release) = {.data = NULL};
    uint32_t mode = 0;
    if (!take_arguments(env, info, 2, arguments) || !take_text(env, arguments[0], &path) ||
        !take_uint(env, arguments[1], &mode))
        return NULL;
    if (mkdir(path.data, (mode_t)mode) < 0)
        return fail(env, errno, "mkdir", path.data);
    return make_undefined(env);
}

static napi_value remove_directory(napi_env env, napi_callback_info info) {
    napi_value arguments[1];
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!take_arguments(env, info, 1, arguments) || !take_text(env, arguments[0], &path))
        return NULL;
    if (rmdir(path.data) < 0)
        return fail(env, errno, "rmdir", path.data);
    return make_undefined(env);
}

void directory_release(DIR **directory) {
    if (*directory != NULL)
        closedir(*directory);
}

static napi_value read_directory(napi_env env, napi_callback_info info) {
    napi_value arguments[1];
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!take_arguments(env, info, 1, arguments) || !take_text(env, arguments[0], &path))
        return NULL;
    DIR *directory CLEANUP(directory_release) = opendir(path.data);
    if (directory == NULL)
        return fail(env, errno, "opendir", path.data);
    napi_value names = NULL;
    if (napi_create_array(env, &names) != napi_ok)
        return fail(env, ENOMEM, "array", NULL);
    uint32_t count = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        napi_value name = make_text(env, entry->d_name, NAPI_AUTO_LENGTH);
        if (name == NULL || napi_set_element(env, names, count++, name) != napi_ok)
            return NULL;
    }
    if (errno != 0)
        return fail(env, errno, "readdir", path.data);
    return names;
}

napi_status register_directories(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT("makeDirectory", make_directory),
        EXPORT("removeDirectory", remove_directory),
        EXPORT("readDirectory", read_directory),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
