/* Mapping the ids of mounts, which takes privileges over their file systems: in stage 0. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctx.h"
#include "kernel/fd.h"
#include "kernel/proc.h"
#include "kernel/sys.h"
#include "kernel/sys_numbers.h"

/** Writes a file of the process `child`, in the procfs of `proc`: "/uid_map" and so on. */
static int write_child(struct ctx *ctx, uint32_t proc, const char *child, const char *name,
                       const struct wire_string *value) {
    struct text path = {0};
    text_append(&path, child);
    text_append(&path, name);
    return proc_write(ctx, proc, path.bytes, value->text, value->length);
}

/** The user namespace of `child`, once it has its maps. */
static int map_child(struct ctx *ctx, const struct op_make_user_namespace *op, pid_t child) {
    char buffer[NUMBER_SIZE];
    const char *number = number_text(buffer, child);
    struct text directory = {0};
    int error = write_child(ctx, op->proc, number, "/uid_map", &op->uid_map);
    if (error == 0)
        error = write_child(ctx, op->proc, number, "/gid_map", &op->gid_map);
    if (error < 0)
        return error;
    text_append(&directory, number);
    text_append(&directory, "/ns");
    // The last step is a magic link, which proc_open rightly refuses: what it leads to is checked instead.
    scope_fd links = proc_open(ctx, op->proc, directory.bytes, O_PATH | O_DIRECTORY);
    if (links < 0)
        return links;
    scope_fd namespace = sys_openat(links, "user", O_RDONLY, 0);
    if (namespace < 0)
        return fail(ctx, namespace, "opening the user namespace");
    if (sys_file_system(namespace) != NSFS_MAGIC)
        return fail(ctx, -EXDEV, "the user namespace is none");
    return fd_steal(&namespace);
}

int op_make_user_namespace(struct ctx *ctx, const struct op_make_user_namespace *op) {
    // A namespace lives as long as a process or a descriptor is in it: a child makes it, and ends; also if we
    // end first.
    pid_t parent = getpid();
    int child = sys_clone(CLONE_NEWUSER, SIGCHLD, -1);
    if (child < 0)
        return fail(ctx, child, "clone3");
    if (child == 0) {
        sys_prctl(PR_SET_PDEATHSIG, SIGKILL, 0);
        while (getppid() == parent)
            pause();
        _exit(1);
    }
    int namespace = map_child(ctx, op, child);
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    if (namespace < 0)
        return namespace;
    slot_set(ctx, op->slot, namespace);
    return 0;
}

int op_open_namespace(struct ctx *ctx, const struct op_open_namespace *op) {
    scope_fd namespace = sys_openat(AT_FDCWD, op->path.text, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
    if (namespace < 0)
        return fail(ctx, namespace, "opening \"", op->path.text, "\"");
    if (sys_file_system(namespace) != NSFS_MAGIC)
        return fail(ctx, -EINVAL, "\"", op->path.text, "\" is not a namespace");
    slot_set(ctx, op->slot, fd_steal(&namespace));
    return 0;
}

int op_map_tree(struct ctx *ctx, const struct op_map_tree *op) {
    int tree = slot_get(ctx, op->tree);
    int namespace = slot_get(ctx, op->namespace);
    if (tree < 0 || namespace < 0)
        return tree < 0 ? tree : namespace;
    unsigned flags = AT_EMPTY_PATH | (op->recursive ? AT_RECURSIVE : 0U);
    int error = sys_mount_setattr(tree, "", flags, MOUNT_ATTR_IDMAP, 0, 0, namespace);
    if (error == -EINVAL)
        return fail(ctx, error,
                    "mapping the mount's ids: its file system cannot do that, or it is mapped already");
    return error < 0 ? fail(ctx, error, "mapping the mount's ids") : 0;
}
