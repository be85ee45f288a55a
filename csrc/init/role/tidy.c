#include "role/tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kernel/sys.h"
#include "text.h"

/** How long another command may keep the lock before the program that deletes containers is to see to it. */
#define COURTESY_MILLISECONDS 500
#define PAUSE_MILLISECONDS 5

/** What `create` puts into a state directory (src/container/record/store.ts); the record goes last. */
static const char *const files[] = {"start.sock", "notify/notify.sock", "config.json", "state.json.new",
                                    "state.json"};

void tidy_begin(struct tidy *tidy, char **words, int count) {
    *tidy = (struct tidy){.state = -1};
    if (count < 2)
        return;
    tidy->removes = text_equal(words[0], "--tidy");
    tidy->path = words[1];
    tidy->cgroups = words + 2;
    tidy->cgroup_count = count - 2;
    tidy->state = sys_openat(AT_FDCWD, words[1], O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

static bool is_gone(int directory, const char *path, int flags) {
    return unlinkat(directory, path, flags) == 0 || errno == ENOENT;
}

/** The container was deleted in the meantime, and another one may have its name by now. */
static bool was_deleted(const struct tidy *tidy) {
    struct stat status;
    if (tidy->state < 0)
        return tidy->state == -ENOENT;
    return sys_fstat(tidy->state, &status) == 0 && status.st_nlink == 0;
}

/** Waits for another command on the container, which may be the one that deletes it. */
static bool take_lock(const struct tidy *tidy) {
    const struct timespec pause = {.tv_nsec = PAUSE_MILLISECONDS * 1000000L};
    for (int waited = 0; sys_flock(tidy->state, LOCK_EX | LOCK_NB) < 0; waited += PAUSE_MILLISECONDS) {
        if (waited >= COURTESY_MILLISECONDS || was_deleted(tidy))
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static bool remove_all(const struct tidy *tidy) {
    // A cgroup in which a process is left is busy.
    for (int i = 0; i < tidy->cgroup_count; i++)
        if (!is_gone(AT_FDCWD, tidy->cgroups[i], AT_REMOVEDIR))
            return false;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (!is_gone(tidy->state, files[i], 0))
            return false;
    if (!is_gone(tidy->state, "notify", AT_REMOVEDIR))
        return false;
    return is_gone(AT_FDCWD, tidy->path, AT_REMOVEDIR);
}

bool tidy_finish(struct tidy *tidy) {
    bool locked = tidy->state >= 0 && take_lock(tidy);
    bool done = was_deleted(tidy) || (locked && tidy->removes && remove_all(tidy));
    // The lock goes with it, which the program that deletes containers will want.
    if (tidy->state >= 0)
        close(tidy->state);
    tidy->state = -1;
    return done;
}
