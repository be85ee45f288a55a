/* Functions in C that JavaScript calls by number: those of the engine first, then those of csrc/addon. */
#ifndef TSOCI_ENGINE_CALLS_H
#define TSOCI_ENGINE_CALLS_H

#include "value.h"

#include <node_api.h>

/* Numbers from here on belong to csrc/addon. */
#define FIRST_NATIVE 64
#define MOST_NATIVE 256

/* builtins.c: the engine's own, a number each. */
struct builtin_entry {
    const char *name;
    builtin *function;
};
extern const struct builtin_entry builtin_table[];
extern const u32 builtin_count;
value make_builtin(u32 number);

value make_native(u32 number, const char *name);
/* Registers an addon's function under the next number. */
u32 native_number(napi_callback callback, void *data);
/* The numbers begin again: what is registered in the same order afterwards gets the same ones. */
void native_numbers_begin(void);
/* A function of the addon. */
struct native {
    napi_callback callback;
    void *data;
};
value call_native(const struct native *native, value self, u32 count, u32 arguments);

#endif
