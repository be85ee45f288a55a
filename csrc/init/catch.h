#ifndef TSOCI_CATCH_H
#define TSOCI_CATCH_H

/**
 * Blocks all signals but those of crashes, and gives a descriptor that they are read from, or -errno. Blocked
 * first: one that came while the runtime had them blocked is not lost. A crash of ours gives the terminal
 * back; where somebody else sent such a signal it goes to the program, by the pidfd that is then in `*pidfd`.
 */
int catch_signals(const int *pidfd);

#endif
