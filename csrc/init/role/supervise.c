#include "role/supervise.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.h"
#include "kernel/fd.h"
#include "kernel/sys.h"
#include "role/notices.h"
#include "role/relay.h"
#include "role/terminal.h"
#include "role/tidy.h"
#include "text.h"

/** How often it is looked whether a terminal that all have closed was opened again, or a background job came
 * forward. */
#define LOOK_MILLISECONDS 200

struct supervisor {
    pid_t process;
    int pidfd;
    int signals;
    bool ended;
    int status;
    /** We may read keys: the terminal is ours, or there is none. */
    bool reads;
    struct relay relay;
    struct notices notices;
};

/** One in a process: in .bss for its buffers. */
static struct supervisor supervisor;

static int complain(const char *what, int error) {
    struct text line = {0};
    char number[NUMBER_SIZE];
    text_append(&line, "tsoci-init: supervise: ");
    text_append(&line, what);
    text_append(&line, ": error ");
    text_append(&line, number_text(number, error < 0 ? -error : error));
    text_append(&line, "\n");
    (void)fd_write(STDERR_FILENO, line.bytes, line.length);
    return 1;
}

/** Stops like any job does, with the terminal as it was; returns when continued. SIGSTOP cannot be blocked.
 */
static void stop(void) {
    terminal_restore();
    kill(getpid(), SIGSTOP);
}

/** Takes the terminal if it is ours to take. In the background that stops the job, as reading from it would.
 */
static void take_terminal(struct supervisor *self) {
    if (self->relay.master < 0)
        return;
    if (!terminal_foreground())
        terminal_stop_job();
    self->reads = terminal_foreground();
    if (!self->reads)
        return;
    terminal_raw();
    terminal_copy_size(self->relay.master);
}

/** Reaps what ended: our program, and what we happen to have inherited. */
static void reap(struct supervisor *self) {
    int status;
    pid_t process;
    while ((process = waitpid(-1, &status, WNOHANG)) > 0 || (process < 0 && errno == EINTR)) {
        if (process == self->process) {
            self->status = status;
            self->ended = true;
        }
    }
    // It was never our child: all that can be known is that it ended.
    if (process < 0 && errno == ECHILD && !self->ended) {
        struct pollfd alive = {.fd = self->pidfd, .events = POLLIN};
        if (poll(&alive, 1, 0) > 0) {
            self->status = W_EXITCODE(1, 0);
            self->ended = true;
        }
    }
}

static void on_signal(struct supervisor *self, int signal) {
    bool relays = self->relay.master >= 0;
    switch (signal) {
    case SIGCHLD:
    case SIGPIPE:
        return;
    case SIGWINCH:
        if (relays)
            terminal_copy_size(self->relay.master);
        else
            sys_pidfd_send_signal(self->pidfd, signal);
        return;
    case SIGTTIN:
    case SIGTTOU:
        stop();
        return;
    case SIGTSTP:
        sys_pidfd_send_signal(self->pidfd, signal);
        stop();
        return;
    case SIGCONT:
        sys_pidfd_send_signal(self->pidfd, signal);
        if (terminal_foreground())
            take_terminal(self);
        else
            self->reads = !relays;
        return;
    default:
        sys_pidfd_send_signal(self->pidfd, signal);
    }
}

static void read_signals(struct supervisor *self) {
    struct signalfd_siginfo info;
    while (read(self->signals, &info, sizeof(info)) == sizeof(info))
        on_signal(self, (int)info.ssi_signo);
}

/** Signals that come after the end of the program are ours. Is one of them for ending? */
static bool told_to_end(struct supervisor *self) {
    struct signalfd_siginfo info;
    bool told = false;
    while (read(self->signals, &info, sizeof(info)) == sizeof(info)) {
        switch (info.ssi_signo) {
        case SIGCHLD:
        case SIGCONT:
        case SIGPIPE:
        case SIGURG:
        case SIGWINCH:
            break;
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU:
            stop();
            break;
        default:
            told = true;
        }
    }
    return told;
}

/** Moves on what the program wrote last. */
static int drain(struct supervisor *self) {
    bool patient = true;
    relay_end(&self->relay);
    while (!relay_over(&self->relay)) {
        int signalled = relay_wait(&self->relay, self->signals, patient);
        if (signalled < 0)
            return signalled;
        if (signalled > 0 && told_to_end(self))
            patient = false;
    }
    return 0;
}

/** The container goes on, whatever the service manager has heard of it. */
static void tell_of(int error) {
    if (error < 0)
        complain("tell the service manager", error);
}

static int watch(struct supervisor *self) {
    struct pollfd descriptors[2 + RELAY_DESCRIPTORS + NOTICES_DESCRIPTORS];
    struct pollfd *const notices = descriptors + 2 + RELAY_DESCRIPTORS;
    for (;;) {
        descriptors[0] = (struct pollfd){.fd = self->signals, .events = POLLIN};
        descriptors[1] = (struct pollfd){.fd = self->pidfd, .events = POLLIN};
        relay_poll(&self->relay, descriptors + 2, self->reads);
        notices_poll(&self->notices, notices);
        bool looks = self->relay.hung_up || !self->reads;
        int ready =
            poll(descriptors, 2 + RELAY_DESCRIPTORS + NOTICES_DESCRIPTORS, looks ? LOOK_MILLISECONDS : -1);
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready < 0)
            continue;
        if (ready == 0)
            self->relay.hung_up = false;
        if (!self->reads && terminal_foreground())
            take_terminal(self);
        if (descriptors[0].revents != 0)
            read_signals(self);
        relay_move(&self->relay, descriptors + 2);
        tell_of(notices_move(&self->notices, notices));
        if ((descriptors[0].revents | descriptors[1].revents) != 0)
            reap(self);
        if (self->ended) {
            tell_of(notices_finish(&self->notices));
            return drain(self);
        }
    }
}

/** Runs the program that clears up; what it has to say it says itself. */
static int run_afterwards(char **arguments) {
    pid_t child = sys_clone(0, SIGCHLD, -1);
    if (child < 0)
        return complain("clone3", child);
    if (child == 0) {
        sys_default_signals();
        sys_unblock_signals();
        execve(arguments[0], arguments, environ);
        complain(arguments[0], errno);
        _exit(127);
    }
    pid_t reaped;
    do
        reaped = waitpid(child, NULL, 0);
    while (reaped < 0 && errno == EINTR);
    return reaped < 0 ? complain("waitpid", errno) : 0;
}

static int usage(void) {
    static const char line[] = "usage: tsoci-init supervise PID MASTER|-1 [--notify SOCKET MANAGER LINE "
                               "MESSAGE] [--of STATE | --tidy STATE CGROUP...] [-- program argument...]\n";
    (void)fd_write(STDERR_FILENO, line, sizeof(line) - 1);
    return 1;
}

/** Index of the first argument behind those about notices; -1 when they are not what they have to be. */
static int read_notices(struct notices *notices, int count, char **arguments) {
    notices->socket = -1;
    if (count < 3 || !text_equal(arguments[2], "--notify"))
        return 2;
    return count >= 7 && notices_begin(notices, arguments + 3) ? 7 : -1;
}

/** Index of the `--` behind which the program stands, or `count`; -1 when there is something else. */
static int find_program(int at, int count, char **arguments) {
    if (at < count && (text_equal(arguments[at], "--tidy") || text_equal(arguments[at], "--of")))
        while (at < count && !text_equal(arguments[at], "--"))
            at++;
    if (at == count)
        return count;
    return text_equal(arguments[at], "--") && at + 1 < count ? at : -1;
}

/** By SIGKILL, itself or what it waited for and answers with as shells do: nobody who ends so says why. */
static bool was_killed(int status) {
    return WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 128 + SIGKILL;
}

int supervise(int count, char **arguments) {
    struct supervisor *self = &supervisor;
    struct tidy tidy;
    uint32_t process;
    uint32_t master = 0;
    bool relays = count >= 2 && !text_equal(arguments[1], "-1");
    if (count < 2 || !number_parse(arguments[0], INT_MAX, &process) || process == 0)
        return usage();
    if (relays && !number_parse(arguments[1], INT_MAX, &master))
        return usage();
    int state = read_notices(&self->notices, count, arguments);
    int program = state < 0 ? -1 : find_program(state, count, arguments);
    if (program < 0)
        return usage();
    tidy_begin(&tidy, arguments + state, program - state);
    sys_prctl(PR_SET_NAME, (unsigned long)"tsoci:[run]", 0);
    self->process = (pid_t)process;
    self->reads = true;
    self->signals = catch_signals(&self->pidfd);
    if (self->signals < 0)
        return complain("signalfd", self->signals);
    self->pidfd = sys_pidfd_open(self->process);
    if (self->pidfd < 0)
        return complain("pidfd_open", self->pidfd);
    relay_begin(&self->relay, relays ? (int)master : -1);
    if (relays && terminal_find())
        take_terminal(self);
    int error = watch(self);
    terminal_restore();
    if (error < 0)
        return complain("poll", error);
    // Why it was killed is still to be read in its cgroup: what reads it there removes it as well.
    if (was_killed(self->status))
        tidy.removes = false;
    if (program < count && !tidy_finish(&tidy))
        run_afterwards(arguments + program + 1);
    return WIFSIGNALED(self->status) ? 128 + WTERMSIG(self->status) : WEXITSTATUS(self->status);
}
