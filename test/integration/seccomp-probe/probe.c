/*
 * Loads a seccomp filter from a file and reports what happens to system calls under it, each in a process of its own:
 *     probe FILTER FLAGS notify|plain  NUMBER[,ARGUMENT...] ...
 * One line a call: `errno N`, `result N`, or `signal N`. With `notify`, this process answers notifications with errno
 * 77.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { answer = 77, load_failed = 99 };

/* Written by the child without any call, so that the strictest filter cannot keep it from reporting. */
struct report {
    volatile int done;
    volatile int listener;
    volatile long result;
    volatile int error;
};

static struct sock_fprog read_program(const char *path) {
    static struct sock_filter instructions[BPF_MAXINSNS];
    FILE *file = fopen(path, "rb");
    size_t count = file ? fread(instructions, sizeof instructions[0], BPF_MAXINSNS, file) : 0;
    if (count == 0) {
        perror(path);
        exit(load_failed);
    }
    fclose(file);
    return (struct sock_fprog){.len = (unsigned short)count, .filter = instructions};
}

static void parse_call(const char *text, unsigned long call[7]) {
    char *end = NULL;
    memset(call, 0, 7 * sizeof call[0]);
    for (int index = 0; index < 7; index++) {
        call[index] = strtoul(text, &end, 0);
        if (*end != ',') return;
        text = end + 1;
    }
}

static void child(const struct sock_fprog *program, unsigned flags, const unsigned long c[7], struct report *report) {
    long loaded = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
    if (loaded < 0) {
        perror("seccomp");
        _exit(load_failed);
    }
    report->listener = (int)loaded;
    errno = 0;
    report->result = syscall((long)c[0], c[1], c[2], c[3], c[4], c[5], c[6]);
    report->error = errno;
    report->done = 1;
    _exit(0);
}

/* Takes the listener out of the child and answers one notification; gives up when the child ends without one. */
static void supervise(pid_t pid, int pidfd, struct report *report) {
    while (!report->listener && waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOHANG | WNOWAIT) == 0 && !report->done) usleep(1000);
    int listener = (int)syscall(SYS_pidfd_getfd, pidfd, report->listener, 0);
    if (listener < 0) return;
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    if (poll(&ready, 1, 2000) == 1 && (ready.revents & POLLIN)) {
        struct seccomp_notif request = {0};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) == 0) {
            struct seccomp_notif_resp response = {.id = request.id, .error = -answer};
            if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0) perror("answer");
        }
    }
    close(listener);
}

static int probe(const struct sock_fprog *program, unsigned flags, int notify, const char *text) {
    struct report *report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned long call[7];
    int status = 0;
    parse_call(text, call);
    pid_t pid = fork();
    if (pid == 0) child(program, flags, call, report);
    if (notify) {
        int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        supervise(pid, pidfd, report);
        close(pidfd);
    }
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == load_failed) return load_failed;
    /* A filter may kill the child for its exit_group: what counts is whether the call came back. */
    if (!report->done) printf("signal %d\n", WTERMSIG(status));
    else if (report->result == -1) printf("errno %d\n", report->error);
    else printf("result %ld\n", report->result);
    munmap(report, sizeof *report);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 5) return load_failed;
    struct sock_fprog program = read_program(argv[1]);
    int notify = strcmp(argv[3], "notify") == 0;
    unsigned flags = (unsigned)strtoul(argv[2], NULL, 0) | (notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return load_failed;
    setvbuf(stdout, NULL, _IONBF, 0);
    for (int index = 4; index < argc; index++) {
        int result = probe(&program, flags, notify, argv[index]);
        if (result != 0) return result;
    }
    return 0;
}
