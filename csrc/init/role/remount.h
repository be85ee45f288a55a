#ifndef TSOCI_REMOUNT_H
#define TSOCI_REMOUNT_H

#include "ctx.h"

/**
 * `tsoci-init remount PID [SET CLEAR PATH]...`: gives mounts in the mount namespace of a process their
 * attributes (decimal MOUNT_ATTR_* masks, mount_setattr(2)). Paths are those of mountinfo and are taken
 * literally. Returns the exit status, with the reason of a failure on standard error.
 */
int remount(struct ctx *ctx, int count, char **arguments);

#endif
