/* Terminals. The kernel's structure is the beginning of the C library's, with fewer control characters. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "raw.h"

/* asm-generic/termbits.h, which cannot be included beside termios.h. */
struct kernel_termios {
    tcflag_t input;
    tcflag_t output;
    tcflag_t control;
    tcflag_t local;
    cc_t line;
    cc_t characters[19];
};

int tcgetattr(int descriptor, struct termios *settings) {
    struct kernel_termios kernel;
    if (ioctl(descriptor, TCGETS, &kernel) < 0)
        return -1;
    memset(settings, 0, sizeof *settings);
    settings->c_iflag = kernel.input;
    settings->c_oflag = kernel.output;
    settings->c_cflag = kernel.control;
    settings->c_lflag = kernel.local;
    settings->c_line = kernel.line;
    memcpy(settings->c_cc, kernel.characters, sizeof kernel.characters);
    return 0;
}

int tcsetattr(int descriptor, int when, const struct termios *settings) {
    struct kernel_termios kernel = {
        .input = settings->c_iflag,
        .output = settings->c_oflag,
        .control = settings->c_cflag,
        .local = settings->c_lflag,
        .line = settings->c_line,
    };
    memcpy(kernel.characters, settings->c_cc, sizeof kernel.characters);
    if (when == TCSANOW)
        return ioctl(descriptor, TCSETS, &kernel);
    if (when == TCSADRAIN)
        return ioctl(descriptor, TCSETSW, &kernel);
    if (when == TCSAFLUSH)
        return ioctl(descriptor, TCSETSF, &kernel);
    errno = EINVAL;
    return -1;
}

void cfmakeraw(struct termios *settings) {
    settings->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    settings->c_oflag &= ~(tcflag_t)OPOST;
    settings->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    settings->c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
    settings->c_cflag |= CS8;
    settings->c_cc[VMIN] = 1;
    settings->c_cc[VTIME] = 0;
}

pid_t tcgetpgrp(int descriptor) {
    pid_t group = -1;
    return ioctl(descriptor, TIOCGPGRP, &group) < 0 ? -1 : group;
}
