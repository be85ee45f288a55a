/*
 * watch-handles MARKER COMMAND...
 *
 * Runs a command and stops its processes at every system call, as it begins and as it ends. Of each that is
 * the stub (its executable is the sealed memory file), and has a pid namespace of its own, it then tries what a
 * process with CAP_SYS_PTRACE in there could: from every descriptor above the standard streams, the root and
 * the working directory it walks up as far as it gets and looks for MARKER, a path of the host without the
 * leading slash; and it looks for itself in what is a procfs.
 *
 * Prints a line for each new finding, "STAGE NAME TARGET CALL": `host` or `processes`; fd/N, root or cwd; where
 * that link leads; and the number of the system call. STAGE is `born` before the process has called umask(2), with
 * which the identity begins, and `late` from then on. Ends with "stops N" and the command's exit status.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PROCESSES 64
#define MAX_FINDINGS 256
#define PROC_MAGIC 0x9fa0
#define OPTIONS                                                                                              \
    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |                \
     PTRACE_O_TRACEEXEC)

static const char *marker;
static pid_t late[MAX_PROCESSES];
static int lates;
static char findings[MAX_FINDINGS][512];
static int found;
static long stops;

static bool is_late(pid_t process) {
    for (int i = 0; i < lates; i++)
        if (late[i] == process)
            return true;
    return false;
}

/** The stub, inside of another pid namespace than ours. */
static bool is_inside(pid_t process) {
    char path[64];
    char text[4096] = "";
    snprintf(path, sizeof(path), "/proc/%d/exe", process);
    ssize_t length = readlink(path, text, sizeof(text) - 1);
    if (length < 0 || strstr(text, "memfd:tsoci-init") == NULL)
        return false;
    snprintf(path, sizeof(path), "/proc/%d/status", process);
    FILE *file = fopen(path, "r");
    bool inside = false;
    while (file && fgets(text, sizeof(text), file)) {
        int outer;
        int inner;
        if (strncmp(text, "NSpid:", 6) == 0)
            inside = sscanf(text, "NSpid: %d %d", &outer, &inner) == 2;
    }
    if (file)
        fclose(file);
    return inside;
}

static void report(pid_t process, const char *what, const char *name, long call) {
    char path[300];
    char target[4096] = "";
    char line[512];
    snprintf(path, sizeof(path), "/proc/%d/%s", process, name);
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    target[length < 0 ? 0 : length] = 0;
    snprintf(line, sizeof(line), "%s %s %s %.200s", is_late(process) ? "late" : "born", what, name, target);
    for (int i = 0; i < found; i++)
        if (strcmp(findings[i], line) == 0)
            return;
    if (found < MAX_FINDINGS)
        strcpy(findings[found++], line);
    printf("%s %ld\n", line, call);
}

static void examine(pid_t process, const char *name, long call) {
    char path[600];
    char self[32];
    struct statfs system;
    struct stat status;
    snprintf(path, sizeof(path), "/proc/%d/%s", process, name);
    int here = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (here < 0)
        return;
    snprintf(self, sizeof(self), "%d", getpid());
    if (fstatfs(here, &system) == 0 && system.f_type == PROC_MAGIC && fstatat(here, self, &status, 0) == 0)
        report(process, "processes", name, call);
    for (int level = 0; level < 64; level++) {
        if (faccessat(here, marker, F_OK, 0) == 0) {
            report(process, "host", name, call);
            break;
        }
        int above = openat(here, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(here);
        here = above;
        if (here < 0)
            return;
    }
    close(here);
}

static void look(pid_t process, long call) {
    char path[64];
    char name[300];
    struct dirent *entry;
    stops++;
    examine(process, "root", call);
    examine(process, "cwd", call);
    snprintf(path, sizeof(path), "/proc/%d/fd", process);
    DIR *list = opendir(path);
    while (list && (entry = readdir(list))) {
        if (atoi(entry->d_name) <= 2)
            continue;
        snprintf(name, sizeof(name), "fd/%s", entry->d_name);
        examine(process, name, call);
    }
    if (list)
        closedir(list);
}

static void on_call(pid_t process) {
    struct __ptrace_syscall_info info;
    static long last;
    if (!is_inside(process) || ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof(info), &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        last = (long)info.entry.nr;
        if (last == SYS_umask && !is_late(process) && lates < MAX_PROCESSES)
            late[lates++] = process;
    }
    look(process, last);
}

static void on_stop(pid_t thread, int status) {
    int signal = WSTOPSIG(status);
    int event = status >> 16;
    int deliver = 0;
    if (signal == (SIGTRAP | 0x80))
        on_call(thread);
    else if (event == PTRACE_EVENT_STOP && is_inside(thread))
        look(thread, -1);
    if (event == PTRACE_EVENT_STOP &&
        (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)) {
        ptrace(PTRACE_LISTEN, thread, 0, 0);
        return;
    }
    if (event == 0 && signal != (SIGTRAP | 0x80))
        deliver = signal;
    ptrace(PTRACE_SYSCALL, thread, 0, deliver);
}

int main(int count, char **arguments) {
    int gate[2];
    if (count < 3 || pipe2(gate, O_CLOEXEC) < 0)
        return 2;
    marker = arguments[1];
    pid_t command = fork();
    if (command == 0) {
        char go;
        if (read(gate[0], &go, 1) != 1)
            _exit(2);
        execvp(arguments[2], arguments + 2);
        _exit(127);
    }
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
        if (thread == command)
            break;
    }
    printf("stops %ld %d\n", stops, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    fflush(stdout);
    return 0;
}
