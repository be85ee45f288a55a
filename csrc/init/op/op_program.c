/* Finding the program, and what its environment lacks. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctx.h"
#include "kernel/fd.h"
#include "kernel/sys.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Enough for whoever lists a whole company there, and an end where an image brings a file without one. */
#define PASSWD_MAX (256U << 20)

/** Could this file be executed? 0, or why not. */
static int check_executable(struct ctx *ctx, const char *path) {
    struct stat status;
    if (stat(path, &status) < 0)
        return fail(ctx, -errno, errno == ENOENT ? "no such file or directory" : "");
    if (S_ISDIR(status.st_mode))
        return fail(ctx, -EACCES, "is a directory");
    int error = sys_may_execute(AT_FDCWD, path);
    return error < 0 ? fail(ctx, error, "permission denied") : 0;
}

/** `directory` of PATH and `name` as a path in ctx->executable; false when it is too long for one. */
static bool join_path(struct ctx *ctx, const char *directory, size_t length, const char *name) {
    size_t rest = strlen(name);
    char *at = ctx->executable;
    if (length + rest + 3 > sizeof(ctx->executable))
        return false;
    // An empty element is the working directory.
    if (length == 0)
        *at++ = '.';
    memcpy(at, directory, length);
    at += length;
    *at++ = '/';
    memcpy(at, name, rest + 1);
    return true;
}

/**
 * Looks for a program in the directories of PATH. What is there but may not be executed is passed by, and
 * told when nothing else is found: engines take "permission denied" for another error than a missing program.
 */
static int search(struct ctx *ctx, const char *name, const char *path) {
    static char passed[PATH_MAX];
    while (*name != '\0') {
        size_t length = strcspn(path, ":");
        if (join_path(ctx, path, length, name)) {
            int error = check_executable(ctx, ctx->executable);
            if (error == 0)
                return 0;
            if (error == -EACCES && passed[0] == '\0')
                memcpy(passed, ctx->executable, sizeof(passed));
        }
        if (path[length] == '\0')
            break;
        path += length + 1;
    }
    ctx->executable[0] = '\0';
    text_clear(&ctx->detail);
    if (passed[0] == '\0')
        return fail(ctx, -ENOENT, "executable file not found in $PATH");
    return fail(ctx, -ENOENT, "executable file not found in $PATH (\"", passed, "\" may not be executed)");
}

int op_find_executable(struct ctx *ctx, const struct op_find_executable *op) {
    const char *name = op->name.text;
    if (strchr(name, '/') == NULL)
        return search(ctx, name, op->path.length == 0 ? DEFAULT_PATH : op->path.text);
    if (op->name.length >= sizeof(ctx->executable))
        return fail(ctx, -ENAMETOOLONG, "the path is too long");
    memcpy(ctx->executable, name, op->name.length + 1);
    return check_executable(ctx, name);
}

/** The fields of a line of /etc/passwd: name:password:uid:gid:comment:home:shell. */
enum passwd_field { PASSWD_UID = 2, PASSWD_HOME = 5 };

/** What the line of /etc/passwd has said so far. */
struct passwd_line {
    unsigned field;
    size_t length;
    bool mine;
    char uid[NUMBER_SIZE];
    char home[PATH_MAX];
};

/** One byte of a field; what is too long for its place makes the line nobody's. */
static void passwd_add(struct passwd_line *line, char byte) {
    if (line->field == PASSWD_UID && line->length < sizeof(line->uid) - 1)
        line->uid[line->length] = byte;
    if (line->field == PASSWD_HOME && line->length < sizeof(line->home) - 1)
        line->home[line->length] = byte;
    line->length++;
}

/** At the end of a field: is the home directory of this user known now? */
static bool passwd_end(struct passwd_line *line, uint32_t uid) {
    uint32_t found;
    if (line->field == PASSWD_UID && line->length < sizeof(line->uid)) {
        line->uid[line->length] = '\0';
        line->mine = number_parse(line->uid, UINT32_MAX, &found) && found == uid;
    }
    if (line->field != PASSWD_HOME || !line->mine || line->length == 0 || line->length >= sizeof(line->home))
        return false;
    line->home[line->length] = '\0';
    return true;
}

/** Looks through /etc/passwd byte by byte, for the file and its lines may be of any length. */
static bool find_home(int file, uint32_t uid, struct passwd_line *line) {
    char buffer[16384];
    for (size_t total = 0; total < PASSWD_MAX;) {
        ssize_t got = fd_read(file, buffer, sizeof(buffer));
        if (got < 0)
            return false;
        // The last line may lack its newline.
        if (got == 0)
            return passwd_end(line, uid);
        total += (size_t)got;
        for (const char *at = buffer; at < buffer + got; at++) {
            if (*at != ':' && *at != '\n') {
                passwd_add(line, *at);
                continue;
            }
            if (passwd_end(line, uid))
                return true;
            line->length = 0;
            line->field++;
            if (*at == '\n')
                *line = (struct passwd_line){0};
        }
    }
    return false;
}

const char *home_variable(const struct ctx *ctx) {
    static char variable[sizeof("HOME=") + PATH_MAX] = "HOME=";
    strcpy(variable + strlen("HOME="), ctx->home[0] == '\0' ? "/" : ctx->home);
    return variable;
}

int op_home_directory(struct ctx *ctx, const struct op_home_directory *op) {
    struct passwd_line line = {0};
    struct stat status;
    // Not even a missing or odd file is an error: "/" is then the answer. O_NONBLOCK, for it may be a FIFO.
    // We are root still, so it must not be a way into the root of another process.
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    scope_fd file = sys_openat2(AT_FDCWD, "/etc/passwd", flags, RESOLVE_NO_MAGICLINKS);
    if (file < 0 || sys_fstat(file, &status) < 0 || !S_ISREG(status.st_mode))
        return 0;
    if (find_home(file, op->uid, &line))
        memcpy(ctx->home, line.home, line.length + 1);
    return 0;
}
