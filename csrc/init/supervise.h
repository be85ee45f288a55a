#ifndef TSOCI_SUPERVISE_H
#define TSOCI_SUPERVISE_H

/**
 * What stays resident for a foreground `run` or `exec`:
 *
 *     tsoci-init supervise PID MASTERFD|-1 [-- program argument...]
 *
 * Forwards signals to PID, relays the terminal, waits, runs the program behind `--` (which deletes the
 * container), and returns the exit status to end with: PID's own, or 128 + its signal.
 */
int supervise(int count, char **arguments);

#endif
