/*
 * The stub's own small runtime: what it needs of a C library, and nothing more. See start.c for the reason.
 *
 * Declarations come from the system's headers, so the stub's sources compile unchanged with a whole C library
 * (the tests with sanitizers do that). A function that is missing here fails to link: add it, as thin as the
 * others.
 */
#ifndef TSOCI_RAW_H
#define TSOCI_RAW_H

#include <stdint.h>
#include <sys/syscall.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* A system call with up to six arguments: the result, or -errno. */
#if defined(__x86_64__)
static inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    register long sixth __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
    register long which __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    register long fifth __asm__("x4") = e;
    register long sixth __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(first)
                     : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "memory");
    return first;
}
#else
#error "the runtime does not know this architecture"
#endif

/* -errno becomes errno and -1. */
HIDDEN long raw_result(long returned);

#define ARGUMENT(value) ((long)(value))
#define POINTER(value) ((long)(uintptr_t)(value))
#define CALL6(name, a, b, c, d, e, f) raw_result(raw_call(SYS_##name, a, b, c, d, e, f))
#define CALL5(name, a, b, c, d, e) CALL6(name, a, b, c, d, e, 0)
#define CALL4(name, a, b, c, d) CALL6(name, a, b, c, d, 0, 0)
#define CALL3(name, a, b, c) CALL6(name, a, b, c, 0, 0, 0)
#define CALL2(name, a, b) CALL6(name, a, b, 0, 0, 0, 0)
#define CALL1(name, a) CALL6(name, a, 0, 0, 0, 0, 0)
#define CALL0(name) CALL6(name, 0, 0, 0, 0, 0, 0)

#endif
