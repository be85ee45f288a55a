#ifndef TSOCI_RESTORE_H
#define TSOCI_RESTORE_H

#include "ctx.h"

/**
 * `tsoci-init restore ROOTFS IMAGES WORK [d|f PLACE]... -- PROGRAM ARGUMENT...`: the surroundings in which
 * CRIU restores a container. In a mount namespace of its own, so that nothing is left when it ends, the root
 * filesystem becomes a mount point, and places to mount on are made in it. The directories of the images and
 * for CRIU's work are opened there, as CRIU mounts in them, and sent over the socket (descriptor 3) in this
 * order. Then the program is executed. Returns the exit status when that failed, with the reason on standard
 * error.
 */
int restore(struct ctx *ctx, int count, char **arguments);

#endif
