/*
 * kill-server PID NUMBER
 *
 * Says "ready" when it has attached to the process, and kills it as its first thread enters the NUMBERth
 * system call, from then on, of those that can change anything outside of it; to be killed between two that
 * only look makes no difference. When the process has ended it prints "CALL COUNT": the number of the call at
 * which it was killed, or -1, and how many were counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const long passive[] = {
    SYS_read,       SYS_pread64,   SYS_close,        SYS_fcntl,          SYS_fstat,         SYS_newfstatat,
    SYS_statx,      SYS_statfs,    SYS_fstatfs,      SYS_lseek,          SYS_getdents64,    SYS_readlinkat,
    SYS_faccessat,  SYS_getcwd,    SYS_mmap,         SYS_munmap,         SYS_mprotect,      SYS_madvise,
    SYS_brk,        SYS_prctl,     SYS_capget,       SYS_rt_sigaction,   SYS_rt_sigprocmask, SYS_clock_gettime,
    SYS_futex,      SYS_umask,     SYS_dup3,         SYS_getpid,         SYS_gettid,        SYS_epoll_pwait,
    SYS_epoll_ctl,  SYS_openat2,   SYS_recvmsg,      SYS_recvfrom,       SYS_accept4,       SYS_ppoll,
    SYS_eventfd2,   SYS_getuid,    SYS_geteuid,      SYS_getsockopt,     SYS_pipe2,         SYS_socketpair,
    SYS_pidfd_open, SYS_waitid,    SYS_ioctl,        SYS_inotify_init1,  SYS_inotify_add_watch,
#ifdef SYS_poll
    SYS_poll,       SYS_epoll_wait, SYS_stat,        SYS_lstat,          SYS_access,        SYS_readlink,
#endif
};

static bool is_passive(const struct __ptrace_syscall_info *info) {
    if (info->entry.nr == SYS_openat)
        return (info->entry.args[2] & O_CREAT) == 0;
#ifdef SYS_open
    if (info->entry.nr == SYS_open)
        return (info->entry.args[1] & O_CREAT) == 0;
#endif
    for (size_t i = 0; i < sizeof passive / sizeof passive[0]; i++)
        if (passive[i] == (long)info->entry.nr)
            return true;
    return false;
}

int main(int count, char **arguments) {
    if (count != 3)
        return 2;
    pid_t process = atoi(arguments[1]);
    long number = atol(arguments[2]);
    long entered = 0;
    long killed_at = -1;
    if (ptrace(PTRACE_SEIZE, process, 0, PTRACE_O_TRACESYSGOOD) < 0 ||
        ptrace(PTRACE_INTERRUPT, process, 0, 0) < 0) {
        perror("ptrace");
        return 1;
    }
    bool ready = false;
    int status;
    for (;;) {
        if (waitpid(process, &status, __WALL) < 0) {
            if (errno == EINTR)
                continue;
            break;
        }
        if (!WIFSTOPPED(status))
            break;
        int signal = WSTOPSIG(status);
        struct __ptrace_syscall_info info;
        if (signal == (SIGTRAP | 0x80)) {
            if (ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof info, &info) > 0 &&
                info.op == PTRACE_SYSCALL_INFO_ENTRY && !is_passive(&info) && ++entered == number) {
                killed_at = (long)info.entry.nr;
                kill(process, SIGKILL);
            }
        }
        if (!ready) {
            puts("ready");
            fflush(stdout);
            ready = true;
        }
        int deliver = signal == (SIGTRAP | 0x80) || status >> 16 != 0 ? 0 : signal;
        ptrace(PTRACE_SYSCALL, process, 0, deliver);
    }
    printf("%ld %ld\n", killed_at, entered);
    return 0;
}
