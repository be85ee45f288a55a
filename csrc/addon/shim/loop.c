/* Files as block devices (loop(4)). */
#include "mounting.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Somebody else may be quicker with the device that was free. */
#define TRIES 100

int open_loop(struct mounting *mounting, char *path) {
    bool read_only = (mounting->set & MOUNT_ATTR_RDONLY) != 0;
    const int mode = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    int file CLEANUP(close_release) = open_again(mounting->source.data, mode, 0);
    if (file < 0)
        return work_fail(&mounting->work, errno, "open", mounting->source.data);
    int control CLEANUP(close_release) = open_again("/dev/loop-control", O_RDWR | O_CLOEXEC, 0);
    if (control < 0)
        return work_fail(&mounting->work, errno, "open", "/dev/loop-control");
    struct loop_config config = {.fd = (uint32_t)file, .info.lo_flags = LO_FLAGS_AUTOCLEAR};
    if (read_only)
        config.info.lo_flags |= LO_FLAGS_READ_ONLY;
    snprintf((char *)config.info.lo_file_name, sizeof config.info.lo_file_name, "%s", mounting->source.data);
    for (int tries = 0; tries < TRIES; tries++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        if (number < 0)
            return work_fail(&mounting->work, errno, "ioctl", "/dev/loop-control");
        snprintf(path, 32, "/dev/loop%d", number);
        int device = open_again(path, mode, 0);
        if (device < 0)
            return work_fail(&mounting->work, errno, "open", path);
        if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
            return device;
        int error = errno;
        close(device);
        if (error != EBUSY)
            return work_fail(&mounting->work, error, "ioctl", path);
    }
    return work_fail(&mounting->work, EBUSY, "ioctl", "/dev/loop-control");
}
