/*
 * tsoci-library: calls libseccomp for the shipped executable, which is static and cannot load a library.
 * Started by it, beside which it lies, when a seccomp filter is not cached; src/foreign/library-process.ts is
 * the other side.
 *
 * One filter, one conversation over the SOCK_SEQPACKET socket that is descriptor 0, in words of this
 * machine's order: first ours    0, version (major << 16 | minor << 8 | micro); or 1 and the loader's words
 *   then theirs   calls one after another, each a function's number and its arguments
 *   ours          the result of each, and for `export` a descriptor with the program
 * It decides nothing. Whatever it does not understand ends it. It ends with the other side.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SONAME "libseccomp.so.2"
#define CHANNEL 0
/* What one packet holds at most. */
#define LARGEST 65536
#define LONGEST_NAME 256
/* A call has six arguments, and an entry may compare each with several values. */
#define MOST_CONDITIONS 64

/* ---- libseccomp, as its manual pages have it ---- */

struct condition {
    unsigned int argument;
    int comparison;
    uint64_t first;
    uint64_t second;
};

struct version {
    unsigned int major;
    unsigned int minor;
    unsigned int micro;
};

static struct {
    const struct version *(*version)(void);
    void *(*init)(uint32_t action);
    uint32_t (*native)(void);
    int (*exist)(const void *context, uint32_t token);
    int (*add)(void *context, uint32_t token);
    int (*resolve)(const char *name);
    int (*resolve_for)(uint32_t token, const char *name);
    int (*rule)(void *context, uint32_t action, int call, unsigned int count,
                const struct condition *conditions);
    int (*export)(const void *context, int descriptor);
} seccomp;

static void *context;
/* What `export` made, until the answer is sent. */
static int program = -1;

static const char *load(void) {
    static const struct {
        const char *name;
        void *to;
    } functions[] = {
        {"seccomp_version", &seccomp.version},
        {"seccomp_init", &seccomp.init},
        {"seccomp_arch_native", &seccomp.native},
        {"seccomp_arch_exist", &seccomp.exist},
        {"seccomp_arch_add", &seccomp.add},
        {"seccomp_syscall_resolve_name", &seccomp.resolve},
        {"seccomp_syscall_resolve_name_arch", &seccomp.resolve_for},
        {"seccomp_rule_add_array", &seccomp.rule},
        {"seccomp_export_bpf", &seccomp.export},
    };
    void *library = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return dlerror();
    for (size_t i = 0; i < COUNT(functions); i++) {
        void *function = dlsym(library, functions[i].name);
        if (function == NULL)
            return dlerror();
        memcpy(functions[i].to, &function, sizeof function);
    }
    return NULL;
}

/* ---- what comes in ---- */

struct cursor {
    const uint8_t *data;
    size_t left;
};

_Noreturn static void give_up(const char *why) {
    fprintf(stderr, "tsoci-library: %s\n", why);
    exit(1);
}

static const void *take(struct cursor *cursor, size_t size) {
    if (cursor->left < size)
        give_up("a request ends within a call");
    const void *data = cursor->data;
    cursor->data += size;
    cursor->left -= size;
    return data;
}

static uint32_t take_word(struct cursor *cursor) {
    uint32_t word;
    memcpy(&word, take(cursor, sizeof word), sizeof word);
    return word;
}

/* A length, and so many bytes with zeros up to a multiple of four. */
static const char *take_name(struct cursor *cursor, char name[LONGEST_NAME]) {
    const size_t length = take_word(cursor);
    if (length >= LONGEST_NAME)
        give_up("a name is too long");
    memcpy(name, take(cursor, (length + 3) / 4 * 4), length);
    name[length] = '\0';
    return name;
}

static int32_t add_rule(struct cursor *cursor) {
    const uint32_t action = take_word(cursor);
    const int call = (int)take_word(cursor);
    const uint32_t count = take_word(cursor);
    struct condition conditions[MOST_CONDITIONS];
    if (count > MOST_CONDITIONS)
        give_up("too many conditions");
    memcpy(conditions, take(cursor, count * sizeof conditions[0]), count * sizeof conditions[0]);
    return seccomp.rule(context, action, call, count, conditions);
}

static int32_t export(void) {
    if (program >= 0)
        close(program);
    program = memfd_create("seccomp", MFD_CLOEXEC);
    return program < 0 ? -errno : seccomp.export(context, program);
}

/* The numbers are the places in src/host/library.ts. */
enum function { INIT, NATIVE, EXIST, ADD, RESOLVE, RESOLVE_FOR, RULE, EXPORT };

static int32_t call(struct cursor *cursor) {
    char name[LONGEST_NAME];
    const uint32_t function = take_word(cursor);
    if (function == INIT) {
        if (context != NULL)
            give_up("a second filter");
        context = seccomp.init(take_word(cursor));
        return context == NULL ? -EINVAL : 0;
    }
    if (function == NATIVE)
        return (int32_t)seccomp.native();
    if (function == RESOLVE)
        return seccomp.resolve(take_name(cursor, name));
    if (function == RESOLVE_FOR) {
        const uint32_t token = take_word(cursor);
        return seccomp.resolve_for(token, take_name(cursor, name));
    }
    if (context == NULL)
        give_up("no filter yet");
    switch (function) {
    case EXIST:
        return seccomp.exist(context, take_word(cursor));
    case ADD:
        return seccomp.add(context, take_word(cursor));
    case RULE:
        return add_rule(cursor);
    case EXPORT:
        return export();
    default:
        give_up("an unknown function");
    }
}

/* ---- the conversation ---- */

static void answer(const void *data, size_t size) {
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec vector = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (program >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof program);
        memcpy(CMSG_DATA(header), &program, sizeof program);
    }
    ssize_t sent;
    do
        sent = sendmsg(CHANNEL, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        exit(1);
    if (program >= 0)
        close(program);
    program = -1;
}

static void greet(void) {
    const char *problem = load();
    if (problem != NULL) {
        struct {
            uint32_t status;
            char text[1024];
        } refusal = {.status = 1};
        snprintf(refusal.text, sizeof refusal.text, "%s", problem);
        answer(&refusal, sizeof refusal.status + strlen(refusal.text));
        exit(1);
    }
    const struct version *version = seccomp.version();
    const uint32_t words[] = {0, version->major << 16 | version->minor << 8 | version->micro};
    answer(words, sizeof words);
}

static void serve(void) {
    static uint8_t request[LARGEST];
    static int32_t results[LARGEST / sizeof(uint32_t)];
    for (;;) {
        ssize_t size = recv(CHANNEL, request, sizeof request, MSG_TRUNC);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return;
        if ((size_t)size > sizeof request)
            give_up("a request is too long");
        struct cursor cursor = {request, (size_t)size};
        size_t count = 0;
        while (cursor.left > 0)
            results[count++] = call(&cursor);
        answer(results, count * sizeof results[0]);
    }
}

int main(void) {
    /* Whoever started us may be killed at any moment. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0)
        give_up("prctl was refused");
    greet();
    serve();
    return 0;
}
