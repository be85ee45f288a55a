/*
 * A native stack of our own. The engine counts its own stack (in linear memory) alone when it looks whether a
 * recursion goes too deep, and it needs more of the native one than the usual 8 MB for that, let alone what
 * `ulimit -s` may leave.
 */
#define _GNU_SOURCE
#include "engine.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_SIZE (64UL << 20)
#define GUARD 65536UL

/* Calls function with the stack pointer at top. */
void switch_stack(void *top, void (*function)(void));

#if defined(__x86_64__)
__asm__(".text\n.globl switch_stack\n.hidden switch_stack\n.type switch_stack,@function\n"
        "switch_stack:\n"
        "    push %rbp\n"
        "    mov %rsp, %rbp\n"
        "    mov %rdi, %rsp\n"
        "    call *%rsi\n"
        "    mov %rbp, %rsp\n"
        "    pop %rbp\n"
        "    ret\n");
#elif defined(__aarch64__)
__asm__(".text\n.globl switch_stack\n.hidden switch_stack\n.type switch_stack,@function\n"
        "switch_stack:\n"
        "    stp x29, x30, [sp, #-16]!\n"
        "    mov x29, sp\n"
        "    mov sp, x0\n"
        "    blr x1\n"
        "    mov sp, x29\n"
        "    ldp x29, x30, [sp], #16\n"
        "    ret\n");
#else
#error "no stack switch for this architecture"
#endif

void on_own_stack(void (*function)(void)) {
    size_t size = STACK_SIZE;
    u8 *stack;
    /* Under a limit of address space: as much as there is, and less depth. */
    while ((stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0)) == MAP_FAILED &&
           size > (1UL << 20))
        size /= 2;
    if (stack == MAP_FAILED || mprotect(stack, GUARD, PROT_NONE) != 0) {
        say("tsoci: no room for the JavaScript engine's stack (RLIMIT_AS)\n");
        _exit(STATUS_UNCAUGHT);
    }
    if (size < STACK_SIZE)
        w2c_JS_SetMaxStackSize(runtime, (u32)(DEEPEST * size / STACK_SIZE));
    switch_stack(stack + size, function);
}
