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
    cursor->used = 0;
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

/** Which handles are open, by slot. */
struct handles {
    bool open[WIRE_MAX_SLOTS];
    uint32_t slots;
    uint32_t inherited;
};

static bool any_open(const struct handles *handles, uint32_t first) {
    for (uint32_t slot = first; slot < handles->slots; slot++)
        if (handles->open[slot])
            return true;
    return false;
}

/** From here on the container decides what a path leads to: `/proc/self/fd/6/../..` leads to whatever is
 * open. */
static bool is_lead(const struct step *step) {
    switch ((unsigned)step->kind) {
    case OP_WORKING_DIRECTORY:
    case OP_HOME_DIRECTORY:
    case OP_FIND_EXECUTABLE:
    case OP_EXECUTE:
        return true;
    case OP_HOOK:
        // Before the pivot its path is one of the host.
        return step->phase > PHASE_ROOTFS;
    default:
        return false;
    }
}

/**
 * A handle is open from the operation that fills it to its last reader. When the identity begins only
 * inherited ones, which are sockets, are left. NULL, or what is wrong.
 */
static const char *check_handles(struct handles *handles, const struct step *step) {
    const struct slot_use *uses = step->cursor.uses;
    const uint32_t used = step->cursor.used;
    // What takes back belongs to a plan that follows none of the container's paths.
    bool early = step->phase < PHASE_IDENTITY || step->phase == PHASE_UNDO;
    if (early ? is_lead(step) : any_open(handles, handles->inherited))
        return early ? "the operation comes before the handles are closed"
                     : "a handle of the host is open when the identity begins";
    for (uint32_t i = 0; i < used; i++)
        if (handles->open[uses[i].slot] == uses[i].fills)
            return uses[i].fills ? "the operation fills a slot that is open"
                                 : "the operation reads an empty slot";
    for (uint32_t i = 0; i < used; i++)
        if (uses[i].fills || uses[i].ends)
            handles->open[uses[i].slot] = uses[i].fills;
    return NULL;
}

int plan_check(struct plan *plan, const unsigned char *bytes, size_t size, struct verdict *verdict) {
    *plan = (struct plan){.bytes = bytes, .size = size};
    verdict->index = 0;
    verdict->reason = "this is not a plan";
    if (size < WIRE_HEADER_SIZE)
        return -EBADMSG;
    memcpy(&plan->header, bytes, WIRE_HEADER_SIZE);
    if (plan->header.magic != WIRE_MAGIC)
        return -EBADMSG;
    verdict->reason = "tsoci and tsoci-init are of different builds; install both again";
    if (plan->header.fingerprint != WIRE_FINGERPRINT)
        return -ENOEXEC;
    verdict->reason = check_header(&plan->header, size);
    if (verdict->reason != NULL)
        return -EBADMSG;
    struct step step;
    struct handles handles = {.slots = plan->header.slots, .inherited = plan->header.inherited};
    enum phase phase = PHASE_PREPARE;
    bool executed = false;
    bool finished = false;
    int more;
    memset(handles.open, true, handles.inherited);
    plan_begin(plan, &step);
    verdict->reason = "the operation is malformed";
    while ((more = plan_next(plan, &step)) > 0) {
        const char *wrong = executed             ? "the operation comes after the end"
                            : step.phase < phase ? "the operation's phase is over"
                            : finished != (step.phase == PHASE_UNDO)
                                ? (finished ? "the operation comes after the end"
                                            : "the operation takes back what is not finished")
                                : check_handles(&handles, &step);
        phase = step.phase;
        executed = step.kind == OP_EXECUTE;
        finished = finished || step.kind == OP_FINISH;
        if (wrong == NULL && executed && step.op.execute.preserve != plan->header.preserve)
            wrong = "execute preserves other descriptors than the plan";
        verdict->index = step.index;
        if (wrong != NULL) {
            verdict->reason = wrong;
            return -EBADMSG;
        }
    }
    verdict->index = step.index;
    bool outlived = any_open(&handles, 0);
    bool ended = executed || finished;
    if (more == 0)
        verdict->reason = ended ? "a slot outlives its last reader" : "the plan does not end";
    return more == 0 && ended && !outlived ? 0 : -EBADMSG;
}
