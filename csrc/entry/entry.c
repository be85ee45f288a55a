/*
 * The first instructions of the shipped executable, put there by scripts/executable/preset-engine.ts.
 *
 * The JavaScript engine takes its settings from the environment alone, and it raises the limit of open files
 * before it runs any of our code. So this runs before the engine's own entry: it adds the settings to the
 * environment, notes the limit that the caller gave us, and jumps to the engine. The C library is initialised
 * by then (the dynamic loader did that).
 *
 * Compiled without a library of its own, linked at the address of a segment that is added to the executable.
 * The linker is told where the engine's entry is and which slot of its global offset table leads to setenv.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

typedef int set_environment(const char *name, const char *value, int overwrite);

__attribute__((visibility("hidden"))) extern void engine_entry(void);
__attribute__((visibility("hidden"))) extern set_environment *const setenv_slot;

/* Both keep what the loader handed over (its exit function) for the engine's own entry, and the stack
 * aligned. */
#if defined(__x86_64__)
__asm__(".section .text.entry,\"ax\"\n"
        ".globl entry\n"
        "entry:\n"
        "    push %rdx\n"
        "    sub $8, %rsp\n"
        "    call before_engine\n"
        "    add $8, %rsp\n"
        "    pop %rdx\n"
        "    jmp engine_entry\n"
        ".text\n");
#elif defined(__aarch64__)
__asm__(".section .text.entry,\"ax\"\n"
        ".globl entry\n"
        "entry:\n"
        "    stp x0, x30, [sp, #-16]!\n"
        "    bl before_engine\n"
        "    ldp x0, x30, [sp], #16\n"
        "    b engine_entry\n"
        ".text\n");
#else
#error "no entry for this architecture"
#endif

static long get_limit(int resource, uint64_t limit[2]) {
#if defined(__x86_64__)
    long result;
    register void *old __asm__("r10") = limit;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long)SYS_prlimit64), "D"(0L), "S"((long)resource), "d"(0L), "r"(old)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long number __asm__("x8") = SYS_prlimit64;
    register long result __asm__("x0") = 0;
    register long which __asm__("x1") = resource;
    register long fresh __asm__("x2") = 0;
    register void *old __asm__("x3") = limit;
    __asm__ volatile("svc 0" : "+r"(result) : "r"(number), "r"(which), "r"(fresh), "r"(old) : "memory");
    return result;
#endif
}

/* Writes a number in decimal; `end` is behind the last digit. Returns the first digit. */
static char *decimal(uint64_t number, char *end) {
    *end = '\0';
    do
        *--end = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    return end;
}

#define OPEN_FILES 7 /* RLIMIT_NOFILE */

__attribute__((visibility("hidden"))) void before_engine(void);

void before_engine(void) {
    /* Whoever sets one of these by hand is right: nothing is overwritten. */
#define SETTING(name, value) setenv_slot(name, value, 0);
#include "settings.h"
#undef SETTING
    uint64_t limit[2];
    char digits[24];
    if (get_limit(OPEN_FILES, limit) == 0)
        setenv_slot("TSOCI_OPEN_FILES", decimal(limit[0], digits + sizeof digits - 1), 1);
}
