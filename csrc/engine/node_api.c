/* Node-API: values in and out. */
#include "handles.h"

#include <stdlib.h>

napi_status napi_get_undefined(napi_env env, napi_value *result) {
    (void)env;
    *result = handle_of(VALUE_UNDEFINED);
    return napi_ok;
}

napi_status napi_get_boolean(napi_env env, bool boolean, napi_value *result) {
    (void)env;
    *result = handle_of(boolean ? VALUE_TRUE : VALUE_FALSE);
    return napi_ok;
}

napi_status napi_typeof(napi_env env, napi_value handle, napi_valuetype *result) {
    (void)env;
    if (handle == NULL)
        return napi_invalid_arg;
    value v = value_of(handle);
    if (is_number(v)) {
        *result = napi_number;
        return napi_ok;
    }
    switch (tag_of(v)) {
    case TAG_UNDEFINED:
        *result = napi_undefined;
        break;
    case TAG_NULL:
        *result = napi_null;
        break;
    case TAG_BOOL:
        *result = napi_boolean;
        break;
    case TAG_STRING:
    case TAG_ROPE:
        *result = napi_string;
        break;
    case TAG_SYMBOL:
        *result = napi_symbol;
        break;
    case TAG_BIG_INT:
    case TAG_SHORT_BIG_INT:
        *result = napi_bigint;
        break;
    default:
        *result = w2c_JS_IsFunction(context, v) ? napi_function : napi_object;
    }
    return napi_ok;
}

/* ---- numbers ---- */

napi_status napi_create_double(napi_env env, double number, napi_value *result) {
    (void)env;
    return keep(make_number_value(number), result);
}

napi_status napi_create_bigint_uint64(napi_env env, uint64_t number, napi_value *result) {
    (void)env;
    return keep(w2c_JS_NewBigUint64(context, number), result);
}

napi_status napi_get_value_double(napi_env env, napi_value handle, double *result) {
    (void)env;
    if (handle == NULL)
        return napi_invalid_arg;
    value v = value_of(handle);
    if (!is_number(v))
        return napi_number_expected;
    if (tag_of(v) == TAG_INT) {
        *result = (s32)v;
        return napi_ok;
    }
    u32 room = scratch_begin(8);
    w2c_JS_ToFloat64(context, room, v);
    *result = f64_load(room);
    scratch_end(8);
    return napi_ok;
}

napi_status napi_get_value_bool(napi_env env, napi_value handle, bool *result) {
    (void)env;
    if (handle == NULL || tag_of(value_of(handle)) != TAG_BOOL)
        return napi_boolean_expected;
    *result = (u32)value_of(handle) != 0;
    return napi_ok;
}

/* ---- strings ---- */

napi_status napi_create_string_utf8(napi_env env, const char *text, size_t length, napi_value *result) {
    (void)env;
    if (text == NULL && length != 0)
        return napi_invalid_arg;
    return keep(string_of(text, length == NAPI_AUTO_LENGTH ? strlen(text) : length, false), result);
}

napi_status napi_get_value_string_utf8(napi_env env, napi_value handle, char *buffer, size_t room,
                                       size_t *result) {
    (void)env;
    if (handle == NULL || !is_string(value_of(handle)))
        return napi_string_expected;
    struct utf8 text;
    if (!utf8_of(value_of(handle), &text))
        return pending_from_engine();
    if (buffer == NULL) {
        *result = text.length;
    } else if (room > 0) {
        size_t length = text.length;
        if (length > room - 1) {
            /* Never half a character. */
            length = room - 1;
            while (length > 0 && (text.data[length] & 0xc0) == 0x80)
                length--;
        }
        memcpy(buffer, text.data, length);
        buffer[length] = '\0';
        if (result != NULL)
            *result = length;
    }
    utf8_done(&text);
    return napi_ok;
}

/* ---- objects and arrays ---- */

napi_status napi_create_object(napi_env env, napi_value *result) {
    (void)env;
    return keep(w2c_JS_NewObject(context), result);
}

napi_status napi_create_array(napi_env env, napi_value *result) {
    (void)env;
    return keep(w2c_JS_NewArray(context), result);
}

napi_status napi_create_array_with_length(napi_env env, size_t length, napi_value *result) {
    /* The elements follow one after another, which is what makes an array a fast one here; a length in
     * advance does not. */
    (void)length;
    return napi_create_array(env, result);
}

napi_status napi_is_array(napi_env env, napi_value handle, bool *result) {
    (void)env;
    if (handle == NULL)
        return napi_invalid_arg;
    *result = w2c_JS_IsArray(value_of(handle)) != 0;
    return napi_ok;
}

napi_status napi_get_array_length(napi_env env, napi_value handle, uint32_t *result) {
    (void)env;
    if (!is_object(handle) || !w2c_JS_IsArray(value_of(handle)))
        return napi_array_expected;
    u32 room = scratch_begin(8);
    u32 failed = w2c_JS_GetLength(context, value_of(handle), room);
    *result = (u32)i64_load(room);
    scratch_end(8);
    return failed ? pending_from_engine() : napi_ok;
}

napi_status napi_get_element(napi_env env, napi_value handle, uint32_t index, napi_value *result) {
    (void)env;
    if (!is_object(handle))
        return napi_object_expected;
    return keep(w2c_JS_GetPropertyUint32(context, value_of(handle), index), result);
}

napi_status napi_set_element(napi_env env, napi_value handle, uint32_t index, napi_value element) {
    (void)env;
    if (!is_object(handle) || element == NULL)
        return napi_object_expected;
    u32 set = w2c_JS_SetPropertyUint32(context, value_of(handle), index, duplicate(value_of(element)));
    return (s32)set < 0 ? pending_from_engine() : napi_ok;
}

napi_status napi_get_named_property(napi_env env, napi_value handle, const char *name, napi_value *result) {
    (void)env;
    if (!is_object(handle))
        return napi_object_expected;
    return keep(property(value_of(handle), name), result);
}

napi_status napi_set_named_property(napi_env env, napi_value handle, const char *name, napi_value wanted) {
    (void)env;
    if (!is_object(handle) || wanted == NULL)
        return napi_object_expected;
    bool set = define(value_of(handle), name, duplicate(value_of(wanted)));
    return set ? napi_ok : pending_from_engine();
}
