/*
 * The stub's decoder on its own, for tests:
 *
 *     decoder dump FILE            prints what the stub reads from a plan, one JSON object a line
 *     decoder fuzz FILE SEED MS    truncates it at every byte, then mutates it at random for a while
 *
 * Plans are put into memory of exactly their size, so that the sanitizers see each byte read too far.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cursor.h"
#include "plan.h"

static const char *separator;

static void field(const char *name) {
    printf("%s\"%s\":", separator, name);
    separator = ",";
}

static void hex(const unsigned char *bytes, size_t length) {
    putchar('"');
    for (size_t i = 0; i < length; i++)
        printf("%02x", bytes[i]);
    putchar('"');
}

static void dump_u32(const char *name, const uint32_t *value) {
    field(name);
    printf("%" PRIu32, *value);
}

static void dump_bool(const char *name, const bool *value) {
    field(name);
    printf("%s", *value ? "true" : "false");
}

static void dump_slot(const char *name, const uint32_t *value) {
    dump_u32(name, value);
}

static void dump_fills(const char *name, const uint32_t *value) {
    dump_u32(name, value);
}

static void dump_i32(const char *name, const int32_t *value) {
    field(name);
    printf("%" PRId32, *value);
}

static void dump_u64(const char *name, const uint64_t *value) {
    field(name);
    printf("\"%" PRIu64 "\"", *value);
}

static void dump_string(const char *name, const struct wire_string *value) {
    field(name);
    hex((const unsigned char *)value->text, strlen(value->text));
    if (strlen(value->text) != value->length)
        abort();
}

static void dump_strings(const char *name, const struct wire_strings *value) {
    struct wire_strings list = *value;
    const char *text;
    field(name);
    putchar('[');
    for (uint32_t i = 0; (text = wire_next(&list)) != NULL; i++) {
        if (i > 0)
            putchar(',');
        hex((const unsigned char *)text, strlen(text));
    }
    putchar(']');
}

static void dump_words(const char *name, const struct wire_words *value) {
    field(name);
    putchar('[');
    for (uint32_t i = 0; i < value->count; i++)
        printf("%s%" PRIu32, i > 0 ? "," : "", value->words[i]);
    putchar(']');
}

static void dump_bytes(const char *name, const struct wire_bytes *value) {
    field(name);
    if ((uintptr_t)value->bytes % 8 != 0)
        abort();
    hex(value->bytes, value->length);
}

#define WIRE_DUMP
#include "generated/wire_decode.h"

static unsigned char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        exit(2);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size);
    if (fread(bytes, 1, *size, file) != *size)
        exit(2);
    fclose(file);
    return bytes;
}

static int dump(const unsigned char *bytes, size_t size) {
    struct plan plan;
    struct step step;
    struct verdict verdict = {.reason = NULL};
    int error = plan_check(&plan, bytes, size, &verdict);
    if (error < 0) {
        printf("{\"error\":%d,\"reason\":\"%s\",\"index\":%" PRIu32 "}\n", -error, verdict.reason, verdict.index);
        return 1;
    }
    plan_begin(&plan, &step);
    while (plan_next(&plan, &step) > 0) {
        printf("{\"kind\":\"%s\",\"phase\":%d", wire_kind_names[step.kind], (int)step.phase);
        separator = ",";
        dump_operation(step.kind, &step.op);
        puts("}");
    }
    return 0;
}

static volatile uint64_t sink;

/** Touches every byte that the interpreter could touch. */
static void touch(const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        sink += at[i];
}

static int accept(const unsigned char *bytes, size_t size) {
    struct plan plan;
    struct step step;
    struct verdict verdict = {.reason = NULL};
    unsigned char *copy = malloc(size == 0 ? 1 : size);
    memcpy(copy, bytes, size);
    int error = plan_check(&plan, copy, size, &verdict);
    if (error < 0 && (verdict.reason == NULL || *verdict.reason == '\0'))
        abort();
    if (error == 0) {
        plan_begin(&plan, &step);
        while (plan_next(&plan, &step) > 0) {
            if (step.kind == OP_EXECUTE) {
                const char *text;
                while ((text = wire_next(&step.op.execute.args)) != NULL)
                    touch(text, strlen(text));
                while ((text = wire_next(&step.op.execute.environment)) != NULL)
                    touch(text, strlen(text));
            }
            if (step.kind == OP_SECCOMP)
                touch(step.op.seccomp.filter.bytes, step.op.seccomp.filter.length);
            if (step.kind == OP_USER)
                touch(step.op.user.groups.words, step.op.user.groups.count * sizeof(uint32_t));
            if (step.kind == OP_MOUNT)
                touch(step.op.mount.target.text, step.op.mount.target.length);
        }
    }
    free(copy);
    return error == 0;
}

static uint64_t state;

/** xorshift64*: the same seed gives the same run. */
static uint64_t next_random(void) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1DULL;
}

static void mutate(unsigned char *bytes, size_t size) {
    static const uint32_t odd[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0xffff, 0x10000};
    for (uint64_t changes = next_random() % 4 + 1; changes > 0; changes--) {
        size_t at = next_random() % size;
        switch (next_random() % 3) {
        case 0:
            bytes[at] ^= (unsigned char)(1U << next_random() % 8);
            break;
        case 1:
            bytes[at] = (unsigned char)next_random();
            break;
        default:
            at &= ~(size_t)3;
            if (at + 4 <= size)
                memcpy(bytes + at, &odd[next_random() % 8], 4);
        }
    }
}

static uint64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int fuzz(const unsigned char *bytes, size_t size, uint64_t seed, uint64_t budget) {
    uint64_t tried = 0;
    uint64_t accepted = 0;
    unsigned char *copy = malloc(size);
    for (size_t length = 0; length < size; length++) {
        if (accept(bytes, length))
            abort();
        // Also with a header that tells the truth about the length.
        if (length >= WIRE_HEADER_SIZE) {
            uint32_t told = (uint32_t)length;
            memcpy(copy, bytes, length);
            memcpy(copy + offsetof(struct wire_header, length), &told, sizeof(told));
            if (accept(copy, length))
                abort();
        }
    }
    state = seed | 1;
    for (uint64_t end = milliseconds() + budget; milliseconds() < end;) {
        for (int i = 0; i < 100; i++) {
            memcpy(copy, bytes, size);
            mutate(copy + (i % 2 == 0 ? WIRE_HEADER_SIZE : 0), size - (i % 2 == 0 ? WIRE_HEADER_SIZE : 0));
            accepted += (uint64_t)accept(copy, size);
            tried++;
        }
    }
    free(copy);
    printf("{\"tried\":%" PRIu64 ",\"accepted\":%" PRIu64 "}\n", tried, accepted);
    return 0;
}

int main(int argc, char **argv) {
    size_t size = 0;
    if (argc < 3)
        return 2;
    unsigned char *bytes = read_file(argv[2], &size);
    int status = 2;
    if (strcmp(argv[1], "dump") == 0)
        status = dump(bytes, size);
    else if (strcmp(argv[1], "fuzz") == 0 && argc == 5)
        status = fuzz(bytes, size, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    free(bytes);
    return status;
}
