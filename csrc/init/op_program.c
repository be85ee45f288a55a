/* Finding the program, and what its environment lacks. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctx.h"
#include "fd.h"
#include "sys.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define PASSWD_MAX (1U << 20)

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

static int search(struct ctx *ctx, const char *name, const char *path) {
    int worst = -ENOENT;
    size_t length = strlen(name);
    for (;;) {
        size_t directory = strcspn(path, ":");
        char *at = ctx->executable;
        if (directory + length + 3 <= sizeof(ctx->executable)) {
            // An empty element is the working directory.
            if (directory == 0)
                *at++ = '.';
            memcpy(at, path, directory);
            at += directory;
            *at++ = '/';
            memcpy(at, name, length + 1);
            int error = check_executable(ctx, ctx->executable);
            if (error == 0)
                return 0;
            if (error == -EACCES)
                worst = error;
        }
        if (path[directory] == '\0')
            break;
        path += directory + 1;
    }
    return fail(ctx, worst, worst == -EACCES ? "permission denied" : "executable file not found in $PATH");
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

/** Cuts the next field of a line of /etc/passwd off. */
static char *next_field(char **rest) {
    char *field = *rest;
    if (field == NULL)
        return NULL;
    char *colon = strchr(field, ':');
    if (colon != NULL)
        *colon++ = '\0';
    *rest = colon;
    return field;
}

/** The home directory in a line, if it is this user's: name:password:uid:gid:comment:home:shell. */
static const char *home_of(char *line, uint32_t uid) {
    char *fields[6] = {NULL};
    uint32_t found;
    for (size_t i = 0; i < 6; i++)
        fields[i] = next_field(&line);
    if (fields[5] == NULL || fields[5][0] == '\0')
        return NULL;
    return number_parse(fields[2], UINT32_MAX, &found) && found == uid ? fields[5] : NULL;
}

/** Looks through /etc/passwd with one small buffer; lines that do not fit it are nobody's. */
static const char *find_home(int file, uint32_t uid, char *buffer, size_t size) {
    size_t held = 0;
    bool skip = false;
    for (size_t total = 0; total < PASSWD_MAX;) {
        ssize_t got = fd_read(file, buffer + held, size - 1 - held);
        if (got < 0 || (got == 0 && held == 0))
            return NULL;
        size_t end = held + (size_t)got;
        total += (size_t)got;
        buffer[end] = '\0';
        if (got == 0)
            buffer[end++] = '\n';
        char *line = buffer;
        char *newline;
        while ((newline = memchr(line, '\n', end - (size_t)(line - buffer))) != NULL) {
            *newline = '\0';
            const char *home = skip ? NULL : home_of(line, uid);
            if (home != NULL)
                return home;
            skip = false;
            line = newline + 1;
        }
        held = end - (size_t)(line - buffer);
        if (held >= size - 1) {
            skip = true;
            held = 0;
        }
        memmove(buffer, line, held);
        if (got == 0)
            return NULL;
    }
    return NULL;
}

int op_home_directory(struct ctx *ctx, const struct op_home_directory *op) {
    char buffer[4096];
    struct stat status;
    // Not even a missing or odd file is an error: "/" is then the answer. O_NONBLOCK, for it may be a FIFO.
    scope_fd file = sys_openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (file < 0 || sys_fstat(file, &status) < 0 || !S_ISREG(status.st_mode))
        return 0;
    const char *home = find_home(file, op->uid, buffer, sizeof(buffer));
    if (home != NULL && strlen(home) < sizeof(ctx->home))
        memcpy(ctx->home, home, strlen(home) + 1);
    return 0;
}
