#ifndef TSOCI_TERMINAL_H
#define TSOCI_TERMINAL_H

#include <stdbool.h>

/*
 * The terminal that a person sits at, in front of a container's own. There is one in a process, which a
 * signal handler must be able to put back as it was.
 */

/** Remembers the settings of the first of the standard streams that is a terminal; false when none is. */
bool terminal_find(void);

/** Are we the terminal's foreground process group? */
bool terminal_foreground(void);

/** Hands every key on as it is; output is still processed, as the container's terminal sends plain newlines.
 */
void terminal_raw(void);

/** Puts the terminal back as it was found. Safe in a signal handler, and when there is nothing to do. */
void terminal_restore(void);

/** Gives `master` the size of the terminal. */
void terminal_copy_size(int master);

/** Stops the job that we are, as reading from a terminal does in the background. An orphaned process group is
 * spared: it then reads nothing. */
void terminal_stop_job(void);

#endif
