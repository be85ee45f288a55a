#ifndef TSOCI_SYS_H
#define TSOCI_SYS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * System calls that libc lacks, or wraps in more than we want. One sign rule: the result, or -errno. None is
 * retried here except where a comment says so.
 */

struct sock_fprog;
struct stat;
struct statx;

/** openat2(2); repeated, boundedly, when a rename elsewhere made a scoped lookup uncertain (EAGAIN). */
int sys_openat2(int directory, const char *path, int flags, uint64_t resolve);
/** openat(2) with O_CLOEXEC. */
int sys_openat(int directory, const char *path, int flags, uint32_t mode);
int sys_open_tree(int directory, const char *path, unsigned flags);
/** Attaches the mount behind one descriptor at the place behind the other. */
int sys_move_mount(int from, int to);
int sys_mount_setattr(int directory, const char *path, unsigned flags, uint64_t set, uint64_t clear,
                      uint64_t propagation, int user_namespace);
int sys_fsopen(const char *type);
int sys_fspick(int directory, const char *path, unsigned flags);
int sys_fsconfig(int context, unsigned command, const char *key, const char *value);
int sys_fsmount(int context, unsigned attributes);
/** The old mount(2), for what the new calls cannot carry. */
int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
              const char *data);
int sys_umount(const char *target, int flags);
int sys_pivot_root(const char *new_root, const char *put_old);

/**
 * clone3(2) as fork; `cgroup` is a descriptor or -1. Without one clone(2) does where a filter hides clone3
 * (ENOSYS), as those of container engines do, which cannot look at its arguments.
 */
int sys_clone(uint64_t flags, int exit_signal, int cgroup);
/** fork(2) by clone(2), which filters of system calls know; they hide clone3. */
int sys_fork(void);
int sys_unshare(uint64_t flags);
int sys_setns(int descriptor, int flags);
int sys_close_range(unsigned first, unsigned last, unsigned flags);
int sys_setgroups(size_t count, const uint32_t *groups);
int sys_setresuid(uint32_t real, uint32_t effective, uint32_t saved);
int sys_setresgid(uint32_t real, uint32_t effective, uint32_t saved);
int sys_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable);
int sys_prctl(int option, unsigned long argument, unsigned long second);
int sys_keyctl_join(const char *name);
int sys_keyctl_permissions(int key, uint32_t permissions);
int sys_seccomp_load(unsigned flags, const struct sock_fprog *program);
int sys_ioprio_set(int value);
int sys_sched_setattr(const void *attributes);
/** Of the calling thread. */
int sys_setpriority(int nice);
int sys_sched_setaffinity(const unsigned char *mask, size_t size);
int sys_set_mempolicy(int mode, const unsigned char *nodes, size_t bits);
int sys_personality(unsigned long persona);
int sys_setrlimit(unsigned resource, uint64_t soft, uint64_t hard);
int sys_getrlimit(unsigned resource, uint64_t *soft, uint64_t *hard);
int sys_pidfd_open(pid_t process);
int sys_pidfd_send_signal(int pidfd, int signal);
/** May the effective user and capabilities execute this file? */
int sys_may_execute(int directory, const char *path);
int sys_statx(int directory, const char *path, int flags, unsigned mask, struct statx *result);
int sys_fstat(int descriptor, struct stat *result);
int sys_fstatat(int directory, const char *path, struct stat *result);
/** fchmod and fchown of what an O_PATH descriptor is of; the first before Linux 6.6 by way of the caller's
 * /proc. */
int sys_fchmod(int descriptor, uint32_t mode);
int sys_fchown(int descriptor, uint32_t uid, uint32_t gid);
/** flock(2). */
int sys_flock(int descriptor, int operation);
int sys_getcwd(char *buffer, size_t size);
/** All signals to their default action. */
void sys_default_signals(void);
/** One signal to its default action. */
void sys_default_signal(int signal);
/** Blocks none. */
void sys_unblock_signals(void);
/** f_type of the file system behind a descriptor, or -errno. */
int64_t sys_file_system(int descriptor);

#endif
