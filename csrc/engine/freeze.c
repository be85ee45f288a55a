/*
 * Makes the image, when the executable is built:
 *
 *   freeze compile BUNDLE BYTECODE
 *   freeze image BYTECODE IMAGE VALUES
 *
 * BUNDLE is JavaScript; its bytecode has no source text any more. In a process of its own, so that compiling
 * leaves nothing behind, the bytecode is evaluated; it hands the function that a process will call to
 * engine.main. IMAGE becomes what linear memory holds above the engine's stack, VALUES the C definitions that
 * image.h declares.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "engine.h"
#include "handles.h"
#include "loop.h"
#include "snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

const bool engine_frozen = true;
int argument_count;
char **argument_list;
static char *no_environment[] = {NULL};
char **environment_list = no_environment;
u64 process_began;
u32 context;
u32 runtime;

static value main_function = VALUE_UNDEFINED;

_Noreturn static void fail(const char *what) {
    fprintf(stderr, "freeze: %s\n", what);
    exit(1);
}

static napi_value set_main(napi_env env, napi_callback_info info) {
    (void)env;
    if (info->count < 1)
        fail("engine.main needs a function");
    main_function = duplicate(i64_load(info->arguments));
    return NULL;
}

/* The global `engine`: the engine's own functions, and the addon as `native`. */
static void make_globals(void) {
    value object = w2c_JS_NewObject(context);
    for (u32 i = 0; i < builtin_count; i++)
        define(object, builtin_table[i].name, make_builtin(i));
    value native = w2c_JS_NewObject(context);
    native_numbers_begin();
    napi_register_module_v1(&native_env, handle_of(native));
    define(object, "native", native);
    /* Last: a process registers the others again, and has no use for this one. */
    define(object, "main", make_native(native_number(set_main, NULL), "main"));
    value global = w2c_JS_GetGlobalObject(context);
    define(global, "engine", object);
    release(global);
}

/* Far above everything: what is read here leaves no hole in the engine's memory. */
#ifndef READ_AT
#define READ_AT 0xa0000000U
#endif

static u32 read_file(const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        fail("the bundle cannot be read");
    size_t length = (size_t)ftell(file);
    rewind(file);
    if (mprotect(AT(READ_AT), (length + MEMORY_PAGE) & ~(size_t)(MEMORY_PAGE - 1), PROT_READ | PROT_WRITE) !=
            0 ||
        fread(AT(READ_AT), 1, length, file) != length)
        fail("the bundle cannot be read");
    fclose(file);
    return (u32)length;
}

static void write_file(const char *path, const void *data, size_t length) {
    FILE *file = fopen(path, "we");
    if (file == NULL || fwrite(data, 1, length, file) != length || fclose(file) != 0)
        fail("the image cannot be written");
}

static value succeeded(value v) {
    if (is_exception(v))
        uncaught(w2c_JS_GetException(context));
    return v;
}

/* JS_EVAL_FLAG_COMPILE_ONLY; JS_WRITE_OBJ_BYTECODE (as for reading), JS_WRITE_OBJ_STRIP_SOURCE. */
enum { compile_only = 1 << 5, bytecode = 1 << 0, strip_source = 1 << 4 };

static void begin(void) {
    machine_initial_memory();
    w2c__initialize();
    runtime = w2c_JS_NewRuntime2(snapshot_allocator(), 0);
    context = runtime == 0 ? 0 : w2c_JS_NewContext(runtime);
    if (context == 0)
        fail("the engine does not start");
    /* A collection while it is made would come at any place. */
    w2c_JS_SetGCThreshold(runtime, UINT32_MAX);
    w2c_JS_SetMaxStackSize(runtime, DEEPEST);
    w2c_JS_SetHostPromiseRejectionTracker(runtime, TABLE_ENGINE_REJECTION, 0);
}

static void compile(void) {
    begin();
    u32 length = read_file(argument_list[2]);
    u32 name = scratch_begin(16);
    memcpy(AT(name), "tsoci.js", 9);
    value compiled = succeeded(w2c_JS_Eval(context, READ_AT, length, name, compile_only));
    u32 size = scratch_begin(4);
    u32 written = w2c_JS_WriteObject(context, size, compiled, bytecode | strip_source);
    if (written == 0)
        uncaught(w2c_JS_GetException(context));
    write_file(argument_list[3], AT(written), i32_load(size));
    exit(0);
}

/* A page of the machine, so that what a process makes first lies on fresh pages and not on copies of the
 * file's. */
#define IMAGE_ALIGNMENT 4096U

static void write_image(void) {
    u64 end = snapshot_finish();
    end = (end + IMAGE_ALIGNMENT - 1) & ~(u64)(IMAGE_ALIGNMENT - 1);
    write_file(argument_list[3], AT(STACK_TOP), end - STACK_TOP);
    char values[512];
    int length = snprintf(values, sizeof values,
                          "#include \"image.h\"\n"
                          "const u64 image_end = %lluU;\n"
                          "const u64 image_memory_size = %lluU;\n"
                          "const u32 image_context = %uU;\n"
                          "const u32 image_runtime = %uU;\n"
                          "const value image_main = %lluU;\n",
                          (unsigned long long)end, (unsigned long long)memory_size, context, runtime,
                          (unsigned long long)main_function);
    write_file(argument_list[4], values, (size_t)length);
    fprintf(stderr, "freeze: %llu KB\n", (unsigned long long)(end - STACK_TOP) / 1024);
}

static void freeze(void) {
    begin();
    make_globals();
    u32 length = read_file(argument_list[2]);
    value read = succeeded(w2c_JS_ReadObject(context, READ_AT, length, bytecode));
    release(succeeded(w2c_JS_EvalFunction(context, read)));
    loop_run();
    if (!w2c_JS_IsFunction(context, main_function))
        fail("the bundle did not call engine.main");
    w2c_JS_RunGC(runtime);
    if (stack_pointer != STACK_TOP)
        fail("the engine's stack is not empty");
    write_image();
    exit(0);
}

int main(int count, char **arguments) {
    bool compiles = count == 4 && strcmp(arguments[1], "compile") == 0;
    if (!compiles && (count != 5 || strcmp(arguments[1], "image") != 0))
        fail("usage: freeze compile BUNDLE BYTECODE, freeze image BYTECODE IMAGE VALUES");
    argument_count = count;
    argument_list = arguments;
    memory_begin(0, (u64)INITIAL_PAGES * MEMORY_PAGE);
    on_own_stack(compiles ? compile : freeze);
    return 1;
}
