/* Text into bytes that are there already. */
#include "addon.h"

#include <string.h>

static napi_value encode_into(napi_env env, napi_callback_info info) {
    napi_value text = NULL;
    struct bytes target CLEANUP(bytes_release) = {.text.data = NULL};
    size_t offset = 0;
    if (!encode_into_arguments(env, info, &text, &target, &offset))
        return NULL;
    if (target.text.data != NULL || offset > target.length) {
        fail_type(env, "expected a Uint8Array and a place in it");
        return NULL;
    }
    size_t room = target.length - offset;
    char *place = (char *)(uintptr_t)target.data + offset;
    size_t written = 0;
    if (napi_get_value_string_utf8(env, text, place, room, &written) != napi_ok) {
        fail_type(env, "expected a string");
        return NULL;
    }
    /* Without room for one more character the text may have been cut. */
    bool whole = written + 4 < room && memchr(place, '\0', written) == NULL;
    return make_number(env, whole ? (double)written : -1);
}

napi_status register_encode(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {EXPORT(encodeInto, encode_into)};
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
