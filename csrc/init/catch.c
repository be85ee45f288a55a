#include "catch.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "kernel/sys.h"
#include "role/terminal.h"

/** Where the program's pidfd is. */
static const int *program;

/** Signals that a bug of ours raises. Sent by someone else, they are for the program as all others are. */
static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

static void on_crash(int signal, siginfo_t *info, void *context) {
    (void)context;
    if (info->si_code <= 0) {
        sys_pidfd_send_signal(*program, signal);
        return;
    }
    terminal_restore();
    struct sigaction fall = {.sa_handler = SIG_DFL};
    sigaction(signal, &fall, NULL);
    raise(signal);
}

int catch_signals(const int *pidfd) {
    sigset_t all;
    struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_RESTART};
    program = pidfd;
    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
        return -errno;
    sys_default_signals();
    for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
        sigdelset(&all, crashes[i]);
        sigaction(crashes[i], &crash, NULL);
    }
    if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
        return -errno;
    int descriptor = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}
