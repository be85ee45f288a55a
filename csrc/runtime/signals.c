/* Signals. The kernel's set has 64 bits, the C library's type has more: only the first word ever counts. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>

#include "raw.h"

/* The kernel's struct sigaction. aarch64 has the restorer too, but returns through its vDSO without one. */
struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

#if defined(__x86_64__)
#define FLAG_RESTORER 0x04000000UL
void signal_return(void) HIDDEN;
__asm__(".text\n"
        ".hidden signal_return\n"
        ".globl signal_return\n"
        "signal_return:\n"
        "    mov $15, %eax\n"
        "    syscall\n");
#endif

static uint64_t word_of(const sigset_t *set) {
    uint64_t word;
    memcpy(&word, set, sizeof word);
    return word;
}

static void set_word(sigset_t *set, uint64_t word) {
    memset(set, 0, sizeof *set);
    memcpy(set, &word, sizeof word);
}

int sigemptyset(sigset_t *set) {
    set_word(set, 0);
    return 0;
}

int sigfillset(sigset_t *set) {
    set_word(set, ~(uint64_t)0);
    return 0;
}

int sigaddset(sigset_t *set, int signal) {
    set_word(set, word_of(set) | (uint64_t)1 << (signal - 1));
    return 0;
}

int sigdelset(sigset_t *set, int signal) {
    set_word(set, word_of(set) & ~((uint64_t)1 << (signal - 1)));
    return 0;
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old) {
    uint64_t fresh = set == NULL ? 0 : word_of(set);
    uint64_t before = 0;
    const long result =
        CALL4(rt_sigprocmask, how, set == NULL ? 0 : POINTER(&fresh), POINTER(&before), sizeof before);
    if (result == 0 && old != NULL)
        set_word(old, before);
    return (int)result;
}

int sigaction(int signal, const struct sigaction *restrict action, struct sigaction *restrict old) {
    struct kernel_action fresh = {0};
    struct kernel_action before = {0};
    if (action != NULL) {
        fresh.handler = action->sa_handler;
        fresh.flags = (unsigned)action->sa_flags;
        fresh.mask = word_of(&action->sa_mask);
#if defined(__x86_64__)
        fresh.flags |= FLAG_RESTORER;
        fresh.restorer = signal_return;
#endif
    }
    const long result = CALL4(rt_sigaction, signal, action == NULL ? 0 : POINTER(&fresh), POINTER(&before),
                              sizeof fresh.mask);
    if (result == 0 && old != NULL) {
        old->sa_handler = before.handler;
        old->sa_flags = (int)before.flags;
        set_word(&old->sa_mask, before.mask);
    }
    return (int)result;
}

int signalfd(int descriptor, const sigset_t *set, int flags) {
    const uint64_t word = word_of(set);
    return (int)CALL4(signalfd4, descriptor, POINTER(&word), sizeof word, flags);
}
