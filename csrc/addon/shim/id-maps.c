/* Mounts whose files belong to others than the disk says (mount_setattr(2), MOUNT_ATTR_IDMAP). */
#include "mounting.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_map(struct mounting *mounting, pid_t child, const char *name, const struct text *map) {
    char path[48];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
    int file CLEANUP(close_release) = open_again(path, O_WRONLY | O_CLOEXEC, 0);
    if (file < 0)
        return work_fail(&mounting->work, errno, "open", path);
    int result = write_all(file, map->data, map->length);
    return result < 0 ? work_fail(&mounting->work, -result, "write", path) : 0;
}

static int namespace_of(struct mounting *mounting, pid_t child) {
    char path[48];
    if (write_map(mounting, child, "uid_map", &mounting->uid_map) < 0 ||
        write_map(mounting, child, "gid_map", &mounting->gid_map) < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/%d/ns/user", (int)child);
    int result = open_again(path, O_RDONLY | O_CLOEXEC, 0);
    return result < 0 ? work_fail(&mounting->work, errno, "open", path) : result;
}

/*
 * The namespace lives as long as a process or a descriptor is in it: a child makes it and ends. Its end sends
 * no signal and is seen by nobody who waits for all children. Called by the system call itself: between this
 * and its end the child calls nothing of the library's.
 */
int open_user_namespace(struct mounting *mounting) {
    long child = syscall(SYS_clone, CLONE_NEWUSER, 0, 0, 0, 0);
    if (child < 0)
        return work_fail(&mounting->work, errno, "clone", "a user namespace for the id mapping of a mount");
    if (child == 0) {
        syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        for (;;)
            syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
    }
    int result = namespace_of(mounting, (pid_t)child);
    kill((pid_t)child, SIGKILL);
    while (waitpid((pid_t)child, NULL, __WALL) < 0 && errno == EINTR)
        continue;
    return result;
}

int open_tree_copy(struct mounting *mounting, const char *path, int user_namespace) {
    const unsigned recursive = (mounting->flags & MOUNTING_RECURSIVE) != 0 ? AT_RECURSIVE : 0;
    long tree = syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);
    if (tree < 0)
        return work_fail(&mounting->work, errno, "open_tree", path);
    if (user_namespace < 0)
        return (int)tree;
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)user_namespace};
    if (syscall(SYS_mount_setattr, (int)tree, "", AT_EMPTY_PATH | recursive, &attributes,
                sizeof attributes) == 0)
        return (int)tree;
    int error = errno;
    close((int)tree);
    return work_fail(&mounting->work, error, "mount_setattr", path);
}
