#include "role/terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct {
    int descriptor;
    volatile bool raw;
    struct termios settings;
} terminal = {.descriptor = -1};

bool terminal_find(void) {
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (tcgetattr(stream, &terminal.settings) == 0) {
            terminal.descriptor = stream;
            return true;
        }
    }
    return false;
}

bool terminal_foreground(void) {
    return terminal.descriptor >= 0 && tcgetpgrp(terminal.descriptor) == getpgrp();
}

void terminal_raw(void) {
    struct termios raw = terminal.settings;
    if (terminal.descriptor < 0 || terminal.raw)
        return;
    tcflag_t output = raw.c_oflag;
    cfmakeraw(&raw);
    raw.c_oflag = output;
    terminal.raw = true;
    tcsetattr(terminal.descriptor, TCSANOW, &raw);
}

void terminal_restore(void) {
    if (!terminal.raw)
        return;
    terminal.raw = false;
    // TCSADRAIN would wait for output that a stopped terminal never takes.
    tcsetattr(terminal.descriptor, TCSANOW, &terminal.settings);
}

void terminal_copy_size(int master) {
    struct winsize size;
    if (master >= 0 && terminal.descriptor >= 0 && ioctl(terminal.descriptor, TIOCGWINSZ, &size) == 0)
        ioctl(master, TIOCSWINSZ, &size);
}

void terminal_stop_job(void) {
    sigset_t blocked;
    sigset_t input;
    sigemptyset(&input);
    sigaddset(&input, SIGTTIN);
    sigprocmask(SIG_UNBLOCK, &input, &blocked);
    kill(0, SIGTTIN);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}
