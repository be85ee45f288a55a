/*
 * How JavaScript calls C. One entry of the engine's function table serves all of them (TABLE_ENGINE_CALL); a
 * number says which is meant. The image keeps the number alone, so the addresses may differ from build to
 * build.
 */
#include "calls.h"

static struct native natives[MOST_NATIVE];
static u32 native_count;

static value make_function(const char *name, u32 length, u32 number) {
    size_t size = strlen(name) + 1;
    u32 room = scratch_begin((u32)size);
    memcpy(AT(room), name, size);
    enum { generic_with_magic = 1 };
    value function =
        w2c_JS_NewCFunction2(context, TABLE_ENGINE_CALL, room, length, generic_with_magic, number);
    scratch_end((u32)size);
    return function;
}

value make_builtin(u32 number) {
    return make_function(builtin_table[number].name, 0, number);
}

void native_numbers_begin(void) {
    native_count = 0;
}

u32 native_number(napi_callback callback, void *data) {
    if (native_count == MOST_NATIVE)
        machine_trap(TRAP_UNREACHABLE);
    natives[native_count].callback = callback;
    natives[native_count].data = data;
    return FIRST_NATIVE + native_count++;
}

value make_native(u32 number, const char *name) {
    return make_function(name, 0, number);
}

u64 engine_call(u32 in_context, u64 self, u32 count, u32 arguments, u32 number) {
    (void)in_context;
    if (number < builtin_count)
        return builtin_table[number].function(count, (const value *)(const void *)AT(arguments));
    number -= FIRST_NATIVE;
    if (number < native_count)
        return call_native(&natives[number], self, count, arguments);
    machine_trap(TRAP_CALL_INDIRECT);
}

bool define(value object, const char *name, value v) {
    u32 size = (u32)strlen(name) + 1;
    u32 room = scratch_begin(size);
    memcpy(AT(room), name, size);
    u32 set = w2c_JS_SetPropertyStr(context, object, room, v);
    scratch_end(size);
    return (s32)set >= 0;
}

value property(value object, const char *name) {
    u32 size = (u32)strlen(name) + 1;
    u32 room = scratch_begin(size);
    memcpy(AT(room), name, size);
    value found = w2c_JS_GetPropertyStr(context, object, room);
    scratch_end(size);
    return found;
}

/* The engine's own printf-like functions take the format and a place where its arguments lie. */
static value throw_by(u64 (*thrower)(u32, u32, u32), const char *message) {
    u32 size = (u32)strlen(message) + 1;
    u32 room = scratch_begin(size + 16);
    memcpy(AT(room), "%s", 3);
    i32_store(room + 8, room + 16);
    memcpy(AT(room + 16), message, size);
    value result = thrower(context, room, room + 8);
    scratch_end(size + 16);
    return result;
}

value throw_error(const char *message) {
    return throw_by(w2c_JS_ThrowPlainError, message);
}

value throw_type_error(const char *message) {
    return throw_by(w2c_JS_ThrowTypeError, message);
}
