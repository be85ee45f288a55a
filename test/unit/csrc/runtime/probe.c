/* Calls everything that csrc/runtime has and prints what came of it. With the system's C library it prints
 * the same. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void put(const char *text) {
    if (write(1, text, strlen(text)) < 0)
        _exit(9);
}

static void number(const char *name, long value) {
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    unsigned long rest = value < 0 ? 0UL - (unsigned long)value : (unsigned long)value;
    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    put(name);
    put(value < 0 ? " -" : " ");
    put(digits + at);
    put("\n");
}

/* Opaque to the optimiser, so that the calls really happen. */
static const char *hide(const char *text) {
    __asm__ volatile("" : "+r"(text));
    return text;
}

static long sign(long value) {
    return (value > 0) - (value < 0);
}

static long offset(const char *found, const char *text) {
    return found == NULL ? -1 : found - text;
}

static void texts(void) {
    static const char *const samples[] = {"",   "a",     "abc",      "abd",
                                          "ab", "/a/b/", "\xff\x80", "aaaaaaaaaaaaaaaaaaaaaaaab"};
    const size_t count = sizeof samples / sizeof samples[0];
    for (size_t i = 0; i < count; i++) {
        const char *text = hide(samples[i]);
        number("strlen", (long)strlen(text));
        for (const char *wanted = "a/b\xff";; wanted++) {
            number("strchr", offset(strchr(text, *wanted), text));
            number("strrchr", offset(strrchr(text, *wanted), text));
            number("memchr", offset(memchr(text, *wanted, strlen(text)), text));
            if (*wanted == '\0')
                break;
        }
        for (size_t j = 0; j < count; j++) {
            const char *other = hide(samples[j]);
            number("strcmp", sign(strcmp(text, other)));
            number("strncmp", sign(strncmp(text, other, 2)));
            number("strncmp", sign(strncmp(text, other, 0)));
            number("strspn", (long)strspn(text, other));
            number("strcspn", (long)strcspn(text, other));
            size_t shorter = strlen(text) < strlen(other) ? strlen(text) : strlen(other);
            number("memcmp", sign(memcmp(text, other, shorter)));
        }
    }
}

static void memory(void) {
    char buffer[64];
    for (size_t length = 0; length < 20; length++)
        for (size_t from = 0; from < 8; from++)
            for (size_t to = 0; to < 8; to++) {
                for (size_t i = 0; i < sizeof buffer; i++)
                    buffer[i] = (char)(i * 7);
                long same = memmove(buffer + to, hide(buffer + from), length) == buffer + to;
                memset(buffer + 40, (int)length, length);
                memcpy(buffer + 30, hide(buffer + to), length % 10);
                unsigned sum = 0;
                for (size_t i = 0; i < sizeof buffer; i++)
                    sum = sum * 31 + (unsigned char)buffer[i];
                number("moved", (long)sum + same);
            }
    char copy[8];
    strcpy(copy, hide("seven77"));
    put(copy);
    put("\n");
}

static volatile sig_atomic_t caught;

static void on_signal(int signal) {
    caught = signal;
}

static void signals(void) {
    struct sigaction action;
    struct sigaction old;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    number("sigaction", sigaction(SIGUSR1, &action, &old));
    number("default", old.sa_handler == SIG_DFL);
    number("sigaction", sigaction(SIGUSR1, NULL, &old));
    number("handler", old.sa_handler == on_signal);
    number("mask", memcmp(&old.sa_mask, &action.sa_mask, 8));
    number("restart", (old.sa_flags & SA_RESTART) != 0);
    number("raise", raise(SIGUSR1));
    number("caught", caught);
    number("kill", kill(getpid(), 0));
    sigset_t set;
    sigset_t before;
    sigfillset(&set);
    sigdelset(&set, SIGUSR1);
    number("block", sigprocmask(SIG_SETMASK, &set, &before));
    number("block", sigprocmask(SIG_SETMASK, NULL, &set));
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    struct signalfd_siginfo info;
    number("nothing", read(descriptor, &info, sizeof info));
    number("errno", errno);
    raise(SIGUSR2);
    number("read", read(descriptor, &info, sizeof info));
    number("signal", info.ssi_signo);
    close(descriptor);
    sigprocmask(SIG_SETMASK, &before, NULL);
    number("wrong", sigaction(SIGKILL, &action, NULL));
    number("errno", errno);
}

static int shared;

static int in_child(void *argument) {
    shared = *(int *)argument + 1;
    return 7;
}

static void processes(void) {
    static char stack[16384] __attribute__((aligned(16)));
    int given = 41;
    int status = 0;
    pid_t child = clone(in_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &given);
    number("waited", waitpid(child, &status, 0) == child);
    number("status", WEXITSTATUS(status));
    number("shared", shared);
    number("none", waitpid(-1, &status, WNOHANG));
    number("errno", errno);
    number("group", getpgrp() > 0);
    number("session", getsid(0) > 0);
    number("parent", getppid() > 0);
    number("setsid", setsid() >= -1);
    umask(077);
    number("umask", umask(022));
    char *const arguments[] = {"x", NULL};
    number("execve", execve("/nonexistent", arguments, environ));
    number("errno", errno);
    number("syscall", syscall(SYS_getpid) == getpid());
    number("syscall", syscall(SYS_close, -1));
    number("errno", errno);
}

static void descriptors(void) {
    int ends[2];
    char data[16];
    number("pipe2", pipe2(ends, O_CLOEXEC));
    number("cloexec", fcntl(ends[0], F_GETFD));
    struct pollfd item = {.fd = ends[0], .events = POLLIN};
    number("poll", poll(&item, 1, 1));
    number("write", write(ends[1], "hello", 5));
    number("poll", poll(&item, 1, -1));
    number("read", read(ends[0], data, sizeof data));
    number("dup2", dup2(ends[0], 50));
    number("cloexec", fcntl(50, F_GETFD));
    number("dup2", dup2(50, 50));
    number("dup2", dup2(999, 999));
    number("close", close(50));
    int file = memfd_create("probe", MFD_CLOEXEC);
    number("write", write(file, "content", 7));
    number("lseek", lseek(file, -3, SEEK_END));
    number("sendfile", sendfile(ends[1], file, NULL, 10));
    off_t position = 1;
    number("sendfile", sendfile(ends[1], file, &position, 2));
    number("position", position);
    number("read", read(ends[0], data, sizeof data));
    data[5] = '\0';
    put(data);
    void *mapped = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    number("mapped", memcmp(mapped, "content", 7));
    number("munmap", munmap(mapped, 4096));
    number("failed", mmap(NULL, 0, PROT_READ, MAP_PRIVATE, file, 0) == MAP_FAILED);
    number("errno", errno);
    struct stat status;
    number("fstat", fstat(file, &status));
    number("size", status.st_size);
    struct statfs system;
    number("fstatfs", fstatfs(file, &system));
    number("type", system.f_type);
    int pair[2];
    number("socketpair", syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET, 0, pair));
    struct iovec vector = {data, 5};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    number("sendmsg", sendmsg(pair[0], &message, MSG_NOSIGNAL));
    number("recv", recv(pair[1], data, sizeof data, MSG_PEEK));
    number("recvmsg", recvmsg(pair[1], &message, 0));
    number("socket", socket(AF_UNIX, 77, 0));
    number("errno", errno);
    number("accept", accept4(pair[0], NULL, NULL, 0));
    number("errno", errno);
}

/* In the directory that is the working directory. */
static void files(void) {
    struct stat status;
    char target[64];
    int here = (int)syscall(SYS_openat, AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
    number("mkdirat", mkdirat(here, "directory", 0750));
    number("mknodat", mknodat(here, "pipe", S_IFIFO | 0640, 0));
    number("symlinkat", symlinkat("directory", here, "link"));
    number("readlinkat", readlinkat(here, "link", target, sizeof target));
    number("chmod", fchmodat(here, "directory", 0711, 0));
    number("chmod", fchmodat(here, "pipe", 0604, 0));
    number("chmod", fchmodat(here, "absent", 0604, 0));
    number("errno", errno);
    number("stat", stat("link", &status));
    number("mode", status.st_mode);
    number("fstatat", fstatat(here, "link", &status, AT_SYMLINK_NOFOLLOW));
    number("mode", status.st_mode);
    number("fstatat", fstatat(here, "pipe", &status, 0));
    number("mode", status.st_mode);
    number("chown", fchownat(here, "link", status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW));
    struct timespec times[2] = {{1, 2}, {3, 4}};
    number("utimensat", utimensat(here, "pipe", times, 0));
    fstatat(here, "pipe", &status, 0);
    number("seconds", status.st_mtim.tv_sec);
    number("chdir", chdir("directory"));
    number("fchdir", fchdir(here));
    number("fchdir", fchdir(here));
    int named = (int)syscall(SYS_openat, here, "named", O_RDWR | O_CREAT, 0600);
    number("fsetxattr", fsetxattr(named, "user.one", "value", 5, XATTR_CREATE));
    number("fsetxattr", fsetxattr(named, "user.one", "value", 5, XATTR_CREATE));
    number("errno", errno);
    number("flistxattr", flistxattr(named, target, sizeof target));
    number("flistxattr", flistxattr(named, NULL, 0));
    number("fgetxattr", fgetxattr(named, "user.one", target, sizeof target));
    number("fgetxattr", fgetxattr(named, "user.two", target, sizeof target));
    number("errno", errno);
    number("unlinkat", unlinkat(here, "named", 0));
    number("unlinkat", unlinkat(here, "pipe", 0));
    number("unlinkat", unlinkat(here, "link", 0));
    number("unlinkat", unlinkat(here, "directory", 0));
    number("errno", errno);
    number("unlinkat", unlinkat(here, "directory", AT_REMOVEDIR));
}

static void terminals(void) {
    struct termios settings;
    int terminal = (int)syscall(SYS_openat, AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY, 0);
    number("tcgetattr", tcgetattr(terminal, &settings));
    number("input", (long)settings.c_iflag);
    number("output", (long)settings.c_oflag);
    number("local", (long)settings.c_lflag);
    number("interrupt", settings.c_cc[VINTR]);
    settings.c_oflag &= ~(tcflag_t)ONLCR;
    number("tcsetattr", tcsetattr(terminal, TCSANOW, &settings));
    tcgetattr(terminal, &settings);
    number("output", (long)settings.c_oflag);
    cfmakeraw(&settings);
    number("tcsetattr", tcsetattr(terminal, TCSADRAIN, &settings));
    tcgetattr(terminal, &settings);
    number("input", (long)settings.c_iflag);
    number("output", (long)settings.c_oflag);
    number("local", (long)settings.c_lflag);
    number("control", (long)(settings.c_cflag & (CSIZE | PARENB)));
    number("least", settings.c_cc[VMIN]);
    number("tcgetattr", tcgetattr(0, &settings));
    number("errno", errno);
    number("tcgetpgrp", tcgetpgrp(0));
    struct winsize size = {24, 80, 0, 0};
    number("ioctl", ioctl(terminal, TIOCSWINSZ, &size));
}

static void clocks(void) {
    struct timespec before;
    struct timespec after;
    struct timespec pause = {0, 2000000};
    number("clock", clock_gettime(CLOCK_MONOTONIC, &before));
    number("nanosleep", nanosleep(&pause, NULL));
    clock_gettime(CLOCK_MONOTONIC, &after);
    number("slept", (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >= 2000000);
}

__attribute__((noinline)) static void overrun(const char *text) {
    char room[16];
    volatile char *at = room;
    for (size_t i = 0; i < strlen(text); i++)
        at[i] = text[i];
    number("last", at[3]);
}

static const char *const relocated[] = {"one", "two"};

int main(int count, char **arguments) {
    if (count == 3)
        overrun(hide("this is much longer than the room that there is for it, and goes on"));
    number("count", count);
    put(arguments[1]);
    put("\n");
    put(environ[0]);
    put("\n");
    put(hide(relocated[count % 2]));
    put("\n");
    texts();
    memory();
    signals();
    processes();
    descriptors();
    files();
    terminals();
    clocks();
    return 42;
}
