/*
 * The engine's linear memory: [its own stack][what the image holds][what grows], from MEMORY_BASE on. The
 * kernel maps the image with the program, privately: its pages are the file's until they are written.
 */
#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* As far as a faulty address reaches: 32 bits and an offset of 32 bits. */
#ifndef REACH /* the sanitizers keep their own notes from 2 GiB on */
#define REACH (1ULL << 33)
#endif
/* Mapped in one piece when memory grows for the first time, and so on: less system calls. */
#define STEP (1ULL << 20)

/* What every command fills, made in one go: a fault for each page costs more. */
#define SOON (96U << 10)

u64 memory_size;
u32 stack_pointer = STACK_TOP;
static u64 mapped_size;

static bool map(u64 from, u64 length, int protection, int flags) {
    if (length == 0)
        return true;
    void *wanted = AT(from);
    void *got = mmap(wanted, length, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    return got == wanted;
}

void memory_begin(u64 filled, u64 size) {
    memory_size = size;
    mapped_size = size;
    bool there = filled == 0 ? map(0, size, PROT_READ | PROT_WRITE, MAP_FIXED)
                             : map(0, STACK_TOP, PROT_READ | PROT_WRITE, MAP_FIXED) &&
                                   map(filled, size - filled, PROT_READ | PROT_WRITE, MAP_FIXED) &&
                                   map(filled, SOON, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_POPULATE);
    if (!there) {
        say("tsoci: no room for the JavaScript engine's memory at %p (RLIMIT_AS, or something else lies "
            "there)\n",
            (void *)AT(0));
        _exit(STATUS_UNCAUGHT);
    }
    /*
     * The rest of what an address can reach is ours as well, and empty. A limit of address space (ulimit -v)
     * may refuse that: then nothing is there either, as all of it lies within the program's own segments,
     * where the kernel places nothing.
     */
    map(memory_size, REACH - memory_size, PROT_NONE, MAP_FIXED);
}

u32 machine_grow(u32 pages) {
    u32 before = (u32)(memory_size / MEMORY_PAGE);
    u64 wanted = memory_size + (u64)pages * MEMORY_PAGE;
    if (wanted > MOST_MEMORY)
        return UINT32_MAX;
    if (wanted > mapped_size) {
        u64 step = wanted - mapped_size;
        u64 large = (step + STEP - 1) & ~(STEP - 1);
        if (map(mapped_size, large, PROT_READ | PROT_WRITE, MAP_FIXED))
            mapped_size += large;
        else if (map(mapped_size, step, PROT_READ | PROT_WRITE, MAP_FIXED))
            mapped_size += step;
        else
            return UINT32_MAX;
    }
    memory_size = wanted;
    return before;
}
