#ifndef TSOCI_TIDY_H
#define TSOCI_TIDY_H

#include <stdbool.h>

/**
 * Removes what is left of an ordinary container when its program has ended: empty cgroups and the state
 * directory. What that saves is a call of `delete`, 1.9 ms of processor time in the middle, which is more
 * than the 1.5 up to which it was not worth a second way (docs/performance.md). Small on purpose: whatever is
 * not as expected is left to the program that deletes containers, which finds it as it is.
 */
struct tidy {
    /** The state directory, opened while the container was there for sure; -1 when there is nothing to tidy.
     */
    int state;
    const char *path;
    char **cgroups;
    int cgroup_count;
    bool removes;
};

/** `words`: nothing, or `--tidy` or `--of`, the state directory, then cgroup directories. */
void tidy_begin(struct tidy *tidy, char **words, int count);

/** False when anything is left to do; true also when the container was deleted in the meantime. */
bool tidy_finish(struct tidy *tidy);

#endif
