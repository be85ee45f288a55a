/*
 * Node-API on the engine: what csrc/addon uses of it, so that the same C serves Node and the executable.
 *
 * A napi_value is the engine's value plus one: a value itself may be 0 (the number 0), which would be NULL.
 * What a function here makes is owned by the innermost scope, that is by one call from JavaScript.
 */
#ifndef TSOCI_ENGINE_HANDLES_H
#define TSOCI_ENGINE_HANDLES_H

#include "value.h"

#include <node_api.h>

struct napi_env__ {
    /* What the addon threw and JavaScript did not see yet; VALUE_EXCEPTION for nothing. */
    value pending;
};
extern struct napi_env__ native_env;

struct napi_callback_info__ {
    value self;
    u32 count;
    u32 arguments;
    void *data;
};

static inline napi_value handle_of(value v) {
    return (napi_value)(uintptr_t)(v + 1);
}
static inline value value_of(napi_value handle) {
    return (value)(uintptr_t)handle - 1;
}

static inline bool is_object(napi_value handle) {
    return handle != NULL && tag_of(value_of(handle)) == TAG_OBJECT;
}

/* Gives an owned value to the innermost scope. An exception in `v` becomes the pending one, and the answer
 * NULL. */
napi_status keep(value v, napi_value *result);
/* Where the innermost scope stands, and back to it. */
size_t scope_begin(void);
void scope_end(size_t begin);
/* Takes the engine's exception as the pending one. */
napi_status pending_from_engine(void);

#endif
