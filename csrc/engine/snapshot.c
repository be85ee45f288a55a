/*
 * From a living engine to an image. Three things are done to its memory, none of which changes what a program
 * can see:
 *
 * - Every object becomes immortal (machine.h, IMMORTAL), and leaves the list that the collector walks. What
 * the image refers to is then like what the host refers to: never collected.
 * - The allocator's holes are filled, so that what a process makes lies together on few pages, and not
 * between the image's objects.
 * - The collector's threshold becomes one that a process may reach.
 *
 * Offsets are those of QuickJS-ng 0.18 on 32 bits; translate.ts pins the version, and fail() tells of what
 * looks otherwise.
 */
#include "snapshot.h"

#include <stdio.h>
#include <stdlib.h>

/* An allocation of the engine has a head of 8 bytes: its index in a slab or 0xffff, its class or 255, and a
 * reference count. */
#define HEAD 8U
#define NO_SLAB 0xffffU
#define NO_CLASS 255U
/* A slab: two links of each list, class, used, blocks, first free; then blocks. */
#define SLAB_HEAD 24U
#define SLAB_CLASS 16U
#define SLAB_USED 18U
#define SLAB_BLOCKS 20U
#define SLAB_FIRST_FREE 22U
/* The runtime: four bytes of allocator functions each, then counts, and 31 lists of slabs, all and with room.
 */
#define CLASSES 31U
#define RUNTIME_LISTS 40U
#define RUNTIME_FREE_LISTS 288U
#define CLASS_SIZES 1085584U
#define RUNTIME_OBJECTS 596U
/* The allocator functions that the package itself would take. */
#define PACKAGE_ALLOCATOR 1146640U

/* Addresses of what the engine has allocated. */
static u32 *notes;
static size_t note_count;
static size_t note_room;

static void add_note(u32 address) {
    if (note_count == note_room) {
        note_room = note_room == 0 ? 65536 : note_room * 2;
        notes = realloc(notes, note_room * sizeof *notes);
        if (notes == NULL)
            abort();
    }
    notes[note_count++] = address;
}

static void drop_note(u32 address) {
    for (size_t i = note_count; i-- > 0;) {
        if (notes[i] == address) {
            notes[i] = notes[--note_count];
            return;
        }
    }
}

u32 engine_calloc(u32 opaque, u32 count, u32 size) {
    (void)opaque;
    u32 address = w2c_calloc(count, size);
    if (address != 0)
        add_note(address);
    return address;
}

u32 engine_malloc(u32 opaque, u32 size) {
    (void)opaque;
    u32 address = w2c_malloc(size);
    if (address != 0)
        add_note(address);
    return address;
}

void engine_free(u32 opaque, u32 address) {
    (void)opaque;
    if (address != 0)
        drop_note(address);
    w2c_free(address);
}

u32 engine_realloc(u32 opaque, u32 address, u32 size) {
    (void)opaque;
    u32 moved = w2c_realloc(address, size);
    if (moved != 0 && moved != address) {
        if (address != 0)
            drop_note(address);
        add_note(moved);
    }
    return moved;
}

u32 snapshot_allocator(void) {
    u32 table = w2c_malloc(20);
    i32_store(table, TABLE_ENGINE_CALLOC);
    i32_store(table + 4, TABLE_ENGINE_MALLOC);
    i32_store(table + 8, TABLE_ENGINE_FREE);
    i32_store(table + 12, TABLE_ENGINE_REALLOC);
    i32_store(table + 16, i32_load(PACKAGE_ALLOCATOR + 16));
    return table;
}

static void fail(const char *why) {
    fprintf(stderr, "freeze: %s: is quickjs-wasi another version? (csrc/engine/snapshot.c)\n", why);
    exit(1);
}

/* ---- immortality ---- */

static u32 count_immortal;

static void make_immortal(u32 head) {
    i32_store(head + 4, IMMORTAL);
    count_immortal++;
}

static void slab_immortal(u32 slab) {
    u32 class = i32_load8_u(slab + SLAB_CLASS);
    u32 blocks = i32_load16_u(slab + SLAB_BLOCKS);
    if (class >= CLASSES)
        fail("a slab is of no class");
    u32 size = i32_load16_u(CLASS_SIZES + class * 2);
    u8 *is_free = calloc(blocks, 1);
    if (is_free == NULL)
        abort();
    u32 used = i32_load16_u(slab + SLAB_USED);
    for (u32 i = i32_load16_u(slab + SLAB_FIRST_FREE), left = blocks - used; left > 0; left--) {
        if (i >= blocks || is_free[i])
            fail("a slab's free blocks make no chain");
        is_free[i] = 1;
        i = i32_load16_u(slab + SLAB_HEAD + i * size);
    }
    for (u32 i = 0; i < blocks; i++)
        if (!is_free[i])
            make_immortal(slab + SLAB_HEAD + i * size);
    free(is_free);
}

static void everything_immortal(void) {
    for (size_t i = 0; i < note_count; i++) {
        u32 at = notes[i];
        if (at == runtime)
            continue;
        if (i32_load16_u(at) == NO_SLAB && i32_load8_u(at + 2) == NO_CLASS)
            make_immortal(at);
        else
            slab_immortal(at);
    }
}

/* Objects of the collector: their kind, by the head before them, and a JavaScript object's shape. */
#define KIND_BEFORE 5U
#define KIND_OBJECT 0U
#define OBJECT_SHAPE 12U
#define SHAPE_HASHED 8U

/*
 * A shape (names of properties) that no other object can come to share is changed in place when its object
 * changes, and the engine looks that its count is 1.
 */
static void own_shapes_stay(void) {
    u32 head = runtime + RUNTIME_OBJECTS;
    for (u32 at = i32_load(head + 4); at != head; at = i32_load(at + 4)) {
        if ((i32_load8_u(at - KIND_BEFORE) & 127U) != KIND_OBJECT)
            continue;
        u32 shape = i32_load(at + OBJECT_SHAPE);
        if (i32_load8_u(shape + SHAPE_HASHED) == 0)
            i32_store(shape - 4, 1);
    }
}

/* Each member becomes a list of its own: one that is taken off a list later must not touch another. */
static void leave_list(u32 head) {
    for (u32 at = i32_load(head + 4); at != head;) {
        u32 next = i32_load(at + 4);
        i32_store(at, at);
        i32_store(at + 4, at);
        at = next;
    }
    i32_store(head, head);
    i32_store(head + 4, head);
}

/* ---- holes ---- */

/* As long as a class has a slab with room, the next block comes from there. */
static void fill_slabs(void) {
    for (u32 class = 0; class < CLASSES; class ++) {
        u32 head = runtime + RUNTIME_FREE_LISTS + class * 8;
        u32 size = i32_load16_u(CLASS_SIZES + class * 2);
        if (size <= HEAD || size > 512)
            fail("a class has a strange size");
        while (i32_load(head + 4) != head)
            if (w2c_js_malloc_rt(runtime, size - HEAD) == 0)
                fail("no memory for filling");
    }
}

/* What the allocator can give without going to its end is a hole. */
static u32 fill_heap(void) {
    u32 probe = w2c_malloc(1U << 21);
    if (probe == 0)
        fail("no memory for filling");
    w2c_free(probe);
    for (u32 size = 1U << 20; size >= 8; size -= size > 4096 ? 1024 : size > 512 ? 64 : 8) {
        for (;;) {
            u32 filled = w2c_malloc(size);
            if (filled == 0 || filled >= probe) {
                w2c_free(filled);
                break;
            }
            memory_fill(filled, 0, size);
        }
    }
    return probe;
}

/*
 * The image's slabs leave the lists of their classes: a new slab is put beside the newest in its list, and
 * would dirty that one's page.
 */
static void leave_slab_lists(void) {
    for (u32 class = 0; class < CLASSES; class ++)
        leave_list(runtime + RUNTIME_LISTS + class * 8);
}

static void collector_threshold(void) {
    enum { first_collection = 64 << 20 };
    w2c_JS_SetGCThreshold(runtime, first_collection);
}

u32 snapshot_finish(void) {
    fill_slabs();
    u32 end = fill_heap();
    everything_immortal();
    own_shapes_stay();
    leave_list(runtime + RUNTIME_OBJECTS);
    leave_slab_lists();
    collector_threshold();
    /* From here on the engine's own allocator serves, as in the package. */
    for (u32 i = 0; i < 16; i += 4)
        i32_store(runtime + i, i32_load(PACKAGE_ALLOCATOR + i));
    fprintf(stderr, "freeze: %u allocations are immortal\n", count_immortal);
    free(notes);
    /* The head of what is left, which the allocator looks at. */
    return end + 64;
}
