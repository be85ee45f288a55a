/*
 * What JavaScript has of the engine besides the language: a table of functions in C, from which
 * src/entry/engine-globals.ts makes TextEncoder and the like. It is the global `engine`.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "engine.h"
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static value list_of(char **items, u32 count) {
    value array = w2c_JS_NewArray(context);
    for (u32 i = 0; i < count && !is_exception(array); i++) {
        value text = string_of(items[i], strlen(items[i]), false);
        if (is_exception(text) || (s32)w2c_JS_SetPropertyUint32(context, array, i, text) < 0) {
            release(array);
            return VALUE_EXCEPTION;
        }
    }
    return array;
}

/* arguments(): the command line without the program's name. */
static value arguments(u32 count, const value *given) {
    (void)count, (void)given;
    return list_of(argument_list + 1, argument_count > 0 ? (u32)argument_count - 1 : 0);
}

/* name(): by which the program was called; empty when that was not told. */
static value name(u32 count, const value *given) {
    (void)count, (void)given;
    return string_literal(argument_count > 0 ? argument_list[0] : "");
}

/* environment(): `NAME=value` lines. */
static value environment(u32 count, const value *given) {
    (void)count, (void)given;
    u32 lines = 0;
    while (environment_list[lines] != NULL)
        lines++;
    return list_of(environment_list, lines);
}

/* variable(name): its value, or undefined; of one that is given twice the first. */
static value variable(u32 count, const value *given) {
    struct utf8 name;
    if (!utf8_of(argument(count, given, 0), &name))
        return throw_type_error("expected a string");
    value found = VALUE_UNDEFINED;
    for (char **line = environment_list; *line != NULL && name.length > 0; line++) {
        if (strncmp(*line, (const char *)name.data, name.length) != 0 || (*line)[name.length] != '=')
            continue;
        found = string_literal(*line + name.length + 1);
        break;
    }
    utf8_done(&name);
    return found;
}

/* began(): CLOCK_MONOTONIC in nanoseconds when the process began. */
static value began(u32 count, const value *given) {
    (void)count, (void)given;
    return w2c_JS_NewBigUint64(context, process_began);
}

/* now(): milliseconds since then. */
static value now(u32 count, const value *given) {
    (void)count, (void)given;
    return make_number_value((f64)(monotonic_now() - process_began) / 1e6);
}

static bool number_of(value v, f64 *number) {
    u32 room = scratch_begin(8);
    bool ok = w2c_JS_ToFloat64(context, room, v) == 0;
    *number = f64_load(room);
    scratch_end(8);
    return ok;
}

/* exit(status): at once. */
static value exit_now(u32 count, const value *given) {
    f64 status = 0;
    if (!number_of(argument(count, given, 0), &status))
        return VALUE_EXCEPTION;
    _exit((int)status);
}

/* complain(text): a line to standard error. */
static value complain(u32 count, const value *given) {
    struct utf8 text;
    if (!utf8_of(argument(count, given, 0), &text))
        return throw_type_error("expected a string");
    write_error(text.data, text.length);
    utf8_done(&text);
    return VALUE_UNDEFINED;
}

/* random(): 0 up to 1, without 1; of the kernel, as a seed in the image would be the same in every process.
 */
static value random_number(u32 count, const value *given) {
    (void)count, (void)given;
    u64 bits = 0;
    while (getrandom(&bits, sizeof bits, 0) < 0 && errno == EINTR)
        continue;
    return make_number_value((f64)(bits >> 11) * 0x1p-53);
}

/* ---- text ---- */

/* encode(text): its UTF-8. */
static value encode(u32 count, const value *given) {
    struct utf8 text;
    if (!utf8_of(argument(count, given, 0), &text))
        return throw_type_error("expected a string");
    u32 room = 0;
    /* Held text lies in linear memory already. */
    if (text.held == 0) {
        room = w2c_js_malloc(context, text.length);
        if (room == 0) {
            utf8_done(&text);
            return VALUE_EXCEPTION;
        }
        memcpy(AT(room), text.data, text.length);
    }
    value array = w2c_JS_NewUint8ArrayCopy(context, room != 0 ? room : text.held, text.length);
    if (room != 0)
        w2c_js_free(context, room);
    utf8_done(&text);
    return array;
}

static bool bytes_of(value v, u8 **data, u32 *length) {
    u32 room = scratch_begin(4);
    u32 at = w2c_JS_GetUint8Array(context, room, v);
    *length = i32_load(room);
    scratch_end(4);
    *data = AT(at);
    return at != 0 || !w2c_JS_HasException(context);
}

/* encodeInto(text, array, offset): bytes that the text takes; written when there is room for all of it. */
static value encode_into(u32 count, const value *given) {
    u8 *data;
    u32 length;
    f64 offset = 0;
    struct utf8 text;
    if (!bytes_of(argument(count, given, 1), &data, &length) ||
        !number_of(argument(count, given, 2), &offset))
        return VALUE_EXCEPTION;
    if (!utf8_of(argument(count, given, 0), &text))
        return throw_type_error("expected a string");
    if (offset >= 0 && offset <= length && text.length <= length - (u32)offset)
        memcpy(data + (u32)offset, text.data, text.length);
    value result = make_number_value(text.length);
    utf8_done(&text);
    return result;
}

/* decode(bytes, strict): the text; what is not UTF-8 becomes U+FFFD, or a TypeError. */
static value decode(u32 count, const value *given) {
    u8 *data;
    u32 length;
    if (!bytes_of(argument(count, given, 0), &data, &length))
        return VALUE_EXCEPTION;
    return string_of(data, length, argument(count, given, 1) == VALUE_TRUE);
}

/* ---- the loop ---- */

/* setTimer(function, milliseconds, again): a number. */
static value set_timer_call(u32 count, const value *given) {
    value function = argument(count, given, 0);
    f64 milliseconds = 0;
    if (!w2c_JS_IsFunction(context, function))
        return throw_type_error("expected a function");
    if (argument(count, given, 1) != VALUE_UNDEFINED && !number_of(argument(count, given, 1), &milliseconds))
        return VALUE_EXCEPTION;
    return make_number_value(set_timer(function, milliseconds, argument(count, given, 2) == VALUE_TRUE));
}

/* clearTimer(number) */
static value clear_timer_call(u32 count, const value *given) {
    f64 number = 0;
    if (!number_of(argument(count, given, 0), &number))
        return VALUE_EXCEPTION;
    clear_timer(number >= 1 && number <= UINT32_MAX ? (u32)number : 0);
    return VALUE_UNDEFINED;
}

/* watch(descriptor, events, function): function is called with the epoll(7) events. 0, or an errno. */
static value watch_call(u32 count, const value *given) {
    f64 descriptor = 0;
    f64 events = 0;
    if (!number_of(argument(count, given, 0), &descriptor) || !number_of(argument(count, given, 1), &events))
        return VALUE_EXCEPTION;
    if (!w2c_JS_IsFunction(context, argument(count, given, 2)))
        return throw_type_error("expected a function");
    return make_number_value(watch((int)descriptor, (u32)events, argument(count, given, 2)));
}

/* unwatch(descriptor): 0, or ENOENT. */
static value unwatch_call(u32 count, const value *given) {
    f64 descriptor = 0;
    if (!number_of(argument(count, given, 0), &descriptor))
        return VALUE_EXCEPTION;
    return make_number_value(unwatch((int)descriptor));
}

/* collect(): frees cycles that nothing leads to. */
static value collect(u32 count, const value *given) {
    (void)count, (void)given;
    w2c_JS_RunGC(runtime);
    return VALUE_UNDEFINED;
}

/* version(): of QuickJS-ng. */
static value version(u32 count, const value *given) {
    (void)count, (void)given;
    return string_literal((const char *)AT(w2c_JS_GetVersion()));
}

const struct builtin_entry builtin_table[] = {
    {"arguments", arguments},
    {"name", name},
    {"environment", environment},
    {"variable", variable},
    {"began", began},
    {"now", now},
    {"exit", exit_now},
    {"complain", complain},
    {"random", random_number},
    {"encode", encode},
    {"encodeInto", encode_into},
    {"decode", decode},
    {"setTimer", set_timer_call},
    {"clearTimer", clear_timer_call},
    {"watch", watch_call},
    {"unwatch", unwatch_call},
    {"collect", collect},
    {"version", version},
};
const u32 builtin_count = sizeof builtin_table / sizeof builtin_table[0];
