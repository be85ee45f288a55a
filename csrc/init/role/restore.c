#include "role/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctx.h"
#include "inside.h"
#include "kernel/fd.h"
#include "kernel/sys.h"
#include "kernel/sys_numbers.h"

/** The caller's descriptor of the socket between it and CRIU. */
#define SOCKET 3
/** Where the places begin, behind the three directories. */
#define PLACES 3

static const char usage[] =
    "usage: tsoci-init restore ROOTFS IMAGES WORK [d|f PLACE]... -- PROGRAM [ARGUMENT...]";
/** What the host mounts is still seen, and nothing that is mounted from here on is seen by the host. */
static int enter_namespace(struct ctx *ctx) {
    int error = sys_unshare(CLONE_NEWNS);
    if (error < 0)
        return fail(ctx, error, "a mount namespace for the restore");
    error = sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
    return error < 0 ? fail(ctx, error, "keeping the restore's mounts from the host") : 0;
}

/**
 * Makes the root filesystem a mount: its descriptor. The runtime resolved the path, so a link in it was put
 * there since; it is looked up once for all that is made in it.
 */
static int mount_root(struct ctx *ctx, const char *rootfs) {
    scope_fd place = sys_openat2(AT_FDCWD, rootfs, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    if (place < 0)
        return fail(ctx, place, "opening the root filesystem \"", rootfs, "\"");
    scope_fd tree = sys_open_tree(place, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
    int error = tree < 0 ? tree : sys_move_mount(tree, place);
    return error < 0 ? fail(ctx, error, "mounting the root filesystem \"", rootfs, "\"") : fd_steal(&tree);
}

static int make_place(struct ctx *ctx, int root, const char *kind, const char *place) {
    scope_fd made =
        inside_make(ctx, root, place,
                    (struct inside_wish){.kind = text_equal(kind, "f") ? INSIDE_FILE : INSIDE_DIRECTORY});
    return made < 0 ? made : 0;
}

static int send_directory(struct ctx *ctx, const char *path) {
    scope_fd directory = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    int error = directory < 0 ? directory : fd_send(SOCKET, "d", 1, directory);
    return error < 0 ? fail(ctx, error, "opening \"", path, "\" for the restore") : 0;
}

int restore(struct ctx *ctx, int count, char **arguments) {
    int next = PLACES;
    while (next + 1 < count && !text_equal(arguments[next], "--"))
        next += 2;
    if (next + 1 >= count || !text_equal(arguments[next], "--"))
        return complain(ctx, fail(ctx, -EINVAL, usage));
    const char *rootfs = arguments[0];
    int error = enter_namespace(ctx);
    if (error < 0)
        return complain(ctx, error);
    umask(0);
    scope_fd root = mount_root(ctx, rootfs);
    if (root < 0)
        return complain(ctx, root);
    for (int place = PLACES; place < next; place += 2) {
        error = make_place(ctx, root, arguments[place], arguments[place + 1]);
        if (error < 0)
            return complain(ctx, error);
    }
    umask(022);
    for (int directory = 1; directory < PLACES; directory++) {
        error = send_directory(ctx, arguments[directory]);
        if (error < 0)
            return complain(ctx, error);
    }
    execve(arguments[next + 1], arguments + next + 1, environ);
    return complain(ctx, fail(ctx, -errno, arguments[next + 1]));
}
