#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/sys.h"

/** The name in the open directory. */
static int last_name(struct ctx *ctx, const char *path, char name[NAME_MAX + 1]) {
    const char *last = inside_last(path);
    if (last == NULL || strlen(last) > NAME_MAX)
        return fail(ctx, last == NULL ? -EINVAL : -ENAMETOOLONG, "\"", path,
                    "\" names nothing in a directory");
    strcpy(name, last);
    return 0;
}

int place_parent(struct ctx *ctx, struct place place, char name[NAME_MAX + 1], int *opened) {
    if (place.directory != WIRE_NO_SLOT) {
        int error = last_name(ctx, place.path, name);
        return error < 0 ? error : slot_get(ctx, place.directory);
    }
    int root = slot_get(ctx, place.root);
    if (root < 0)
        return root;
    *opened = inside_parent(ctx, root, place.path, name);
    return *opened;
}

int place_target(struct ctx *ctx, struct place place, enum inside_kind kind, uint64_t resolve, bool *made) {
    char name[NAME_MAX + 1];
    int opened = -1;
    if (place.directory == WIRE_NO_SLOT) {
        int root = slot_get(ctx, place.root);
        const struct inside_wish wish = {kind, resolve, place.no_follow};
        return root < 0 ? root : inside_target(ctx, root, place.path, wish, made);
    }
    int directory = place_parent(ctx, place, name, &opened);
    if (directory < 0)
        return directory;
    *made = mkdirat(directory, name, 0755) == 0;
    if (!*made && errno != EEXIST)
        return fail(ctx, -errno, "making \"", place.path, "\"");
    int target = sys_openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    return target < 0 ? fail(ctx, target, "opening \"", place.path, "\"") : target;
}
