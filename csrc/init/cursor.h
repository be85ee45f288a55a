#ifndef TSOCI_CURSOR_H
#define TSOCI_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "generated/wire.h"

/** A handle that an operation names. */
struct slot_use {
    uint32_t slot;
    /** The operation opens it. */
    bool fills;
    /** The operation is its last reader. */
    bool ends;
};

/**
 * The only reader of a plan. Every read is checked against `left`; the first that fails sets `bad`, and from
 * then on nothing is read and every result is empty, so that a decoder needs one check at its end.
 */
struct cursor {
    const unsigned char *base;
    size_t at;
    size_t end;
    /** Slots that the plan declares. */
    uint32_t slots;
    int bad;
    /** The handles of the operation that is being read. */
    struct slot_use uses[WIRE_SLOT_FIELDS];
    uint32_t used;
};

/** Anything but 0 and 1 is bad. */
void cursor_bool(struct cursor *cursor, bool *value);
void cursor_u32(struct cursor *cursor, uint32_t *value);
void cursor_i32(struct cursor *cursor, int32_t *value);
void cursor_u64(struct cursor *cursor, uint64_t *value);
/** A declared slot or WIRE_NO_SLOT. */
void cursor_slot(struct cursor *cursor, uint32_t *value);
/** A declared slot, which the operation opens, or WIRE_NO_SLOT. */
void cursor_fills(struct cursor *cursor, uint32_t *value);
void cursor_string(struct cursor *cursor, struct wire_string *value);
void cursor_strings(struct cursor *cursor, struct wire_strings *value);
void cursor_words(struct cursor *cursor, struct wire_words *value);
void cursor_bytes(struct cursor *cursor, struct wire_bytes *value);

/** The next text of a list that cursor_strings has checked, or NULL behind the last; shortens the list. */
const char *wire_next(struct wire_strings *list);

#endif
