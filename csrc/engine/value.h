/*
 * JavaScript values as the engine hands them over: 64 bits, a tag in the upper half; numbers that are no
 * small integers take the tags that are left. A value below the heap tags owns nothing.
 */
#ifndef TSOCI_ENGINE_VALUE_H
#define TSOCI_ENGINE_VALUE_H

#include "translated.h"

#include <stdbool.h>

typedef u64 value;

#define TAG_SYMBOL (-8)
#define TAG_STRING (-7)
#define TAG_ROPE (-6)
#define TAG_BIG_INT (-9)
#define TAG_OBJECT (-1)
#define TAG_INT 0
#define TAG_BOOL 1
#define TAG_NULL 2
#define TAG_UNDEFINED 3
#define TAG_EXCEPTION 6
#define TAG_SHORT_BIG_INT 7
/* Everything from here on is a number. */
#define TAG_FLOAT 8

#define MAKE_VALUE(tag, payload) (((u64)(u32)(tag) << 32) | (u32)(payload))
#define VALUE_UNDEFINED MAKE_VALUE(TAG_UNDEFINED, 0)
#define VALUE_NULL MAKE_VALUE(TAG_NULL, 0)
#define VALUE_FALSE MAKE_VALUE(TAG_BOOL, 0)
#define VALUE_TRUE MAKE_VALUE(TAG_BOOL, 1)
#define VALUE_EXCEPTION MAKE_VALUE(TAG_EXCEPTION, 0)

static inline s32 tag_of(value v) {
    return (s32)(v >> 32);
}
static inline bool is_number(value v) {
    s32 tag = tag_of(v);
    return tag == TAG_INT || tag >= TAG_FLOAT || tag < TAG_BIG_INT;
}
static inline bool is_string(value v) {
    return tag_of(v) == TAG_STRING || tag_of(v) == TAG_ROPE;
}
static inline bool is_exception(value v) {
    return tag_of(v) == TAG_EXCEPTION;
}

/* The one context (and its runtime), in linear memory. */
extern u32 context;
extern u32 runtime;

static inline value duplicate(value v) {
    return w2c_JS_DupValue(context, v);
}
static inline void release(value v) {
    w2c_JS_FreeValue(context, v);
}

/* Room on the engine's own stack for what its functions read or write; given back by scratch_end. */
static inline u32 scratch_begin(u32 bytes) {
    stack_pointer -= (bytes + 15U) & ~15U;
    return stack_pointer;
}
static inline void scratch_end(u32 bytes) {
    stack_pointer += (bytes + 15U) & ~15U;
}

/* ---- text.c ---- */

/* A string's UTF-8; lone surrogates become U+FFFD. NULL when `v` is no string, or without memory (an
 * exception is pending then). */
struct utf8 {
    const u8 *data;
    u32 length;
    u32 held;
};
bool utf8_of(value v, struct utf8 *text);
void utf8_done(struct utf8 *text);
/* A string of UTF-8; what is not UTF-8 becomes U+FFFD as the Encoding Standard says, or an exception where
 * `strict`. */
value string_of(const void *data, size_t length, bool strict);
/* From a NUL-terminated string that is ASCII. */
value string_literal(const char *text);
value make_number_value(f64 number);

/* ---- calls.c ---- */

/* A function of JavaScript that is written in C: its arguments are borrowed, its result is owned. */
typedef value builtin(u32 count, const value *arguments);
/* Sets a property of an object, `v` is taken; false when that threw. */
bool define(value object, const char *name, value v);
/* What a property is, or VALUE_EXCEPTION. */
value property(value object, const char *name);
/* Throws; always VALUE_EXCEPTION. */
value throw_error(const char *message);
value throw_type_error(const char *message);

static inline value argument(u32 count, const value *arguments, u32 index) {
    return index < count ? arguments[index] : VALUE_UNDEFINED;
}

#endif
