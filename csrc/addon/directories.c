/* Directories: make, remove, list. */
#include "addon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

static void directory_release(DIR **directory) {
    if (*directory != NULL)
        closedir(*directory);
}

/** Some filesystems do not tell the kind along with the name. */
static bool is_directory(DIR *directory, const struct dirent *entry) {
    struct stat status;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
}

/** The names in a directory, or of the directories in it alone. */
static napi_value list_directory(napi_env env, napi_callback_info info, bool only_directories) {
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
        if (only_directories && !is_directory(directory, entry))
            continue;
        napi_value name = make_text(env, entry->d_name, NAPI_AUTO_LENGTH);
        if (name == NULL || napi_set_element(env, names, count++, name) != napi_ok)
            return NULL;
    }
    if (errno != 0)
        return fail(env, errno, "readdir", path.data);
    return names;
}

static napi_value read_directory(napi_env env, napi_callback_info info) {
    return list_directory(env, info, false);
}

static napi_value read_subdirectories(napi_env env, napi_callback_info info) {
    return list_directory(env, info, true);
}

napi_status register_directories(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT("makeDirectory", make_directory),
        EXPORT("removeDirectory", remove_directory),
        EXPORT("readDirectory", read_directory),
        EXPORT("readSubdirectories", read_subdirectories),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
