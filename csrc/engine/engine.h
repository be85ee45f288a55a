/* What the parts of the engine's own C share, besides values (value.h). */
#ifndef TSOCI_ENGINE_ENGINE_H
#define TSOCI_ENGINE_ENGINE_H

#include "value.h"

#include <node_api.h>

/* How a fault of the engine ends: neither a status of ours nor of most programs (EX_SOFTWARE of sysexits.h).
 */
#define STATUS_CRASH 70
#define STATUS_UNCAUGHT 1

/* Bytes of linear memory that no process of ours needs more of: a config that does is refused. */
#ifndef MOST_MEMORY
#define MOST_MEMORY (1ULL << 30)
#endif

/* To standard error, as far as that takes it. */
void write_error(const void *data, size_t length);
/* One line to standard error. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void crash_handlers(void);

/* memory.c: takes linear memory into use, of which the program's own section has filled what lies between the
 * engine's stack and `filled`; 0 for nothing. */
void memory_begin(u64 filled, u64 size);

/* Bytes of its own stack that the engine may fill before a recursion is too deep. */
#define DEEPEST (STACK_TOP - 65536U)

/* stack.c: calls a function on a native stack of our own. */
void on_own_stack(void (*function)(void));

/* What the process was given. */
extern int argument_count;
extern char **argument_list;
extern char **environment_list;
extern u64 process_began;

/* module.c of csrc/addon, by the name that Node's header gives it. */
napi_value napi_register_module_v1(napi_env env, napi_value exports);

#endif
