/* What ends the process: an error that nobody caught, no memory, a fault of the engine. */
#define _GNU_SOURCE
#include "engine.h"
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void write_error(const void *data, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t some = write(STDERR_FILENO, (const u8 *)data + done, length - done);
        if (some == 0 || (some < 0 && errno != EINTR))
            return;
        done += some < 0 ? 0 : (size_t)some;
    }
}

void say(const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    size_t size = (size_t)length < sizeof line ? (size_t)length : sizeof line - 1;
    write_error(line, size);
}

_Noreturn void machine_trap(enum trap trap) {
    static const char *const names[] = {"access out of bounds", "division by zero", "integer overflow",
                                        "unreachable instruction", "call of a wrong function"};
    say("tsoci: the JavaScript engine failed (%s): this is a fault of tsoci, please report it with the "
        "command and its config.json\n",
        names[trap]);
    _exit(STATUS_CRASH);
}

static void crashed(int signal, siginfo_t *info, void *ucontext) {
    (void)ucontext;
    say("tsoci: crashed (%s at %p): this is a fault of tsoci, please report it with the command and its "
        "config.json\n",
        strsignal(signal), info->si_addr);
    _exit(STATUS_CRASH);
}

void crash_handlers(void) {
    static u8 stack[16384] __attribute__((aligned(16)));
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, NULL);
    struct sigaction action = {.sa_sigaction = crashed,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    /* Who reads no longer is told of by EPIPE, as in Node; programs that are started get the default back. */
    signal(SIGPIPE, SIG_IGN);
}

static void say_value(const char *before, value v) {
    value text = w2c_JS_ToString(context, v);
    struct utf8 utf8;
    if (is_exception(text) || !utf8_of(text, &utf8)) {
        say("%s(something that has no text)\n", before);
        return;
    }
    say("%s%.*s\n", before, (int)utf8.length, (const char *)utf8.data);
    utf8_done(&utf8);
}

static bool is_text(value v, const char *wanted) {
    struct utf8 text;
    if (!utf8_of(v, &text))
        return false;
    bool same = text.length == strlen(wanted) && memcmp(text.data, wanted, text.length) == 0;
    utf8_done(&text);
    return same;
}

/* The engine's InternalError passes by every catch: memory is one reason, and as common as the input is
 * large. */
_Noreturn void uncaught(value error) {
    if (tag_of(error) != TAG_OBJECT) {
        say_value("tsoci: internal error: nobody caught ", error);
    } else if (is_text(property(error, "message"), "out of memory")) {
        say("tsoci: out of memory: what was asked for takes more than %u MB, or than this process may have\n",
            (unsigned)(MOST_MEMORY >> 20));
    } else {
        say_value("tsoci: internal error: ", error);
        value stack = property(error, "stack");
        if (is_string(stack))
            say_value("", stack);
    }
    _exit(STATUS_UNCAUGHT);
}

/* ---- promises that nobody handles ---- */

static struct {
    value promise;
    value reason;
} rejected[16];
static u32 rejected_count;

void engine_rejection(u32 in_context, u64 promise, u64 reason, u32 handled, u32 opaque) {
    (void)in_context;
    (void)opaque;
    if (!handled) {
        if (rejected_count == sizeof rejected / sizeof rejected[0])
            uncaught(reason);
        rejected[rejected_count].promise = duplicate(promise);
        rejected[rejected_count++].reason = duplicate(reason);
        return;
    }
    for (u32 i = 0; i < rejected_count; i++) {
        if (rejected[i].promise != promise)
            continue;
        release(rejected[i].promise);
        release(rejected[i].reason);
        rejected[i] = rejected[--rejected_count];
        return;
    }
}

void rejections_check(void) {
    if (rejected_count > 0)
        uncaught(rejected[0].reason);
}
