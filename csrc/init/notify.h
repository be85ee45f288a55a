#ifndef TSOCI_NOTIFY_H
#define TSOCI_NOTIFY_H

#include <stdint.h>

#include "ctx.h"

/**
 * Handing over the listener of a filter with SCMP_ACT_NOTIFY. The task that loads the filter is under it at
 * once, and each system call that it makes might wait for the very listener that it is to send. So a thread
 * is made before, which is not under the filter: the filtered task only stores the listener's number, and
 * looks at memory until it was sent. A thread leaves nothing behind that the container's init would have to
 * reap.
 *
 * `notify_begin` makes it; it will send over the connected socket in `slot`, with the JSON of the last GO.
 */
int notify_begin(struct ctx *ctx, uint32_t slot);

/**
 * Gives the thread the listener, or -errno when there is none, and returns when it has sent it. Makes no
 * system call. When it cannot be sent, the thread reports that and ends the process.
 */
void notify_hand_over(int listener);

#endif
