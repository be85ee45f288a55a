#ifndef TSOCI_PLAN_H
#define TSOCI_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "cursor.h"
#include "generated/wire.h"

/** A plan in memory. */
struct plan {
    const unsigned char *bytes;
    size_t size;
    struct wire_header header;
};

/** Where in a plan one is: the operation at the cursor. */
struct step {
    struct cursor cursor;
    uint32_t index;
    enum op_kind kind;
    enum phase phase;
    union op_any op;
};

/** Why a plan is refused, for people, and with which operation. */
struct verdict {
    const char *reason;
    uint32_t index;
};

/**
 * Checks all of a plan before anything is done for it: its frame, every field of every operation, that no
 * phase goes back, that no slot is open for longer than it is needed, that the last operation and no other
 * is `execute`. Returns 0, or -errno with a reason in `*verdict`: ENOEXEC when the plan was made by another
 * build.
 */
int plan_check(struct plan *plan, const unsigned char *bytes, size_t size, struct verdict *verdict);

/** Puts `step` before the first operation. */
void plan_begin(const struct plan *plan, struct step *step);

/** Decodes the next operation: 1, 0 behind the last one, or -EBADMSG. */
int plan_next(const struct plan *plan, struct step *step);

#endif
