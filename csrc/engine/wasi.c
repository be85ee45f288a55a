/* What the engine asks of the machine that it was compiled for: WebAssembly's system interface, and functions
 * of its package's own. */
#include "engine.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* While the image is made time stands still and nothing is random: the same sources give the same bytes. */
extern const bool engine_frozen;

enum { WASI_OK = 0, WASI_BADF = 8, WASI_IO = 29 };

u32 host_clock_time_get(u32 clock, u64 precision, u32 result) {
    (void)precision;
    struct timespec now = {0, 0};
    if (!engine_frozen)
        clock_gettime(clock == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
    i64_store(result, (u64)now.tv_sec * 1000000000ULL + (u64)now.tv_nsec);
    return WASI_OK;
}

u32 host_random_get(u32 target, u32 length) {
    if (engine_frozen) {
        memory_fill(target, 0, length);
        return WASI_OK;
    }
    for (u32 done = 0; done < length;) {
        ssize_t some = getrandom(AT(target + done), length - done, 0);
        if (some < 0 && errno != EINTR)
            return WASI_IO;
        done += some < 0 ? 0 : (u32)some;
    }
    return WASI_OK;
}

/* What the engine itself prints: only before it gives up. */
u32 host_fd_write(u32 descriptor, u32 pieces, u32 count, u32 written) {
    u32 total = 0;
    for (u32 i = 0; i < count; i++) {
        u32 length = i32_load(pieces + i * 8 + 4);
        if (descriptor == 1 || descriptor == 2)
            say("%.*s", (int)length, (const char *)AT(i32_load(pieces + i * 8)));
        total += length;
    }
    i32_store(written, total);
    return WASI_OK;
}

u32 host_fd_close(u32 descriptor) {
    (void)descriptor;
    return WASI_BADF;
}

u32 host_fd_fdstat_get(u32 descriptor, u32 result) {
    memory_fill(result, 0, 24);
    /* A character device: nothing is held back in a buffer. */
    i32_store8(result, 2);
    return descriptor <= 2 ? WASI_OK : WASI_BADF;
}

u32 host_fd_seek(u32 descriptor, u64 offset, u32 whence, u32 result) {
    (void)descriptor;
    (void)offset;
    (void)whence;
    (void)result;
    return WASI_BADF;
}

/* Local time is UTC: no variable of the environment has a say in what is printed. */
u32 host_host_get_timezone_offset(u32 high, u32 low) {
    (void)high;
    (void)low;
    return 0;
}

/* ---- what the package adds for its own host, unused here ---- */

u32 host_host_call(u32 a, u32 b, u32 c, u32 d, u32 e) {
    (void)a, (void)b, (void)c, (void)d, (void)e;
    machine_trap(TRAP_CALL_INDIRECT);
}
u32 host_host_interrupt(void) {
    return 0;
}
u32 host_host_module_load(u32 a, u32 b) {
    (void)a, (void)b;
    machine_trap(TRAP_CALL_INDIRECT);
}
u32 host_host_module_normalize(u32 a, u32 b) {
    (void)a, (void)b;
    machine_trap(TRAP_CALL_INDIRECT);
}
void host_host_promise_rejection(u32 a, u32 b, u32 c) {
    (void)a, (void)b, (void)c;
    machine_trap(TRAP_CALL_INDIRECT);
}
