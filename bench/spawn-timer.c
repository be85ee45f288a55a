/*
 * Runs commands one after the other and times each: the same small cost for every contender.
 *
 * One request a line on stdin, fields parted by tabs:
 *   run  REST_MICROSECONDS TIMEOUT_MILLISECONDS PROGRAM ARGUMENT...   answer: STATUS NANOSECONDS MAXRSS_KIB
 *   bg   PROGRAM ARGUMENT...                                          answer: PID
 *   reap PID                                                          answer: STATUS   (waits for it; 0: no child)
 *   end  PID                                                          answer: 0        (kills and reaps it)
 *   cd   DIRECTORY                                                    answer: 0 or an errno, for what comes after
 * STATUS is the exit code, 128 + signal when a signal ended it, and 255 with time 0 when it could not be executed.
 *
 * The time is from just before posix_spawn (which does not copy this process) until wait4 says that it ended.
 * Containers are orphaned by the runtime's exit and become our children (subreaper), like an engine's monitor has it.
 * Standard input and output are /dev/null; standard error goes to the file named by the first argument, emptied
 * before each command.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FIELDS = 64, NANO = 1000000000 };

static volatile sig_atomic_t running;
static posix_spawn_file_actions_t files;
extern char **environ;

static void on_alarm(int signal) {
    (void)signal;
    if (running > 0)
        kill(running, SIGKILL);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long long)time.tv_sec * NANO + time.tv_nsec;
}

static int status_of(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void set_alarm(long milliseconds) {
    const struct itimerval timer = {
        .it_value = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static int wait_for(pid_t pid, struct rusage *usage) {
    int status = 0;
    while (wait4(pid, &status, 0, usage) < 0)
        if (errno != EINTR)
            return 0;
    return status_of(status);
}

static pid_t start(char **arguments) {
    pid_t pid = -1;
    if (ftruncate(STDERR_FILENO, 0) < 0 || lseek(STDERR_FILENO, 0, SEEK_SET) < 0)
        return -1;
    return posix_spawn(&pid, arguments[0], &files, NULL, arguments, environ) == 0 ? pid : -1;
}

static void run(char **fields) {
    const long rest = atol(fields[1]);
    if (rest > 0)
        usleep((useconds_t)rest);
    struct rusage usage = {.ru_maxrss = 0};
    const long long began = now();
    const pid_t pid = start(fields + 3);
    if (pid < 0) {
        printf("255 0 0\n");
        return;
    }
    running = pid;
    set_alarm(atol(fields[2]));
    const int status = wait_for(pid, &usage);
    const long long took = now() - began;
    running = 0;
    set_alarm(0);
    printf("%d %lld %ld\n", status, took, usage.ru_maxrss);
}

static void answer(char **fields, int count) {
    struct rusage usage;
    if (count > 3 && strcmp(fields[0], "run") == 0) {
        run(fields);
    } else if (count > 1 && strcmp(fields[0], "bg") == 0) {
        printf("%d\n", start(fields + 1));
    } else if (count > 1 && strcmp(fields[0], "reap") == 0) {
        printf("%d\n", wait_for(atoi(fields[1]), &usage));
    } else if (count > 1 && strcmp(fields[0], "end") == 0) {
        kill(atoi(fields[1]), SIGKILL);
        wait_for(atoi(fields[1]), &usage);
        printf("0\n");
    } else if (count > 1 && strcmp(fields[0], "cd") == 0) {
        printf("%d\n", chdir(fields[1]) == 0 ? 0 : errno);
    } else {
        exit(2);
    }
    fflush(stdout);
}

int main(int count, char **arguments) {
    if (count != 2) {
        fputs("usage: spawn-timer FILE-FOR-STDERR\n", stderr);
        return 2;
    }
    const int errors = open(arguments[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (errors < 0 || dup2(errors, STDERR_FILENO) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return 1;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);

    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0) {
        line[length - 1] = '\0';
        char *fields[MAX_FIELDS + 1];
        int fields_count = 0;
        for (char *field = strtok(line, "\t"); field && fields_count < MAX_FIELDS; field = strtok(NULL, "\t"))
            fields[fields_count++] = field;
        fields[fields_count] = NULL;
        answer(fields, fields_count);
    }
    free(line);
    return 0;
}
