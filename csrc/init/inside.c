#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/fd.h"
#include "kernel/sys.h"

/** As many as the kernel follows. */
#define MAX_LINKS 40
/** How often a component that others make and remove at the same time is tried again. */
#define MAX_RACES 16

/** A walk that makes what is missing. `done` has neither links nor "..", so that ".." can cut it. */
struct walk {
    int root;
    int here;
    int links;
    bool follow;
    const char *rest;
    char name[NAME_MAX + 1];
    char done[PATH_MAX];
    char pending[2][PATH_MAX];
};

static void walk_cleanup(const struct walk *walk) {
    fd_cleanup(&walk->here);
}

int inside_open(int root, const char *path, int flags, uint64_t resolve) {
    return sys_openat2(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
}

/** Makes `directory` the place where the walk stands. */
static void arrive(struct walk *walk, int directory) {
    fd_cleanup(&walk->here);
    walk->here = directory;
}

/** Stands at `done` again. */
static int reopen(struct walk *walk) {
    int directory = inside_open(walk->root, walk->done, O_PATH | O_DIRECTORY, 0);
    if (directory < 0)
        return directory;
    arrive(walk, directory);
    return 0;
}

static int begin(struct walk *walk, int root, const char *path, bool follow) {
    walk->root = root;
    walk->here = -1;
    walk->links = 0;
    walk->follow = follow;
    walk->rest = path;
    strcpy(walk->done, "/");
    return reopen(walk);
}

/** Takes the next component into `name`: 1, or 0 at the end. */
static int next_name(struct walk *walk) {
    size_t skipped = strspn(walk->rest, "/");
    size_t length = strcspn(walk->rest + skipped, "/");
    if (length > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(walk->name, walk->rest + skipped, length);
    walk->name[length] = '\0';
    walk->rest += skipped + length;
    return length > 0;
}

static bool at_last(const struct walk *walk) {
    return walk->rest[strspn(walk->rest, "/")] == '\0';
}

static int up(struct walk *walk) {
    char *slash = strrchr(walk->done, '/');
    slash[slash == walk->done ? 1 : 0] = '\0';
    return reopen(walk);
}

static int down(struct walk *walk, int directory) {
    size_t length = strlen(walk->done);
    size_t added = strlen(walk->name);
    arrive(walk, directory);
    if (length + added + 2 > sizeof(walk->done))
        return -ENAMETOOLONG;
    if (length > 1)
        walk->done[length++] = '/';
    memcpy(walk->done + length, walk->name, added + 1);
    return 0;
}

/** Puts a symbolic link's target in front of what is left to walk. -EINVAL when `name` is no link. */
static int expand(struct walk *walk) {
    char link[PATH_MAX];
    int length = fd_readlink(walk->here, walk->name, link, sizeof(link));
    if (length < 0)
        return length;
    if (!walk->follow || ++walk->links > MAX_LINKS)
        return -ELOOP;
    char *next = walk->pending[walk->links % 2];
    size_t rest = strlen(walk->rest);
    if ((size_t)length + 1 + rest + 1 > PATH_MAX)
        return -ENAMETOOLONG;
    // `rest` points into the other one, or into the plan.
    memcpy(next, link, (size_t)length);
    next[length] = '/';
    memcpy(next + length + 1, walk->rest, rest + 1);
    walk->rest = next;
    if (link[0] != '/')
        return 0;
    strcpy(walk->done, "/");
    return reopen(walk);
}

/** Goes into the directory `name`, which is made when there is none. */
static int enter(struct walk *walk) {
    int error = -ENOENT;
    for (int race = 0; race < MAX_RACES && error == -ENOENT; race++) {
        int directory = sys_openat(walk->here, walk->name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
        if (directory >= 0)
            return down(walk, directory);
        error = directory;
        if (error == -ENOENT && mkdirat(walk->here, walk->name, 0755) < 0 && errno != EEXIST)
            return -errno;
    }
    if (error != -ENOTDIR)
        return error;
    int expanded = expand(walk);
    return expanded == -EINVAL ? -ENOTDIR : expanded;
}

const char *inside_last(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    return *name == '\0' || text_equal(name, ".") || text_equal(name, "..") ? NULL : name;
}

/**
 * Makes what `path` names when all but the last component is there, as it most often is. Any error leaves it
 * to the walk, which knows of links.
 */
static int make_last(int root, const char *path, enum inside_kind kind, uint64_t resolve) {
    char above[PATH_MAX];
    const char *name = inside_last(path);
    size_t length = name == NULL ? 0 : (size_t)(name - path);
    if (length == 0 || length >= sizeof(above))
        return -EINVAL;
    memcpy(above, path, length);
    above[length] = '\0';
    scope_fd directory = inside_open(root, above, O_PATH | O_DIRECTORY, resolve);
    if (directory < 0)
        return directory;
    if (kind == INSIDE_DIRECTORY)
        return mkdirat(directory, name, 0755) < 0 ? -errno : 0;
    scope_fd file = sys_openat(directory, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
    return file < 0 ? file : 0;
}

/** Makes the file `name`; one that is there is fine, a link goes on. */
static int make_file(struct walk *walk) {
    int file = sys_openat(walk->here, walk->name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
    if (file >= 0) {
        close(file);
        return 0;
    }
    if (file != -EEXIST)
        return file;
    int expanded = expand(walk);
    return expanded == -EINVAL ? 0 : expanded;
}

/** Walks to the end (INSIDE_DIRECTORY), to the end making a file there (INSIDE_FILE), or to before the last
 * name. */
static int walk_on(struct walk *walk, enum inside_kind kind, bool stop_before_last) {
    int more;
    while ((more = next_name(walk)) > 0) {
        int error = 0;
        if (text_equal(walk->name, "."))
            continue;
        if (text_equal(walk->name, ".."))
            error = up(walk);
        else if (at_last(walk) && stop_before_last)
            return 0;
        else if (at_last(walk) && kind == INSIDE_FILE)
            error = make_file(walk);
        else
            error = enter(walk);
        if (error < 0)
            return error;
    }
    return more < 0 ? more : stop_before_last ? -EINVAL : 0;
}

static int walk_to(int root, const char *path, enum inside_kind kind, uint64_t resolve) {
    __attribute__((cleanup(walk_cleanup))) struct walk walk;
    int error = begin(&walk, root, path, (resolve & RESOLVE_NO_SYMLINKS) == 0);
    return error < 0 ? error : walk_on(&walk, kind, false);
}

static int find_or_make(struct ctx *ctx, int root, const char *path, struct inside_wish wish, bool *made) {
    int flags =
        O_PATH | (wish.kind == INSIDE_DIRECTORY ? O_DIRECTORY : 0) | (wish.no_follow ? O_NOFOLLOW : 0);
    int found = inside_open(root, path, flags, wish.resolve);
    *made = found == -ENOENT;
    if (*made) {
        int error = make_last(root, path, wish.kind, wish.resolve);
        if (error < 0)
            error = walk_to(root, path, wish.kind, wish.resolve);
        if (error < 0)
            return fail(ctx, error, "making \"", path, "\" inside the root");
        found = inside_open(root, path, flags, wish.resolve);
    }
    if (found == -ELOOP && (wish.resolve & RESOLVE_NO_SYMLINKS) != 0)
        return fail(ctx, found, "\"", path, "\" leads through a symbolic link, which is refused here");
    if (found == -ENOTDIR)
        return fail(ctx, found, "\"", path, "\" is, or leads through, something else than a directory");
    return found < 0 ? fail(ctx, found, "opening \"", path, "\" inside the root") : found;
}

int inside_make(struct ctx *ctx, int root, const char *path, struct inside_wish wish) {
    bool made;
    return find_or_make(ctx, root, path, wish, &made);
}

int inside_parent(struct ctx *ctx, int root, const char *path, char name[NAME_MAX + 1]) {
    __attribute__((cleanup(walk_cleanup))) struct walk walk;
    int error = begin(&walk, root, path, true);
    if (error == 0)
        error = walk_on(&walk, INSIDE_DIRECTORY, true);
    if (error < 0)
        return fail(ctx, error, "making the directory of \"", path, "\" inside the root");
    memcpy(name, walk.name, sizeof(walk.name));
    return fd_steal(&walk.here);
}

static int same_place(int left, int right) {
    struct statx a;
    struct statx b;
    const unsigned mask = STATX_INO | STATX_MNT_ID;
    int error = sys_statx(left, "", AT_EMPTY_PATH, mask, &a);
    if (error == 0)
        error = sys_statx(right, "", AT_EMPTY_PATH, mask, &b);
    if (error < 0)
        return error;
    return a.stx_ino == b.stx_ino && a.stx_mnt_id == b.stx_mnt_id;
}

/**
 * Procfs is where the kernel is asked and told: the root's own links must not lead a mount onto it
 * (CVE-2019-19921, CVE-2023-27561). A place in procfs that was found while links were followed is believed
 * only when it is the very place to which the path leads without any: who asks merely whether there is such a
 * path gets the answer of another moment.
 */
static int check_procfs(struct ctx *ctx, int root, const char *path, int target) {
    int64_t type = sys_file_system(target);
    if (type != PROC_SUPER_MAGIC)
        return type < 0 ? fail(ctx, (int)type, "examining \"", path, "\"") : 0;
    scope_fd straight = inside_open(root, path, O_PATH, RESOLVE_NO_SYMLINKS);
    int same = straight < 0 ? straight : same_place(straight, target);
    if (same > 0)
        return 0;
    return fail(ctx, same < 0 ? same : -ELOOP, "\"", path,
                "\" leads into procfs through a symbolic link, which is refused");
}

int inside_target(struct ctx *ctx, int root, const char *path, struct inside_wish wish, bool *made) {
    scope_fd target = find_or_make(ctx, root, path, wish, made);
    if (target < 0)
        return target;
    int same = same_place(target, root);
    if (same < 0)
        return fail(ctx, same, "examining \"", path, "\"");
    if (same)
        return fail(ctx, -EINVAL, "\"", path, "\" is the root itself, which nothing can be mounted on");
    int error = check_procfs(ctx, root, path, target);
    return error < 0 ? error : fd_steal(&target);
}
