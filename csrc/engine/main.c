/*
 * The shipped executable: the image (scripts/engine/assemble.ts puts it there) is mapped by the kernel with
 * the program; what is left to do is to say where things are, and to call the one function that the image was
 * frozen with.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "engine.h"
#include "handles.h"
#include "image.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

/* Linux 6.3; the headers may be older than the kernel. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

const bool engine_frozen = false;
int argument_count;
char **argument_list;
char **environment_list;
u64 process_began;
u32 context;
u32 runtime;

static void run(void) {
    napi_register_module_v1(&native_env, NULL);
    value answer = w2c_JS_Call(context, image_main, VALUE_UNDEFINED, 0, 0);
    if (is_exception(answer))
        uncaught(w2c_JS_GetException(context));
    loop_run();
    /* What was called ends by exit(): when nothing can happen any more, it waited for something that never
     * comes. */
    say("tsoci: internal error: nothing is left to wait for\n");
    _exit(STATUS_UNCAUGHT);
}

/* /dev/null, or where there is none a file that is as empty and takes nothing; -1 when there is neither. */
static int nothing(void) {
    int descriptor = open("/dev/null", O_RDWR);
    if (descriptor >= 0)
        return descriptor;
    descriptor = memfd_create("nothing", MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (descriptor < 0 && errno == EINVAL)
        descriptor = memfd_create("nothing", MFD_ALLOW_SEALING);
    if (descriptor >= 0)
        fcntl(descriptor, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    return descriptor;
}

/* A standard stream that the caller closed must not become the next file that is opened, which a container
 * would get. */
static void standard_streams(void) {
    struct pollfd streams[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
    if (poll(streams, 3, 0) <= 0)
        return;
    for (int i = 0; i < 3; i++)
        if ((streams[i].revents & POLLNVAL) != 0 && nothing() < 0)
            _exit(STATUS_UNCAUGHT);
}

int main(int count, char **arguments, char **environment) {
    process_began = monotonic_now();
    argument_count = count;
    argument_list = arguments;
    environment_list = environment;
    context = image_context;
    runtime = image_runtime;
    standard_streams();
    crash_handlers();
    memory_begin(image_end, image_memory_size);
    on_own_stack(run);
    return STATUS_UNCAUGHT;
}
