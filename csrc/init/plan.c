#include "plan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "generated/wire_decode.h"

void plan_begin(const struct plan *plan, struct step *step) {
    step->cursor = (struct cursor){
        .base = plan->bytes,
        .at = WIRE_HEADER_SIZE,
        .end = plan->size,
        .slots = plan->header.slots,
    };
    step->index = UINT32_MAX;
}

int plan_next(const struct plan *plan, struct step *step) {
    step->index++;
    if (step->index == plan->header.operations)
        return step->cursor.at == plan->size ? 0 : -EBADMSG;
    struct cursor *cursor = &step->cursor;
    size_t start = cursor->at;
    uint32_t head;
    uint32_t length;
    cursor->end = plan->size;
    cursor_u32(cursor, &head);
    cursor_u32(cursor, &length);
    uint32_t kind = head & 0xffff;
    uint32_t phase = head >> 16;
    if (cursor->bad || kind >= WIRE_KINDS || phase >= WIRE_PHASES)
        return -EBADMSG;
    if (length < WIRE_RECORD_HEADER || length > plan->size - start)
        return -EBADMSG;
    cursor->end = start + length;
    step->kind = (enum op_kind)kind;
    step->phase = (enum phase)phase;
    decode_operation(cursor, step->kind, &step->op);
    return cursor->bad || cursor->at != cursor->end ? -EBADMSG : 1;
}

static const char *check_header(const struct wire_header *header, size_t size) {
    if (header->length != size || size > WIRE_MAX_LENGTH)
        return "the plan's length is wrong";
    if (header->operations == 0 || header->operations > WIRE_MAX_OPERATIONS)
        return "the plan's number of operations is wrong";
    if (header->slots > WIRE_MAX_SLOTS || header->inherited > header->slots)
        return "the plan's number of slots is wrong";
    if (header->preserve > WIRE_MAX_PRESERVE)
        return "the plan's number of preserved descriptors is wrong";
    if (header->reserved != 0 || (header->flags & ~WIRE_FLAG_TRACE) != 0)
        return "the plan's flags are unknown";
    return NULL;
}

int plan_check(struct plan *plan, const unsigned char *bytes, size_t size, const char **reason,
               uint32_t *index) {
    *plan = (struct plan){.bytes = bytes, .size = size};
    *index = 0;
    *reason = "this is not a plan";
    if (size < WIRE_HEADER_SIZE)
        return -EBADMSG;
    memcpy(&plan->header, bytes, WIRE_HEADER_SIZE);
    if (plan->header.magic != WIRE_MAGIC)
        return -EBADMSG;
    *reason = "tsoci and tsoci-init are of different builds; install both again";
    if (plan->header.fingerprint != WIRE_FINGERPRINT)
        return -ENOEXEC;
    *reason = check_header(&plan->header, size);
    if (*reason != NULL)
        return -EBADMSG;
    struct step step;
    enum phase phase = PHASE_PREPARE;
    bool executed = false;
    int more;
    plan_begin(plan, &step);
    *reason = "the operation is malformed";
    while ((more = plan_next(plan, &step)) > 0) {
        *index = step.index;
        if (step.phase < phase || executed) {
            *reason = executed ? "the operation comes after execute" : "the operation's phase is over";
            return -EBADMSG;
        }
        phase = step.phase;
        executed = step.kind == OP_EXECUTE;
        if (executed && step.op.execute.preserve != plan->header.preserve) {
            *reason = "execute preserves other descriptors than the plan";
            return -EBADMSG;
        }
    }
    *index = step.index;
    if (more == 0 && !executed)
        *reason = "the plan does not end with execute";
    return more == 0 && executed ? 0 : -EBADMSG;
}
