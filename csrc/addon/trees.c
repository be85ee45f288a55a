/*
 * Trees of directories that others fill, as a container fills its cgroup: names are bytes, and paths may be
 * longer than any call takes. So they are walked by descriptors, one level open at a time, and nothing but
 * what the files say comes up.
 */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* The directories in one, as names that end with NUL each, and which directory that is. */
struct level {
    dev_t device;
    ino_t inode;
    char *names;
    size_t length;
    size_t at;
};

struct walk {
    int here;
    struct level *levels;
    size_t depth;
    size_t room;
};

struct visitor {
    /* At anything in a directory that is none itself. */
    int (*file)(int directory, const char *name, void *own);
    /* At a directory, before those in it: 0 or -errno. */
    int (*enter)(int directory, void *own);
    /* Back in the directory that holds `name`, after everything below that. */
    int (*leave)(int directory, const char *name, void *own);
    void *own;
};

static void walk_release(struct walk *walk) {
    while (walk->depth > 0)
        free(walk->levels[--walk->depth].names);
    free(walk->levels);
    close_release(&walk->here);
}

static int add_name(struct level *level, size_t *room, const char *name) {
    size_t size = strlen(name) + 1;
    if (level->length + size > *room) {
        size_t wanted = (level->length + size) * 2;
        char *larger = realloc(level->names, wanted);
        if (larger == NULL)
            return -ENOMEM;
        level->names = larger;
        *room = wanted;
    }
    memcpy(level->names + level->length, name, size);
    level->length += size;
    return 0;
}

/* Some filesystems do not tell the kind along with the name. */
static bool is_subdirectory(DIR *directory, const struct dirent *entry) {
    struct stat status;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
}

static int list_directories(int here, struct level *level, const struct visitor *visitor) {
    size_t room = 0;
    int again = openat(here, ".", DIRECTORY);
    DIR *directory CLEANUP(directory_release) = again < 0 ? NULL : fdopendir(again);
    if (directory == NULL) {
        int error = -errno;
        close_release(&again);
        return error;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            return -errno;
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        int error = is_subdirectory(directory, entry) ? add_name(level, &room, name)
                    : visitor->file == NULL           ? 0
                                                      : visitor->file(here, name, visitor->own);
        if (error < 0)
            return error;
    }
}

/* Goes on at `directory`, which becomes the walk's own. What disappeared meanwhile has nothing in it. */
static int arrive(struct walk *walk, int directory, const struct visitor *visitor) {
    close_release(&walk->here);
    walk->here = directory;
    if (walk->depth == walk->room) {
        size_t room = walk->room * 2 + 16;
        struct level *larger = realloc(walk->levels, room * sizeof *larger);
        if (larger == NULL)
            return -ENOMEM;
        walk->levels = larger;
        walk->room = room;
    }
    struct stat status;
    if (fstat(directory, &status) < 0)
        return -errno;
    struct level *level = &walk->levels[walk->depth++];
    *level = (struct level){.device = status.st_dev, .inode = status.st_ino};
    int result = visitor->enter == NULL ? 0 : visitor->enter(directory, visitor->own);
    if (result == 0)
        result = list_directories(directory, level, visitor);
    return result == -ENOENT || result == -ENODEV ? 0 : result;
}

static int back(struct walk *walk, const struct visitor *visitor) {
    free(walk->levels[--walk->depth].names);
    if (walk->depth == 0)
        return 0;
    struct stat status;
    int parent = openat(walk->here, "..", DIRECTORY);
    if (parent < 0)
        return -errno;
    close_release(&walk->here);
    walk->here = parent;
    struct level *level = &walk->levels[walk->depth - 1];
    /* Nobody can move a cgroup to another place; another directory may have any parent by now. */
    if (fstat(parent, &status) < 0 || status.st_dev != level->device || status.st_ino != level->inode)
        return -ESTALE;
    const char *name = level->names + level->at;
    level->at += strlen(name) + 1;
    return visitor->leave == NULL ? 0 : visitor->leave(parent, name, visitor->own);
}

/* Visits the directory at `path` and everything below it, links left out. */
static int walk_tree(const char *path, const struct visitor *visitor) {
    struct walk walk CLEANUP(walk_release) = {.here = -1};
    int root = open_again(path, DIRECTORY, 0);
    int result = root < 0 ? -errno : arrive(&walk, root, visitor);
    while (result == 0 && walk.depth > 0) {
        struct level *level = &walk.levels[walk.depth - 1];
        if (level->at == level->length) {
            result = back(&walk, visitor);
            continue;
        }
        const char *name = level->names + level->at;
        int child = openat(walk.here, name, DIRECTORY);
        if (child >= 0)
            result = arrive(&walk, child, visitor);
        else if (errno == ENOENT || errno == ENODEV)
            level->at += strlen(name) + 1;
        else
            result = -errno;
    }
    return result;
}

/* The first failure is the one to tell; the rest goes as far as it can. */
static int note_first(int result, int *first) {
    if (result < 0 && errno != ENOENT && *first == 0)
        *first = -errno;
    return 0;
}

static int remove_one(int directory, const char *name, void *own) {
    return note_first(unlinkat(directory, name, AT_REMOVEDIR), own);
}

static int remove_file(int directory, const char *name, void *own) {
    return note_first(unlinkat(directory, name, 0), own);
}

static napi_value remove_below(napi_env env, const char *path, int (*file)(int, const char *, void *)) {
    int first = 0;
    const struct visitor visitor = {.file = file, .leave = remove_one, .own = &first};
    int result = walk_tree(path, &visitor);
    if (result == 0)
        result = first == 0 && rmdir(path) < 0 ? -errno : first;
    return result < 0 ? fail(env, -result, "rmdir", path) : make_undefined(env);
}

static napi_value remove_all(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    return remove_all_arguments(env, info, &path) ? remove_below(env, path.data, remove_file) : NULL;
}

static napi_value remove_tree(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    if (!remove_tree_arguments(env, info, &path))
        return NULL;
    if (rmdir(path.data) == 0)
        return make_undefined(env);
    if (errno != EBUSY && errno != ENOTEMPTY)
        return fail(env, errno, "rmdir", path.data);
    return remove_below(env, path.data, NULL);
}

/* ---- reading and writing one file of each directory ---- */

struct reading {
    napi_env env;
    const struct strings *names;
    size_t maximum;
    napi_value found;
    uint32_t count;
};

static bool absent(int error) {
    return error == ENOENT || error == ENODEV || error == EOPNOTSUPP;
}

static bool add_text(struct reading *reading, const char *name, const char *data, size_t length) {
    napi_env env = reading->env;
    napi_value entry = NULL;
    if (napi_create_object(env, &entry) != napi_ok)
        return false;
    set_property(env, entry, "name", make_text(env, name, NAPI_AUTO_LENGTH));
    set_property(env, entry, "text", make_text(env, data, length));
    return napi_set_element(env, reading->found, reading->count++, entry) == napi_ok;
}

static int read_first(int directory, void *own) {
    struct reading *reading = own;
    for (uint32_t i = 0; i < reading->names->count; i++) {
        const char *name = reading->names->items[i];
        int file CLEANUP(close_release) =
            openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
        if (file < 0 && absent(errno))
            continue;
        if (file < 0)
            return -errno;
        struct content content CLEANUP(content_release);
        int result = read_to_end(file, reading->maximum, &content);
        if (result < 0 && absent(-result))
            continue;
        if (result < 0)
            return result;
        return add_text(reading, name, content.data, content.length) ? 0 : -ENOMEM;
    }
    return 0;
}

static napi_value read_tree(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    struct strings names CLEANUP(strings_release) = {.items = NULL};
    struct reading reading = {.env = env, .names = &names};
    if (!read_tree_arguments(env, info, &path, &names, &reading.maximum))
        return NULL;
    if (napi_create_array(env, &reading.found) != napi_ok)
        return fail(env, ENOMEM, "array", NULL);
    const struct visitor visitor = {.enter = read_first, .own = &reading};
    int result = walk_tree(path.data, &visitor);
    return result < 0 ? fail(env, -result, "read", path.data) : reading.found;
}

struct writing {
    const char *name;
    const struct bytes *data;
};

static int write_one(int directory, void *own) {
    const struct writing *writing = own;
    int file CLEANUP(close_release) =
        openat(directory, writing->name, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    if (file < 0)
        return absent(errno) ? 0 : -errno;
    ssize_t count;
    do
        count = write(file, writing->data->data, writing->data->length);
    while (count < 0 && errno == EINTR);
    return count < 0 && !absent(errno) ? -errno : 0;
}

static napi_value write_tree(napi_env env, napi_callback_info info) {
    struct text path CLEANUP(text_release) = {.data = NULL};
    struct text name CLEANUP(text_release) = {.data = NULL};
    struct bytes data CLEANUP(bytes_release) = {.text.data = NULL};
    if (!write_tree_arguments(env, info, &path, &name, &data))
        return NULL;
    struct writing writing = {.name = name.data, .data = &data};
    const struct visitor visitor = {.enter = write_one, .own = &writing};
    int result = walk_tree(path.data, &visitor);
    return result < 0 ? fail(env, -result, "write", path.data) : make_undefined(env);
}

napi_status register_trees(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(removeTree, remove_tree),
        EXPORT(removeAll, remove_all),
        EXPORT(readTree, read_tree),
        EXPORT(writeTree, write_tree),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
