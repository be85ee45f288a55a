/* Strings of JavaScript to UTF-8 and back. */
#include "value.h"

#include <stdlib.h>

/* WTF-8 of a lone surrogate has three bytes, and so has U+FFFD. */
static const u8 *first_surrogate(const u8 *data, u32 length) {
    const u8 *end = data + length;
    for (const u8 *at = data; (at = memchr(at, 0xed, (size_t)(end - at))) != NULL; at++)
        if (end - at >= 3 && at[1] >= 0xa0)
            return at;
    return NULL;
}

static bool replace_surrogates(struct utf8 *text, const u8 *first) {
    u8 *copy = malloc(text->length);
    if (copy == NULL) {
        w2c_JS_ThrowOutOfMemory(context);
        return false;
    }
    memcpy(copy, text->data, text->length);
    for (u32 i = (u32)(first - text->data); i + 2 < text->length; i++) {
        if (copy[i] == 0xed && copy[i + 1] >= 0xa0) {
            memcpy(copy + i, "\xef\xbf\xbd", 3);
            i += 2;
        }
    }
    w2c_JS_FreeCString(context, text->held);
    text->held = 0;
    text->data = copy;
    return true;
}

bool utf8_of(value v, struct utf8 *text) {
    if (!is_string(v))
        return false;
    u32 room = scratch_begin(4);
    text->held = w2c_JS_ToCStringLen2(context, room, v, 0);
    text->length = i32_load(room);
    scratch_end(4);
    if (text->held == 0)
        return false;
    text->data = AT(text->held);
    const u8 *surrogate = first_surrogate(text->data, text->length);
    if (surrogate == NULL || replace_surrogates(text, surrogate))
        return true;
    w2c_JS_FreeCString(context, text->held);
    return false;
}

void utf8_done(struct utf8 *text) {
    if (text->held != 0)
        w2c_JS_FreeCString(context, text->held);
    else
        free((void *)(uintptr_t)text->data);
}

/*
 * One character at `at`: the bytes that it takes, and its code point. What is not well-formed takes the
 * longest beginning of a character that is there, and is U+FFFD with `bad` set (Encoding Standard, "UTF-8
 * decoder").
 */
static u32 decode_one(const u8 *at, const u8 *end, u32 *code, bool *bad) {
    u8 first = *at;
    if (first < 0x80) {
        *code = first;
        return 1;
    }
    u32 more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    u8 least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    u8 most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    u32 taken = 1;
    *code = first & (0x3fU >> more);
    if (first >= 0xc2 && first <= 0xf4) {
        for (; taken <= more && at + taken < end; taken++) {
            u8 next = at[taken];
            if (next < least || next > most)
                break;
            *code = (*code << 6) | (next & 0x3fU);
            least = 0x80;
            most = 0xbf;
        }
        if (taken == more + 1)
            return taken;
    }
    *code = 0xfffd;
    *bad = true;
    return taken;
}

static value string_of_units(const u8 *data, size_t length, bool strict) {
    u32 units = w2c_js_malloc(context, (u32)length * 2);
    if (units == 0)
        return VALUE_EXCEPTION;
    u16 *out = (u16 *)(void *)AT(units);
    u32 count = 0;
    bool bad = false;
    for (const u8 *at = data, *end = data + length; at < end;) {
        u32 code = 0;
        at += decode_one(at, end, &code, &bad);
        if (code >= 0x10000) {
            out[count++] = (u16)(0xd800U + ((code - 0x10000) >> 10));
            out[count++] = (u16)(0xdc00U + (code & 0x3ffU));
        } else {
            out[count++] = (u16)code;
        }
    }
    value result = strict && bad ? throw_type_error("The encoded data was not valid for encoding utf-8")
                                 : w2c_JS_NewStringUTF16(context, units, count);
    w2c_js_free(context, units);
    return result;
}

value string_of(const void *data, size_t length, bool strict) {
    const u8 *bytes = data;
    if (length > 0x3fffffff)
        return throw_error("a string is too long");
    for (size_t i = 0; i < length; i++)
        if (bytes[i] >= 0x80)
            return string_of_units(bytes, length, strict);
    enum { short_length = 2048 };
    if (length <= short_length) {
        u32 room = scratch_begin((u32)length);
        memcpy(AT(room), bytes, length);
        value result = w2c_JS_NewStringLen(context, room, (u32)length);
        scratch_end((u32)length);
        return result;
    }
    u32 room = w2c_js_malloc(context, (u32)length);
    if (room == 0)
        return VALUE_EXCEPTION;
    memcpy(AT(room), bytes, length);
    value result = w2c_JS_NewStringLen(context, room, (u32)length);
    w2c_js_free(context, room);
    return result;
}

value string_literal(const char *text) {
    return string_of(text, strlen(text), false);
}

value make_number_value(f64 number) {
    return w2c_JS_NewNumber(context, number);
}
