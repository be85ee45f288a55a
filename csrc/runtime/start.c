/*
 * From the kernel's entry to main, without a C library.
 *
 * A static glibc asks the processor about its caches before main, with instructions that trap to the
 * hypervisor on every virtual machine: 0.6 ms for each start of the stub where this takes 0.02 ms. It also
 * makes the stub fifty times larger, and the stub is copied into a sealed memory file for each container,
 * where its pages count against the memory limit.
 *
 * The program is position-independent. This applies its relocations, makes read-only again what they changed,
 * and takes the stack protector's secret from the kernel. Until then nothing here may be instrumented or call
 * another file.
 */
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "raw.h"

int main(int count, char **arguments);

char **environ;

/* Compared by the instrumentation of -fstack-protector; see -mstack-protector-guard=global in binding.gyp. */
uintptr_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);
_Noreturn void begin(uintptr_t *stack);

extern const ElfW(Dyn) dynamic_section[] __asm__("_DYNAMIC") HIDDEN;
extern const ElfW(Ehdr) file_header __asm__("__ehdr_start") HIDDEN;

#if defined(__x86_64__)
#define RELATIVE R_X86_64_RELATIVE
__asm__(".text\n"
        ".globl _start\n"
        "_start:\n"
        "    xor %ebp, %ebp\n"
        "    mov %rsp, %rdi\n"
        "    and $-16, %rsp\n"
        "    call begin\n"
        "    hlt\n");
#else
#define RELATIVE R_AARCH64_RELATIVE
__asm__(".text\n"
        ".globl _start\n"
        "_start:\n"
        "    mov x29, #0\n"
        "    mov x30, #0\n"
        "    mov x0, sp\n"
        "    bl begin\n"
        "    brk #1\n");
#endif

_Noreturn void __stack_chk_fail(void) {
    for (;;)
        raw_call(SYS_kill, raw_call(SYS_getpid, 0, 0, 0, 0, 0, 0), 6 /* SIGABRT */, 0, 0, 0, 0);
}

/* The linker wrote addresses as if the program were at 0; there are no other kinds (-z text, no symbols from
 * elsewhere). */
static inline __attribute__((always_inline)) void relocate(uintptr_t base) {
    uintptr_t table = 0;
    size_t size = 0;
    for (const ElfW(Dyn) *entry = dynamic_section; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_RELA)
            table = base + entry->d_un.d_ptr;
        if (entry->d_tag == DT_RELASZ)
            size = entry->d_un.d_val;
    }
    for (size_t at = 0; at < size; at += sizeof(ElfW(Rela))) {
        const ElfW(Rela) *relocation = (const ElfW(Rela) *)(table + at);
        if (ELF64_R_TYPE(relocation->r_info) == RELATIVE)
            *(uintptr_t *)(base + relocation->r_offset) = base + (uintptr_t)relocation->r_addend;
    }
}

static inline __attribute__((always_inline)) uintptr_t auxiliary(const uintptr_t *vector, uintptr_t kind) {
    for (; vector[0] != AT_NULL; vector += 2)
        if (vector[0] == kind)
            return vector[1];
    return 0;
}

static inline __attribute__((always_inline)) void protect(uintptr_t base) {
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(base + file_header.e_phoff);
    for (size_t i = 0; i < file_header.e_phnum; i++, segment++) {
        if (segment->p_type != PT_GNU_RELRO)
            continue;
        /* The linker ends the region at a page of the largest size; what of the last page is beyond it stays
         * writable. */
        const uintptr_t mask = ~(uintptr_t)4095;
        const uintptr_t start = (base + segment->p_vaddr) & mask;
        const uintptr_t end = (base + segment->p_vaddr + segment->p_memsz) & mask;
        if (end > start)
            raw_call(SYS_mprotect, (long)start, (long)(end - start), PROT_READ, 0, 0, 0);
    }
}

__attribute__((no_stack_protector)) _Noreturn void begin(uintptr_t *stack) {
    const uintptr_t base = (uintptr_t)&file_header;
    relocate(base);
    protect(base);
    const int count = (int)stack[0];
    char **arguments = (char **)(stack + 1);
    environ = arguments + count + 1;
    char **end = environ;
    while (*end != NULL)
        end++;
    const uintptr_t random = auxiliary((const uintptr_t *)(end + 1), AT_RANDOM);
    /* A zero byte in front stops strings that run over, as everywhere else. */
    if (random != 0)
        __stack_chk_guard = *(const uintptr_t *)random & ~(uintptr_t)0xff;
    _exit(main(count, arguments));
}
