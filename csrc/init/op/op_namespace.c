/* Namespaces, cgroups and processes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctx.h"
#include "kernel/fd.h"
#include "kernel/proc.h"
#include "kernel/sys.h"
#include "message.h"

int op_join_namespace(struct ctx *ctx, const struct op_join_namespace *op) {
    scope_fd namespace = sys_openat(AT_FDCWD, op->path.text, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
    if (namespace < 0)
        return fail(ctx, namespace, "opening \"", op->path.text, "\"");
    int error = sys_setns(namespace, (int)op->type);
    return error < 0 ? fail(ctx, error, "joining \"", op->path.text, "\"") : 0;
}

int op_join_slot(struct ctx *ctx, const struct op_join_slot *op) {
    int descriptor = slot_get(ctx, op->slot);
    if (descriptor < 0)
        return descriptor;
    int error = sys_setns(descriptor, (int)op->flags);
    return error < 0 ? fail(ctx, error, "setns") : 0;
}

int op_join_cgroup(struct ctx *ctx, const struct op_join_cgroup *op) {
    // "0" is whoever writes. Writing another's pid would wait for a grace period of the whole machine.
    scope_fd file = sys_openat(AT_FDCWD, op->path.text, O_WRONLY, 0);
    int error = file < 0 ? file : fd_write(file, "0\n", 2);
    return error < 0 ? fail(ctx, error, "\"", op->path.text, "\"") : 0;
}

int op_join_tasks(struct ctx *ctx, const struct op_join_tasks *op) {
    int file = slot_get(ctx, op->slot);
    if (file < 0)
        return file;
    int error = fd_write(file, "0\n", 2);
    return error < 0 ? fail(ctx, error, "\"", op->path.text, "\"") : 0;
}

int op_dumpable(struct ctx *ctx, const struct op_dumpable *op) {
    int error = sys_prctl(PR_SET_DUMPABLE, op->value, 0);
    return error < 0 ? fail(ctx, error, "PR_SET_DUMPABLE") : 0;
}

/**
 * Into a cgroup where clone3 is hidden: the child enters by itself, before anything else. Its right to do so
 * is that of whoever opened the file, which the child's new user namespace would not have.
 */
static int clone_and_enter(struct ctx *ctx, const struct op_clone *op, int cgroup) {
    scope_fd members = sys_openat(cgroup, "cgroup.procs", O_WRONLY, 0);
    // The directory came by a read-only mount of its own, and no handle of it is to be there when that is
    // written through.
    if (members == -EROFS && sys_mount_setattr(cgroup, "", AT_EMPTY_PATH, 0, MOUNT_ATTR_RDONLY, 0, -1) == 0)
        members = sys_openat(cgroup, "cgroup.procs", O_WRONLY, 0);
    if (members < 0)
        return fail(ctx, members, "cgroup.procs, as clone3 is hidden by a filter of system calls");
    slot_close(ctx, op->cgroup);
    int child = sys_clone(op->flags | CLONE_PARENT, 0, -1);
    if (child == 0) {
        int error = fd_write(members, "0\n", 2);
        if (error < 0)
            return fail(ctx, error, "entering the cgroup");
    }
    return child;
}

int op_clone(struct ctx *ctx, const struct op_clone *op) {
    int cgroup = -1;
    if (op->cgroup != WIRE_NO_SLOT) {
        cgroup = slot_get(ctx, op->cgroup);
        if (cgroup < 0)
            return cgroup;
    }
    // The child speaks only after the runtime was told of it: whoever speaks first on the socket is heard
    // first.
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return fail(ctx, -errno, "pipe");
    scope_fd told = ends[0];
    scope_fd tell = ends[1];
    // A sibling, not a child: the runtime is its parent and learns how it ends. It inherits our exit signal.
    int child = sys_clone(op->flags | CLONE_PARENT, 0, cgroup);
    if (child == -ENOSYS && cgroup >= 0)
        child = clone_and_enter(ctx, op, cgroup);
    if (child < 0)
        return fail(ctx, child, "clone3");
    if (child > 0) {
        message_send(ctx, MESSAGE_CLONED, (uint32_t)child);
        _exit(fd_write(tell, "", 1) < 0);
    }
    // In a pid namespace that is somebody else's we are seen from now on.
    slot_close(ctx, op->cgroup);
    close(fd_steal(&tell));
    char go;
    if (fd_read(told, &go, 1) != 1)
        _exit(1);
    ctx->stage++;
    ctx->new_session = false;
    sys_prctl(PR_SET_NAME, (unsigned long)"tsoci:[init]", 0);
    return 0;
}

int op_unshare(struct ctx *ctx, const struct op_unshare *op) {
    int error = sys_unshare(op->flags);
    return error < 0 ? fail(ctx, error, "unshare") : 0;
}

int op_time_offsets(struct ctx *ctx, const struct op_time_offsets *op) {
    int error = sys_unshare(CLONE_NEWTIME);
    if (error < 0)
        return fail(ctx, error, "unshare");
    // The kernel takes no empty write there.
    if (op->offsets.length > 0)
        error = proc_write(ctx, op->proc, "self/timens_offsets", op->offsets.text, op->offsets.length);
    if (error < 0)
        return error;
    // The last step is a magic link, which proc_open rightly refuses: what it leads to is checked instead.
    scope_fd directory = proc_open(ctx, op->proc, "self/ns", O_PATH | O_DIRECTORY);
    if (directory < 0)
        return directory;
    scope_fd namespace = sys_openat(directory, "time_for_children", O_RDONLY, 0);
    if (namespace < 0)
        return fail(ctx, namespace, "opening /proc/self/ns/time_for_children");
    if (sys_file_system(namespace) != NSFS_MAGIC)
        return fail(ctx, -EXDEV, "/proc/self/ns/time_for_children is not a namespace");
    error = sys_setns(namespace, CLONE_NEWTIME);
    return error < 0 ? fail(ctx, error, "setns") : 0;
}

int op_await_cgroup(struct ctx *ctx, const struct op_await_cgroup *op) {
    (void)op;
    return message_await(ctx, QUESTION_CGROUP);
}

int op_await(struct ctx *ctx, const struct op_await *op) {
    message_send(ctx, MESSAGE_ASK, op->question);
    return message_await(ctx, op->question);
}

int op_become(struct ctx *ctx, const struct op_become *op) {
    int error = op->groups ? sys_setgroups(0, NULL) : 0;
    return error < 0 ? fail(ctx, error, "setgroups") : take_ids(ctx, op->uid, op->gid);
}

int op_new_session(struct ctx *ctx, const struct op_new_session *op) {
    (void)op;
    if (setsid() < 0 && getsid(0) != getpid())
        return fail(ctx, -EPERM, "setsid");
    ctx->new_session = true;
    return 0;
}

int op_hostname(struct ctx *ctx, const struct op_hostname *op) {
    return sethostname(op->name.text, op->name.length) < 0 ? fail(ctx, -errno, "sethostname") : 0;
}

int op_domainname(struct ctx *ctx, const struct op_domainname *op) {
    return setdomainname(op->name.text, op->name.length) < 0 ? fail(ctx, -errno, "setdomainname") : 0;
}

int op_loopback_up(struct ctx *ctx, const struct op_loopback_up *op) {
    (void)op;
    // Any socket will do; this family is always there.
    struct ifreq request = {.ifr_name = "lo"};
    scope_fd control = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0)
        return fail(ctx, -errno, "socket");
    if (ioctl(control, SIOCGIFFLAGS, &request) < 0)
        return fail(ctx, -errno, "SIOCGIFFLAGS");
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
    return ioctl(control, SIOCSIFFLAGS, &request) < 0 ? fail(ctx, -errno, "SIOCSIFFLAGS") : 0;
}
