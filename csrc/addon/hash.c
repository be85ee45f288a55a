/* A hash that is quick on filters of some ten thousand bytes: FNV-1a with eight bytes a step. */
#include "addon.h"

#include <string.h>

#define BASIS UINT64_C(0xcbf29ce484222325)
#define PRIME UINT64_C(0x100000001b3)

static uint64_t step(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * PRIME;
    /* A multiplication carries upwards alone; the high half has to come down again. */
    return hash ^ (hash >> 32);
}

uint64_t hash_of(const void *bytes, size_t length) {
    const uint8_t *data = bytes;
    uint64_t hash = step(BASIS, length);
    while (length >= sizeof hash) {
        uint64_t word;
        memcpy(&word, data, sizeof word);
        hash = step(hash, word);
        data += sizeof word;
        length -= sizeof word;
    }
    for (; length > 0; length--)
        hash = step(hash, *data++);
    return hash;
}

static napi_value hash_data(napi_env env, napi_callback_info info) {
    struct bytes data CLEANUP(bytes_release) = {.text.data = NULL};
    if (!hash_arguments(env, info, &data))
        return NULL;
    napi_value value = NULL;
    napi_create_bigint_uint64(env, hash_of(data.data, data.length), &value);
    return value;
}

napi_status register_hash(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {EXPORT(hash, hash_data)};
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
