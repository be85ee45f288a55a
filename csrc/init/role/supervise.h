#ifndef TSOCI_SUPERVISE_H
#define TSOCI_SUPERVISE_H

/**
 * What stays resident for a foreground `run` or `exec`:
 *
 *     tsoci-init supervise PID MASTERFD|-1 [--of STATE | --tidy STATE CGROUP...] [-- program argument...]
 *
 * Forwards signals to PID, relays the terminal, waits, and returns the exit status to end with: PID's own, or
 * 128 + its signal. Before that the container is deleted: by removing the directories behind `--tidy` where
 * that is all, otherwise by the program behind `--`; not at all when its state directory is gone by then, as
 * another container may have its name.
 */
int supervise(int count, char **arguments);

#endif
