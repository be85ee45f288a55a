/* Directories: make, remove, list. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static napi_value make_directory(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    uint32_t mode = 0;
    if (!make_directory_arguments(env, info, &path, &mode))
        return NULL;
    struct place place = place_of(path.data);
    if (mkdirat(place.directory, place.name, (mode_t)mode) < 0)
        return fail(env, errno, "mkdir", path.data);
    return make_undefined(env);
}

static napi_value remove_directory(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!remove_directory_arguments(env, info, &path))
        return NULL;
    struct place place = place_of(path.data);
    if (unlinkat(place.directory, place.name, AT_REMOVEDIR) < 0)
        return fail(env, errno, "rmdir", path.data);
    return make_undefined(env);
}

void directory_release(DIR **directory) {
    if (*directory != NULL)
        closedir(*directory);
}

static napi_value read_directory(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!read_directory_arguments(env, info, &path))
        return NULL;
    int descriptor CLEANUP(close_release) = open_to_list(path.data);
    DIR *directory CLEANUP(directory_release) = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (directory == NULL)
        return fail(env, errno, "opendir", path.data);
    descriptor = -1; /* the directory's now */
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
        EXPORT(makeDirectory, make_directory),
        EXPORT(removeDirectory, remove_directory),
        EXPORT(readDirectory, read_directory),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
