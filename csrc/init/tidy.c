#include "tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys.h"

/** What `create` puts into a state directory (src/container/store.ts); the record goes last. */
static const char *const files[] = {"start.sock", "config.json", "state.json.new", "state.json"};

void tidy_begin(struct tidy *tidy, char **paths, int count) {
    *tidy = (struct tidy){.state = -1};
    if (count == 0)
        return;
    tidy->path = paths[0];
    tidy->cgroups = paths + 1;
    tidy->cgroup_count = count - 1;
    tidy->state = sys_openat(AT_FDCWD, paths[0], O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

static bool is_gone(int directory, const char *path, int flags) {
    return unlinkat(directory, path, flags) == 0 || errno == ENOENT;
}

static bool remove_all(const struct tidy *tidy) {
    struct stat status;
    // Another command holds the lock: it knows better what is to be done.
    if (tidy->state < 0 || sys_flock(tidy->state, LOCK_EX | LOCK_NB) < 0)
        return false;
    // Deleted in the meantime, and perhaps made anew: that container is not ours.
    if (sys_fstat(tidy->state, &status) < 0 || status.st_nlink == 0)
        return false;
    // A cgroup in which a process is left is busy.
    for (int i = 0; i < tidy->cgroup_count; i++)
        if (!is_gone(AT_FDCWD, tidy->cgroups[i], AT_REMOVEDIR))
            return false;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (!is_gone(tidy->state, files[i], 0))
            return false;
    return is_gone(AT_FDCWD, tidy->path, AT_REMOVEDIR);
}

bool tidy_finish(struct tidy *tidy) {
    bool done = remove_all(tidy);
    // The lock goes with it, which the program that deletes containers will want.
    if (tidy->state >= 0)
        close(tidy->state);
    tidy->state = -1;
    return done;
}
