/*
 * The first instructions of the shipped executable, put there by scripts/executable/preset-engine.ts.
 *
 * The JavaScript engine takes its settings from the environment alone, and it raises the limit of open files
 * before it runs any of our code. So this runs before the engine's own entry: it adds the settings to the
 * environment, notes the limit and the descriptors that the caller gave us, and jumps to the engine. The C
 * library is initialised by then (the dynamic loader did that).
 *
 * Compiled without a library of its own, linked at the address of a segment that is added to the executable.
 * The linker is told where the engine's entry is and which slot of its global offset table leads to setenv.
 */
#include <fcntl.h>
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

static long call_system(long number, long first, long second, long third, long fourth) {
#if defined(__x86_64__)
    long result;
    register long last __asm__("r10") = fourth;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(first), "S"(second), "d"(third), "r"(last)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long call __asm__("x8") = number;
    register long result __asm__("x0") = first;
    register long x1 __asm__("x1") = second;
    register long x2 __asm__("x2") = third;
    register long x3 __asm__("x3") = fourth;
    __asm__ volatile("svc 0" : "+r"(result) : "r"(call), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return result;
#endif
}

/* How many descriptors the caller passed, from 3 on and without a gap. The engine makes all of them
 * close-on-exec, and its own are among them then. */
static uint64_t passed_descriptors(void) {
    long descriptor = 3;
    while (call_system(SYS_fcntl, descriptor, F_GETFD, 0, 0) >= 0)
        descriptor++;
    return (uint64_t)descriptor - 3;
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
    if (call_system(SYS_prlimit64, 0, OPEN_FILES, 0, (long)limit) == 0)
        setenv_slot("TSOCI_OPEN_FILES", decimal(limit[0], digits + sizeof digits - 1), 1);
    setenv_slot("TSOCI_PASSED", decimal(passed_descriptors(), digits + sizeof digits - 1), 1);
}
