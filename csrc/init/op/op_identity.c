/* Who the program is: user, groups, capabilities, keyring, working directory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctx.h"
#include "kernel/fd.h"
#include "kernel/sys.h"

/** Everything for whoever possesses the keyring; view, read and search for its user. */
#define KEYRING_PERMISSIONS 0x3f0b0000U

#define MAX_CAPABILITIES 64U

int op_keyring(struct ctx *ctx, const struct op_keyring *op) {
    int keyring = sys_keyctl_join(op->name.text);
    // A kernel without keyrings has none to share.
    if (keyring == -ENOSYS)
        return 0;
    if (keyring < 0)
        return fail(ctx, keyring, "joining a new session keyring");
    int error = sys_keyctl_permissions(keyring, KEYRING_PERMISSIONS);
    return error < 0 ? fail(ctx, error, "permissions of the session keyring") : 0;
}

/**
 * May this stream change its owner? What can be had by the descriptor alone, and is the caller's or the
 * container's root's own: a pipe, a socket, or a file that is open for writing. Never a device (/dev/null, a
 * person's terminal: whoever owns it reads what is typed there), a file that is open for reading only (its
 * owner could write it), or what belongs to somebody else.
 */
static bool may_give(int stream, const struct stat *status, uint32_t root) {
    int mode = fcntl(stream, F_GETFL);
    if (mode < 0 || (mode & O_PATH) != 0 || (status->st_uid != getuid() && status->st_uid != root))
        return false;
    return S_ISFIFO(status->st_mode) || S_ISSOCK(status->st_mode) ||
           (S_ISREG(status->st_mode) && (mode & O_ACCMODE) != O_RDONLY);
}

/** Its filesystem, or the namespace that we are in, does not let us. */
static bool refuses_owner(int error) {
    return error == -EPERM || error == -EACCES || error == -EINVAL || error == -EOVERFLOW ||
           error == -EROFS || error == -EDQUOT || error == -EOPNOTSUPP;
}

int op_streams(struct ctx *ctx, const struct op_streams *op) {
    struct stat status;
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (sys_fstat(stream, &status) < 0 || status.st_uid == op->uid ||
            !may_give(stream, &status, op->root))
            continue;
        int error = fd_give(stream, op->uid);
        // What stays another's works all the same, by its descriptor.
        if (error < 0 && !refuses_owner(error))
            return fail(ctx, error, "owner of the standard streams");
    }
    return 0;
}

int op_umask(struct ctx *ctx, const struct op_umask *op) {
    (void)ctx;
    umask(op->mask & 0777);
    return 0;
}

int op_bounding_set(struct ctx *ctx, const struct op_bounding_set *op) {
    char number[NUMBER_SIZE];
    for (unsigned capability = 0; capability < MAX_CAPABILITIES; capability++) {
        if ((op->keep >> capability & 1) != 0)
            continue;
        int error = sys_prctl(PR_CAPBSET_DROP, capability, 0);
        if (error == -EPERM) {
            // Whoever may drop none may have none.
            int present = sys_prctl(PR_CAPBSET_READ, capability, 0);
            error = present > 0 ? error : present;
        }
        // The first one that this kernel does not know.
        if (error == -EINVAL)
            break;
        if (error < 0)
            return fail(ctx, error, "dropping capability ", number_text(number, capability));
    }
    return 0;
}

int op_user(struct ctx *ctx, const struct op_user *op) {
    // `capabilities`, which follows, still has to choose from the permitted ones.
    int error = sys_prctl(PR_SET_KEEPCAPS, 1, 0);
    if (error < 0)
        return fail(ctx, error, "PR_SET_KEEPCAPS");
    if (op->set_groups) {
        error = sys_setgroups(op->groups.count, op->groups.words);
        if (error < 0)
            return fail(ctx, error, "setgroups");
    }
    return take_ids(ctx, op->uid, op->gid);
}

int op_capabilities(struct ctx *ctx, const struct op_capabilities *op) {
    char number[NUMBER_SIZE];
    int error = sys_capset(op->effective, op->permitted, op->inheritable);
    if (error < 0)
        return fail(ctx, error, "capset");
    error = sys_prctl(PR_SET_KEEPCAPS, 0, 0);
    if (error < 0)
        return fail(ctx, error, "PR_SET_KEEPCAPS");
    error = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);
    if (error < 0)
        return fail(ctx, error, "clearing the ambient capabilities");
    for (unsigned capability = 0; capability < MAX_CAPABILITIES; capability++) {
        if ((op->ambient >> capability & 1) == 0)
            continue;
        error = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
        if (error < 0)
            return fail(ctx, error, "raising ambient capability ", number_text(number, capability));
    }
    return 0;
}

int op_working_directory(struct ctx *ctx, const struct op_working_directory *op) {
    char path[PATH_MAX];
    // An attempt before this one got in.
    if (ctx->directory_entered)
        return 0;
    if (chdir(op->path.text) < 0)
        return op->attempt && errno == EACCES ? 0 : fail(ctx, -errno, "\"", op->path.text, "\"");
    // Outside the root there is no path from "/" (CVE-2024-21626: a descriptor's directory as the working
    // directory).
    int length = sys_getcwd(path, sizeof(path));
    if (length < 0)
        return fail(ctx, length, "the path of \"", op->path.text, "\"");
    if (path[0] != '/')
        return fail(ctx, -EPERM, "\"", op->path.text, "\" is outside the container's root");
    ctx->directory_entered = true;
    return 0;
}
