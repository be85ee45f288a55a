#ifndef TSOCI_NOTIFY_H
#define TSOCI_NOTIFY_H

#include <stdint.h>

#include "ctx.h"

/**
 * Handing over the listener of a filter with SCMP_ACT_NOTIFY. The task that loads the filter is under it at
 * once, and each system call that it makes might wait for the very listener that it is to send. So a thread
 * is made before, which is not under the filter: the filtered task only writes, which it has to be allowed in
 * any case: the listener's number into a pipe, and then into an eventfd that has no room until the listener
 * was sent. So nobody spins, however long the agent takes. A thread leaves nothing behind that the
 * container's init would have to reap.
 *
 * `notify_begin` makes it; it will send over the connected socket in `slot`, with the JSON of the last GO.
 */
int notify_begin(struct ctx *ctx, uint32_t slot);

/**
 * Gives the thread the listener, or -errno when there is none, and returns when it has sent it. Only
 * write(2) is called. When it cannot be sent, or the agent does not take it in FD_PATIENCE, the thread
 * reports that and ends the process.
 */
void notify_hand_over(int listener);

#endif
