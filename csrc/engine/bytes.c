/* Node-API: array buffers and typed arrays. */
#include "handles.h"

/* The engine's own function that frees a buffer by its allocator, as JS_NewArrayBufferCopy names it;
 * translate.ts pins the version. */
#define TABLE_FREE_BUFFER 35U

napi_status napi_create_arraybuffer(napi_env env, size_t length, void **data, napi_value *result) {
    (void)env;
    if (length > 0x7fffffff)
        return napi_invalid_arg;
    u32 room = w2c_js_mallocz(context, length == 0 ? 1 : (u32)length);
    if (room == 0)
        return pending_from_engine();
    value buffer = w2c_JS_NewArrayBuffer(context, room, (u32)length, 0, TABLE_FREE_BUFFER, 0, 0);
    if (is_exception(buffer))
        w2c_js_free(context, room);
    if (data != NULL)
        *data = AT(room);
    return keep(buffer, result);
}

/* The engine's numbers of the kinds of typed arrays: clamped bytes, then signed and unsigned by turns. */
enum { ENGINE_UINT8 = 2 };

napi_status napi_create_typedarray(napi_env env, napi_typedarray_type type, size_t length, napi_value buffer,
                                   size_t offset, napi_value *result) {
    (void)env;
    if (type != napi_uint8_array || buffer == NULL)
        return napi_invalid_arg;
    u32 room = scratch_begin(3 * sizeof(value));
    i64_store(room, value_of(buffer));
    i64_store(room + 8, make_number_value((double)offset));
    i64_store(room + 16, make_number_value((double)length));
    value array = w2c_JS_NewTypedArray(context, 3, room, ENGINE_UINT8);
    scratch_end(3 * sizeof(value));
    return keep(array, result);
}

napi_status napi_is_typedarray(napi_env env, napi_value handle, bool *result) {
    (void)env;
    if (handle == NULL)
        return napi_invalid_arg;
    *result = is_object(handle) && (s32)w2c_JS_GetTypedArrayType(value_of(handle)) >= 0;
    return napi_ok;
}

napi_status napi_get_typedarray_info(napi_env env, napi_value handle, napi_typedarray_type *type,
                                     size_t *length, void **data, napi_value *buffer, size_t *offset) {
    (void)env;
    if (!is_object(handle) || buffer != NULL || offset != NULL)
        return napi_invalid_arg;
    s32 kind = (s32)w2c_JS_GetTypedArrayType(value_of(handle));
    if (kind != ENGINE_UINT8) {
        /* Another kind is told, not handed over: the addon refuses it. */
        if (type != NULL)
            *type = napi_float64_array;
        *length = 0;
        *data = NULL;
        return kind < 0 ? napi_invalid_arg : napi_ok;
    }
    u32 room = scratch_begin(4);
    u32 bytes = w2c_JS_GetUint8Array(context, room, value_of(handle));
    *length = i32_load(room);
    scratch_end(4);
    if (bytes == 0 && w2c_JS_HasException(context))
        return pending_from_engine();
    *data = AT(bytes);
    if (type != NULL)
        *type = napi_uint8_array;
    return napi_ok;
}
