#include "kernel/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/sys_numbers.h"
#include "text.h"

/** `_NSIG` of the kernel on every architecture that we build for. */
#define LAST_SIGNAL 64
#define SIGNAL_SET_SIZE 8

/** How often a scoped lookup is tried again: each failure means that someone renamed or mounted meanwhile. */
#define LOOKUP_TRIES 128

static int result(long returned) {
    return returned < 0 ? -errno : (int)returned;
}

int sys_openat2(int directory, const char *path, int flags, uint64_t resolve) {
    struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC), .resolve = resolve};
    int opened = -EAGAIN;
    for (int i = 0; i < LOOKUP_TRIES && (opened == -EAGAIN || opened == -EINTR); i++)
        opened = result(syscall(__NR_openat2, directory, path, &how, sizeof(how)));
    return opened;
}

int sys_openat(int directory, const char *path, int flags, uint32_t mode) {
    return result(syscall(__NR_openat, directory, path, flags | O_CLOEXEC, mode));
}

int sys_open_tree(int directory, const char *path, unsigned flags) {
    return result(syscall(__NR_open_tree, directory, path, flags | OPEN_TREE_CLOEXEC));
}

int sys_move_mount(int from, int to) {
    return result(
        syscall(__NR_move_mount, from, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

int sys_mount_setattr(int directory, const char *path, unsigned flags, uint64_t set, uint64_t clear,
                      uint64_t propagation, int user_namespace) {
    struct mount_attr attributes = {
        .attr_set = set,
        .attr_clr = clear,
        .propagation = propagation,
        .userns_fd = user_namespace < 0 ? 0 : (uint64_t)(unsigned)user_namespace,
    };
    return result(syscall(__NR_mount_setattr, directory, path, flags, &attributes, sizeof(attributes)));
}

int sys_fsopen(const char *type) {
    return result(syscall(__NR_fsopen, type, FSOPEN_CLOEXEC));
}

int sys_fspick(int directory, const char *path, unsigned flags) {
    return result(syscall(__NR_fspick, directory, path, flags | FSPICK_CLOEXEC));
}

int sys_fsconfig(int context, unsigned command, const char *key, const char *value) {
    return result(syscall(__NR_fsconfig, context, command, key, value, 0));
}

int sys_fsmount(int context, unsigned attributes) {
    return result(syscall(__NR_fsmount, context, FSMOUNT_CLOEXEC, attributes));
}

int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
              const char *data) {
    return result(syscall(__NR_mount, source, target, type, flags, data));
}

int sys_umount(const char *target, int flags) {
    return result(syscall(__NR_umount2, target, flags));
}

int sys_pivot_root(const char *new_root, const char *put_old) {
    return result(syscall(__NR_pivot_root, new_root, put_old));
}

int sys_clone(uint64_t flags, int exit_signal, int cgroup) {
    struct clone_args arguments = {.flags = flags, .exit_signal = (uint64_t)(unsigned)exit_signal};
    if (cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)(unsigned)cgroup;
    }
    int child = result(syscall(__NR_clone3, &arguments, sizeof(arguments)));
    if (child != -ENOSYS || cgroup >= 0)
        return child;
    return result(syscall(__NR_clone, (unsigned long)flags | (unsigned)exit_signal, 0UL, NULL, NULL, 0UL));
}

int sys_fork(void) {
    return result(syscall(__NR_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

int sys_unshare(uint64_t flags) {
    return result(syscall(__NR_unshare, flags));
}

int sys_setns(int descriptor, int flags) {
    return result(syscall(__NR_setns, descriptor, flags));
}

int sys_close_range(unsigned first, unsigned last, unsigned flags) {
    return result(syscall(__NR_close_range, first, last, flags));
}

int sys_setgroups(size_t count, const uint32_t *groups) {
    return result(syscall(__NR_setgroups, count, groups));
}

int sys_setresuid(uint32_t real, uint32_t effective, uint32_t saved) {
    return result(syscall(__NR_setresuid, real, effective, saved));
}

int sys_setresgid(uint32_t real, uint32_t effective, uint32_t saved) {
    return result(syscall(__NR_setresgid, real, effective, saved));
}

int sys_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
    };
    return result(syscall(__NR_capset, &header, data));
}

int sys_prctl(int option, unsigned long argument, unsigned long second) {
    return result(syscall(__NR_prctl, option, argument, second, 0UL, 0UL));
}

int sys_keyctl_join(const char *name) {
    return result(syscall(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name));
}

int sys_keyctl_permissions(int key, uint32_t permissions) {
    return result(syscall(__NR_keyctl, KEYCTL_SETPERM, key, permissions));
}

int sys_seccomp_load(unsigned flags, const struct sock_fprog *program) {
    return result(syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, program));
}

int sys_ioprio_set(int value) {
    return result(syscall(__NR_ioprio_set, IOPRIO_WHO_PROCESS, 0, value));
}

int sys_sched_setattr(const void *attributes) {
    return result(syscall(__NR_sched_setattr, 0, attributes, 0));
}

int sys_setpriority(int nice) {
    return result(syscall(__NR_setpriority, PRIO_PROCESS, 0, nice));
}

int sys_sched_setaffinity(const unsigned char *mask, size_t size) {
    return result(syscall(__NR_sched_setaffinity, 0, size, mask));
}

int sys_set_mempolicy(int mode, const unsigned char *nodes, size_t bits) {
    return result(syscall(__NR_set_mempolicy, mode, nodes, bits));
}

int sys_personality(unsigned long persona) {
    return result(syscall(__NR_personality, persona));
}

int sys_setrlimit(unsigned resource, uint64_t soft, uint64_t hard) {
    const uint64_t limits[2] = {soft, hard};
    return result(syscall(__NR_prlimit64, 0, resource, limits, NULL));
}

int sys_getrlimit(unsigned resource, uint64_t *soft, uint64_t *hard) {
    uint64_t limits[2];
    int error = result(syscall(__NR_prlimit64, 0, resource, NULL, limits));
    if (error == 0) {
        *soft = limits[0];
        *hard = limits[1];
    }
    return error;
}

int sys_pidfd_open(pid_t process) {
    return result(syscall(__NR_pidfd_open, process, 0));
}

int sys_pidfd_send_signal(int pidfd, int signal) {
    return result(syscall(__NR_pidfd_send_signal, pidfd, signal, NULL, 0));
}

int sys_may_execute(int directory, const char *path) {
    return result(syscall(__NR_faccessat2, directory, path, X_OK, AT_EACCESS));
}

int sys_statx(int directory, const char *path, int flags, unsigned mask, struct statx *status) {
    return result(syscall(__NR_statx, directory, path, flags, mask, status));
}

int sys_fstat(int descriptor, struct stat *status) {
    return result(fstat(descriptor, status));
}

int sys_fstatat(int directory, const char *path, struct stat *status) {
    return result(fstatat(directory, path, status, AT_SYMLINK_NOFOLLOW));
}

/** By the descriptor's own link, which leads to what it is of, whatever has its name by now. */
static int chmod_by_link(int descriptor, uint32_t mode) {
    char number[NUMBER_SIZE];
    int links = sys_openat(AT_FDCWD, "/proc/self/fd", O_PATH | O_DIRECTORY, 0);
    if (links < 0)
        return links;
    int64_t type = sys_file_system(links);
    int error = type == PROC_SUPER_MAGIC ? result(fchmodat(links, number_text(number, descriptor), mode, 0))
                : type < 0               ? (int)type
                                         : -EXDEV;
    close(links);
    return error;
}

int sys_fchmod(int descriptor, uint32_t mode) {
    int error = result(syscall(__NR_fchmodat2, descriptor, "", mode, AT_EMPTY_PATH));
    return error == -ENOSYS ? chmod_by_link(descriptor, mode) : error;
}

int sys_fchown(int descriptor, uint32_t uid, uint32_t gid) {
    return result(syscall(__NR_fchownat, descriptor, "", uid, gid, AT_EMPTY_PATH));
}

int sys_flock(int descriptor, int operation) {
    return result(syscall(__NR_flock, descriptor, operation));
}

int sys_getcwd(char *buffer, size_t size) {
    return result(syscall(__NR_getcwd, buffer, size));
}

void sys_default_signal(int signal) {
    // The kernel's structure, zeroed: SIG_DFL, no flags, no mask. libc's function spares the signals that it
    // uses itself.
    const uint64_t action[4] = {0};
    syscall(__NR_rt_sigaction, signal, action, NULL, SIGNAL_SET_SIZE);
}

void sys_default_signals(void) {
    for (int signal = 1; signal <= LAST_SIGNAL; signal++)
        sys_default_signal(signal);
}

void sys_unblock_signals(void) {
    const uint64_t none = 0;
    syscall(__NR_rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGNAL_SET_SIZE);
}

int64_t sys_file_system(int descriptor) {
    struct statfs status;
    int error = result(fstatfs(descriptor, &status));
    return error < 0 ? error : (int64_t)(uint32_t)status.f_type;
}
