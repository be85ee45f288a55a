/* Scopes, exceptions, calls: the frame of the Node-API layer. */
#include "handles.h"

#include "calls.h"

#include <stdlib.h>

struct napi_env__ native_env = {VALUE_EXCEPTION};

static value first_kept[512];
static value *kept = first_kept;
static size_t kept_count;
static size_t kept_room = sizeof first_kept / sizeof first_kept[0];

static bool make_room(void) {
    if (kept_count < kept_room)
        return true;
    value *more = malloc(kept_room * 2 * sizeof *more);
    if (more == NULL)
        return false;
    memcpy(more, kept, kept_count * sizeof *more);
    if (kept != first_kept)
        free(kept);
    kept = more;
    kept_room *= 2;
    return true;
}

napi_status pending_from_engine(void) {
    if (!is_exception(native_env.pending))
        release(native_env.pending);
    native_env.pending = w2c_JS_GetException(context);
    return napi_pending_exception;
}

napi_status keep(value v, napi_value *result) {
    *result = NULL;
    if (is_exception(v))
        return pending_from_engine();
    if (!make_room()) {
        release(v);
        return napi_generic_failure;
    }
    kept[kept_count++] = v;
    *result = handle_of(v);
    return napi_ok;
}

size_t scope_begin(void) {
    return kept_count;
}

void scope_end(size_t begin) {
    while (kept_count > begin)
        release(kept[--kept_count]);
}

napi_status napi_open_handle_scope(napi_env env, napi_handle_scope *result) {
    (void)env;
    *result = (napi_handle_scope)(uintptr_t)(scope_begin() + 1);
    return napi_ok;
}

napi_status napi_close_handle_scope(napi_env env, napi_handle_scope scope) {
    (void)env;
    if (scope == NULL || (uintptr_t)scope - 1 > kept_count)
        return napi_handle_scope_mismatch;
    scope_end((uintptr_t)scope - 1);
    return napi_ok;
}

value call_native(const struct native *native, value self, u32 count, u32 arguments) {
    size_t begin = scope_begin();
    struct napi_callback_info__ info = {self, count, arguments, native->data};
    napi_value result = native->callback(&native_env, &info);
    value answer = result == NULL ? VALUE_UNDEFINED : duplicate(value_of(result));
    scope_end(begin);
    if (is_exception(native_env.pending))
        return answer;
    release(answer);
    value thrown = native_env.pending;
    native_env.pending = VALUE_EXCEPTION;
    return w2c_JS_Throw(context, thrown);
}

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t *count, napi_value *arguments,
                             napi_value *self, void **data) {
    (void)env;
    const value *given = (const value *)(const void *)AT(info->arguments);
    if (count != NULL && arguments != NULL)
        for (size_t i = 0; i < *count; i++)
            arguments[i] = handle_of(i < info->count ? given[i] : VALUE_UNDEFINED);
    if (count != NULL)
        *count = info->count;
    if (self != NULL)
        *self = handle_of(info->self);
    if (data != NULL)
        *data = info->data;
    return napi_ok;
}

/* ---- exceptions ---- */

napi_status napi_throw(napi_env env, napi_value error) {
    if (error == NULL)
        return napi_invalid_arg;
    if (!is_exception(env->pending))
        return napi_pending_exception;
    env->pending = duplicate(value_of(error));
    return napi_ok;
}

napi_status napi_is_exception_pending(napi_env env, bool *result) {
    *result = !is_exception(env->pending);
    return napi_ok;
}

napi_status napi_get_and_clear_last_exception(napi_env env, napi_value *result) {
    if (is_exception(env->pending))
        return napi_get_undefined(env, result);
    value thrown = env->pending;
    env->pending = VALUE_EXCEPTION;
    return keep(thrown, result);
}

napi_status napi_create_error(napi_env env, napi_value code, napi_value message, napi_value *result) {
    (void)env;
    if (message == NULL || !is_string(value_of(message)))
        return napi_string_expected;
    value error = w2c_JS_NewError(context);
    if (is_exception(error))
        return keep(error, result);
    define(error, "message", duplicate(value_of(message)));
    if (code != NULL)
        define(error, "code", duplicate(value_of(code)));
    return keep(error, result);
}

static napi_status throw_made(napi_env env, value (*thrower)(const char *), const char *code,
                              const char *message) {
    if (!is_exception(env->pending))
        return napi_pending_exception;
    thrower(message);
    pending_from_engine();
    if (code != NULL)
        define(env->pending, "code", string_literal(code));
    return napi_ok;
}

napi_status napi_throw_error(napi_env env, const char *code, const char *message) {
    return throw_made(env, throw_error, code, message);
}

napi_status napi_throw_type_error(napi_env env, const char *code, const char *message) {
    return throw_made(env, throw_type_error, code, message);
}

/* ---- functions ---- */

napi_status napi_define_properties(napi_env env, napi_value object, size_t count,
                                   const napi_property_descriptor *properties) {
    (void)env;
    for (size_t i = 0; i < count; i++) {
        const napi_property_descriptor *one = &properties[i];
        if (one->method == NULL || one->utf8name == NULL)
            return napi_invalid_arg;
        u32 number = native_number(one->method, one->data);
        /* Without an object only the numbers are given out: the functions themselves are in the image. */
        if (object != NULL)
            define(value_of(object), one->utf8name, make_native(number, one->utf8name));
    }
    return napi_ok;
}
