/* The container's terminal. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "ctx.h"
#include "inside.h"
#include "kernel/fd.h"
#include "kernel/sys.h"
#include "message.h"

#define PTMX_MAJOR 5
#define PTMX_MINOR 2

/** The multiplexer of the container's own devpts, and nothing that pretends to be it. */
static int open_multiplexer(struct ctx *ctx, int root) {
    struct stat status;
    const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
    scope_fd terminals = inside_open(root, "/dev/pts", O_PATH | O_DIRECTORY, 0);
    if (terminals < 0)
        return fail(ctx, terminals, "/dev/pts/ptmx (is a devpts mounted on /dev/pts?)");
    // To open a device is to do something with it, and an image may bring any: only in a devpts is nothing
    // opened that the kernel did not put there.
    if (sys_file_system(terminals) != DEVPTS_SUPER_MAGIC)
        return fail(ctx, -ENODEV, "/dev/pts is no devpts, so its ptmx is not a terminal multiplexer");
    scope_fd master = sys_openat2(terminals, "ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK, resolve);
    int error = master < 0 ? master : sys_fstat(master, &status);
    if (error < 0)
        return fail(ctx, error, "opening /dev/pts/ptmx");
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(PTMX_MAJOR, PTMX_MINOR) ||
        sys_file_system(master) != DEVPTS_SUPER_MAGIC)
        return fail(ctx, -ENODEV, "/dev/pts/ptmx is not a terminal multiplexer");
    // Who gets the master expects reads that wait.
    int flags = fcntl(master, F_GETFL);
    if (flags < 0 || fcntl(master, F_SETFL, flags & ~O_NONBLOCK) < 0)
        return fail(ctx, -errno, "/dev/pts/ptmx");
    return fd_steal(&master);
}

/** The other end, by descriptor: a path could lead to anything (CVE-2025-52565). */
static int open_peer(struct ctx *ctx, int master) {
    int unlocked = 0;
    if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
        return fail(ctx, -errno, "unlocking the terminal");
    int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return peer < 0 ? fail(ctx, -errno, "opening the terminal") : peer;
}

static int set_up(struct ctx *ctx, const struct op_console *op, int master, int peer) {
    struct termios settings;
    if (tcgetattr(peer, &settings) < 0)
        return fail(ctx, -errno, "reading the terminal's settings");
    // Of a terminal in front of the caller's own, which adds the carriage returns itself. Whoever brings a
    // socket shows the output as it is, in a terminal that adds nothing.
    if (op->socket == WIRE_NO_SLOT)
        settings.c_oflag &= ~(tcflag_t)ONLCR;
    if (tcsetattr(peer, TCSANOW, &settings) < 0)
        return fail(ctx, -errno, "changing the terminal's settings");
    struct winsize size = {.ws_row = (unsigned short)op->rows, .ws_col = (unsigned short)op->columns};
    if (op->rows != 0 && op->columns != 0 && ioctl(master, TIOCSWINSZ, &size) < 0)
        return fail(ctx, -errno, "setting the terminal's size");
    // The group stays what the devpts gives, which is how programs of that group may write there (tty(1)).
    int error = fd_give(peer, op->uid);
    return error < 0 ? fail(ctx, error, "owner of the terminal") : 0;
}

/** Gives the master to whoever listens on the console socket, or to the parent. */
static int hand_over(struct ctx *ctx, const struct op_console *op, int master) {
    struct text name = {0};
    char number[NUMBER_SIZE];
    unsigned index;
    if (ioctl(master, TIOCGPTN, &index) < 0)
        return fail(ctx, -errno, "the terminal's number");
    text_append(&name, "/dev/pts/");
    text_append(&name, number_text(number, index));
    if (op->socket == WIRE_NO_SLOT) {
        message_send_descriptor(ctx, MESSAGE_CONSOLE, name.bytes, master);
        return 0;
    }
    int socket = slot_get(ctx, op->socket);
    if (socket < 0)
        return socket;
    int error = fd_send(socket, name.bytes, name.length, master);
    return error < 0 ? fail(ctx, error, "sending the terminal to the console socket") : 0;
}

/** A file named console in the root's /dev, which a link is replaced by: never anything that a link leads to.
 */
static int console_file(struct ctx *ctx, int root) {
    char name[NAME_MAX + 1];
    struct stat status;
    scope_fd parent = inside_parent(ctx, root, "/dev/console", name);
    if (parent < 0)
        return parent;
    if (sys_fstatat(parent, name, &status) == 0 && S_ISLNK(status.st_mode) && unlinkat(parent, name, 0) < 0)
        return fail(ctx, -errno, "replacing /dev/console");
    int made = sys_openat(parent, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (made >= 0)
        close(made);
    else if (made != -EEXIST)
        return fail(ctx, made, "making /dev/console");
    scope_fd file = sys_openat(parent, name, O_PATH | O_NOFOLLOW, 0);
    int error = file < 0 ? file : sys_fstat(file, &status);
    if (error < 0)
        return fail(ctx, error, "opening /dev/console");
    if (S_ISLNK(status.st_mode) || S_ISDIR(status.st_mode))
        return fail(ctx, -EEXIST, "/dev/console is no file that could be mounted on");
    return fd_steal(&file);
}

static int bind_console(struct ctx *ctx, int root, int peer) {
    scope_fd target = console_file(ctx, root);
    if (target < 0)
        return target;
    scope_fd tree = sys_open_tree(peer, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
    int error = tree < 0 ? tree : sys_move_mount(tree, target);
    return error < 0 ? fail(ctx, error, "mounting the terminal on /dev/console") : 0;
}

static int become_terminal(struct ctx *ctx, int peer) {
    if (!ctx->new_session && setsid() < 0 && getsid(0) != getpid())
        return fail(ctx, -EPERM, "setsid");
    ctx->new_session = true;
    if (ioctl(peer, TIOCSCTTY, 0) < 0)
        return fail(ctx, -errno, "taking the terminal as the controlling one");
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (dup2(peer, stream) < 0)
            return fail(ctx, -errno, "standard streams");
    }
    return 0;
}

int op_console(struct ctx *ctx, const struct op_console *op) {
    scope_fd own = -1;
    int root;
    if (op->root == WIRE_NO_SLOT)
        root = own = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    else
        root = slot_get(ctx, op->root);
    if (root < 0)
        return root;
    scope_fd master = open_multiplexer(ctx, root);
    if (master < 0)
        return master;
    scope_fd peer = open_peer(ctx, master);
    if (peer < 0)
        return peer;
    int error = set_up(ctx, op, master, peer);
    if (error == 0)
        error = hand_over(ctx, op, master);
    if (error == 0 && op->bind)
        error = bind_console(ctx, root, peer);
    return error < 0 ? error : become_terminal(ctx, peer);
}
