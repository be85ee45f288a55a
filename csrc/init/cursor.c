#include "cursor.h"

#include <string.h>

/** Takes `size` bytes and the padding to the next multiple of 4 behind them. */
static const unsigned char *take(struct cursor *cursor, size_t size) {
    size_t padded = (size + 3) & ~(size_t)3;
    if (cursor->bad || padded < size || padded > cursor->end - cursor->at) {
        cursor->bad = 1;
        return NULL;
    }
    const unsigned char *bytes = cursor->base + cursor->at;
    cursor->at += padded;
    return bytes;
}

void cursor_u32(struct cursor *cursor, uint32_t *value) {
    const unsigned char *bytes = take(cursor, sizeof(*value));
    *value = 0;
    if (bytes != NULL)
        memcpy(value, bytes, sizeof(*value));
}

void cursor_bool(struct cursor *cursor, bool *value) {
    uint32_t number;
    cursor_u32(cursor, &number);
    *value = number == 1;
    if (number > 1)
        cursor->bad = 1;
}

void cursor_i32(struct cursor *cursor, int32_t *value) {
    const unsigned char *bytes = take(cursor, sizeof(*value));
    *value = 0;
    if (bytes != NULL)
        memcpy(value, bytes, sizeof(*value));
}

void cursor_u64(struct cursor *cursor, uint64_t *value) {
    const unsigned char *bytes = take(cursor, sizeof(*value));
    *value = 0;
    if (bytes != NULL)
        memcpy(value, bytes, sizeof(*value));
}

/** Notes that the operation names a slot, which has to be a declared one. */
static void use(struct cursor *cursor, uint32_t *value, bool fills, bool ends) {
    if (*value >= cursor->slots || cursor->used >= WIRE_SLOT_FIELDS) {
        cursor->bad = 1;
        *value = WIRE_NO_SLOT;
        return;
    }
    cursor->uses[cursor->used++] = (struct slot_use){.slot = *value, .fills = fills, .ends = ends};
}

void cursor_slot(struct cursor *cursor, uint32_t *value) {
    cursor_u32(cursor, value);
    if (*value == WIRE_NO_SLOT)
        return;
    bool ends = (*value & WIRE_SLOT_ENDS) != 0;
    *value &= ~WIRE_SLOT_ENDS;
    use(cursor, value, false, ends);
}

void cursor_fills(struct cursor *cursor, uint32_t *value) {
    cursor_u32(cursor, value);
    if (*value != WIRE_NO_SLOT)
        use(cursor, value, true, false);
}

void cursor_string(struct cursor *cursor, struct wire_string *value) {
    uint32_t length;
    cursor_u32(cursor, &length);
    value->text = "";
    value->length = 0;
    const unsigned char *bytes = take(cursor, (size_t)length + 1);
    if (bytes == NULL)
        return;
    if (memchr(bytes, '\0', (size_t)length + 1) != bytes + length) {
        cursor->bad = 1;
        return;
    }
    value->text = (const char *)bytes;
    value->length = length;
}

void cursor_strings(struct cursor *cursor, struct wire_strings *value) {
    uint32_t count;
    struct wire_string ignored;
    cursor_u32(cursor, &count);
    size_t start = cursor->at;
    for (uint32_t i = 0; i < count && !cursor->bad; i++)
        cursor_string(cursor, &ignored);
    value->first = cursor->base + start;
    value->count = cursor->bad ? 0 : count;
    value->size = cursor->bad ? 0 : (uint32_t)(cursor->at - start);
}

/** The padding that puts what follows at a multiple of 8. */
static void align(struct cursor *cursor) {
    uint32_t padding;
    if (cursor->at % 8 != 0)
        cursor_u32(cursor, &padding);
}

void cursor_words(struct cursor *cursor, struct wire_words *value) {
    uint32_t count;
    cursor_u32(cursor, &count);
    align(cursor);
    const unsigned char *bytes = take(cursor, (size_t)count * sizeof(uint32_t));
    value->words = (const uint32_t *)(const void *)bytes;
    value->count = bytes == NULL ? 0 : count;
}

void cursor_bytes(struct cursor *cursor, struct wire_bytes *value) {
    uint32_t length;
    cursor_u32(cursor, &length);
    align(cursor);
    value->bytes = take(cursor, length);
    value->length = value->bytes == NULL ? 0 : length;
}

const char *wire_next(struct wire_strings *list) {
    uint32_t length;
    if (list->count == 0)
        return NULL;
    memcpy(&length, list->first, sizeof(length));
    const char *text = (const char *)list->first + sizeof(length);
    list->first += sizeof(length) + ((length + 1 + 3) & ~3U);
    list->count--;
    return text;
}
