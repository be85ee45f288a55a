/*
 * kill-at ROLE NUMBER COMMAND...
 *
 * Runs a command and kills one of its processes as it enters its NUMBERth system call of those that can
 * change anything outside of it: to be killed between two that only look makes no difference. The roles are
 * numbered in the order in which the processes appear: 0 is the command itself, 1 the stub's stage 0, 2 the
 * container's init. The command is counted from its first mkdir or memfd_create on, before which it only
 * reads; the others from their beginning on.
 *
 * Prints one line when the command has ended, "STATUS KILLED CALL COUNT": its exit status (128 and more for a
 * signal), whether somebody was killed, the number of the system call where, and how many were counted. Then
 * waits until every process of it is gone, as whoever adopts them would, and exits: as long as this program
 * runs, something is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PROCESSES 32
#define OPTIONS                                                                                              \
    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |                \
     PTRACE_O_TRACEEXEC)

struct process {
    pid_t id;
    bool counts;
    long entered;
};

static struct process processes[MAX_PROCESSES];
static int known;
static int role;
static long number;
static bool killed;
static long killed_at = -1;

/** Threads are not counted: what they do depends on the engine's mood. */
static pid_t group_of(pid_t thread) {
    char path[64];
    char line[256];
    pid_t group = thread;
    snprintf(path, sizeof(path), "/proc/%d/status", thread);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "Tgid: %d", &group) == 1)
            break;
    if (file)
        fclose(file);
    return group;
}

static struct process *process_of(pid_t thread) {
    for (int i = 0; i < known; i++)
        if (processes[i].id == thread)
            return &processes[i];
    if (known == MAX_PROCESSES || group_of(thread) != thread)
        return NULL;
    processes[known] = (struct process){.id = thread, .counts = known != 0};
    return &processes[known++];
}

/** Only looks, or changes nothing that outlives the process. */
static bool is_passive(const struct __ptrace_syscall_info *info) {
    switch (info->entry.nr) {
    case SYS_openat:
        return (info->entry.args[2] & O_CREAT) == 0;
    case SYS_openat2:
    case SYS_read:
    case SYS_pread64:
    case SYS_close:
    case SYS_fcntl:
    case SYS_fstat:
    case SYS_newfstatat:
    case SYS_statx:
    case SYS_statfs:
    case SYS_fstatfs:
    case SYS_lseek:
    case SYS_getdents64:
    case SYS_readlinkat:
    case SYS_faccessat:
    case SYS_faccessat2:
    case SYS_getcwd:
    case SYS_mmap:
    case SYS_munmap:
    case SYS_mprotect:
    case SYS_madvise:
    case SYS_brk:
    case SYS_prctl:
    case SYS_capget:
    case SYS_rt_sigaction:
    case SYS_rt_sigprocmask:
    case SYS_clock_gettime:
    case SYS_futex:
    case SYS_umask:
    case SYS_dup3:
    case SYS_getpid:
    case SYS_gettid:
        return true;
#ifdef SYS_readlink
    case SYS_readlink:
    case SYS_stat:
    case SYS_lstat:
    case SYS_access:
    case SYS_poll:
    case SYS_dup2:
        return true;
    case SYS_open:
        return (info->entry.args[1] & O_CREAT) == 0;
#endif
    default:
        return false;
    }
}

static void on_call(pid_t thread) {
    struct __ptrace_syscall_info info;
    struct process *process = process_of(thread);
    if (process == NULL || killed || process != &processes[role])
        return;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    long call = (long)info.entry.nr;
#ifdef SYS_mkdir
    process->counts |= call == SYS_mkdir;
#endif
    process->counts |= call == SYS_mkdirat || call == SYS_memfd_create;
    if (is_passive(&info))
        return;
    if (!process->counts || ++process->entered != number)
        return;
    killed = true;
    killed_at = call;
    kill(process->id, SIGKILL);
}

static void on_stop(pid_t thread, int status) {
    int signal = WSTOPSIG(status);
    int event = status >> 16;
    int deliver = 0;
    process_of(thread);
    if (signal == (SIGTRAP | 0x80))
        on_call(thread);
    else if (event == PTRACE_EVENT_STOP &&
             (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)) {
        ptrace(PTRACE_LISTEN, thread, 0, 0);
        return;
    } else if (event == 0)
        deliver = signal;
    // Nothing more to see: at full speed from here on.
    ptrace(killed ? PTRACE_CONT : PTRACE_SYSCALL, thread, 0, deliver);
}

int main(int count, char **arguments) {
    int gate[2];
    if (count < 4 || pipe2(gate, O_CLOEXEC) < 0)
        return 2;
    role = atoi(arguments[1]);
    number = atol(arguments[2]);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t command = fork();
    if (command == 0) {
        char go;
        if (read(gate[0], &go, 1) != 1)
            _exit(2);
        execv(arguments[3], arguments + 3);
        _exit(127);
    }
    process_of(command);
    if (ptrace(PTRACE_SEIZE, command, 0, OPTIONS) < 0 || ptrace(PTRACE_INTERRUPT, command, 0, 0) < 0) {
        perror("ptrace");
        kill(command, SIGKILL);
        return 2;
    }
    if (write(gate[1], "", 1) != 1)
        return 2;
    close(gate[1]);
    int status;
    pid_t thread;
    while ((thread = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (thread < 0)
            continue;
        if (WIFSTOPPED(status)) {
            on_stop(thread, status);
            continue;
        }
        if (thread != command)
            continue;
        printf("%d %d %ld %ld\n", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), killed,
               killed_at, processes[role].entered);
        fflush(stdout);
        // The others were not reached: no need to slow them down any more.
        killed = true;
    }
    return 0;
}
