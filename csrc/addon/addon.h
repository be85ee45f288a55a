/*
 * The addon: system calls for TypeScript (scripts/native describes each function). Thin, no policy.
 *
 * Conventions of every file here:
 * - A function that JavaScript calls returns NULL exactly when an exception is pending.
 * - Helpers that are not about JavaScript return 0 or more, or a negative errno taken on the failing line.
 * - Descriptors are made close-on-exec in the call that makes them; EINTR never reaches the caller.
 */
#ifndef TSOCI_ADDON_H
#define TSOCI_ADDON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif

#include <dirent.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CLEANUP(function) __attribute__((cleanup(function)))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- values.c: JavaScript values in and out ---- */

/* A string argument as UTF-8 with a final NUL and none inside; `data` points into `room` when it is short. */
struct text {
    char *data;
    size_t length;
    char room[4096]; /* a record of a container fits; on the stack, where only what is used is touched */
};

/* A `string | Uint8Array` argument. `data` is valid while the JavaScript value is. */
struct bytes {
    const uint8_t *data;
    size_t length;
    struct text text;
};

/* An array of strings, NULL-terminated, as execve wants it. */
struct strings {
    char **items;
    uint32_t count;
};

/* An array of descriptors. */
struct descriptors {
    int *items;
    uint32_t count;
};

void text_release(struct text *text);
void bytes_release(struct bytes *bytes);
void strings_release(struct strings *strings);
void descriptors_release(struct descriptors *descriptors);
void close_release(int *descriptor);
void free_release(void *pointer);

bool take_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);
bool take_text(napi_env env, napi_value value, struct text *text);
bool take_bytes(napi_env env, napi_value value, struct bytes *bytes);
bool take_strings(napi_env env, napi_value value, struct strings *strings);
bool take_descriptors(napi_env env, napi_value value, struct descriptors *descriptors);
bool take_int(napi_env env, napi_value value, int *result);
bool take_uint(napi_env env, napi_value value, uint32_t *result);
bool take_size(napi_env env, napi_value value, size_t *result);
bool take_bool(napi_env env, napi_value value, bool *result);

napi_value make_undefined(napi_env env);
napi_value make_bool(napi_env env, bool value);
napi_value make_number(napi_env env, double value);
napi_value make_text(napi_env env, const char *data, size_t length);
napi_value make_bytes(napi_env env, const void *data, size_t length);
napi_value make_descriptors(napi_env env, const int *items, size_t count);
/* Sets object[name]; does nothing when `value` is NULL (an exception is pending then). */
void set_property(napi_env env, napi_value object, const char *name, napi_value value);

/* ---- errors.c ---- */

/* Makes (make_error) or throws (fail) an Error with code, errno, syscall and, when not NULL, path. `fail`
 * returns NULL. */
napi_value make_error(napi_env env, int error, const char *syscall, const char *path);
napi_value fail(napi_env env, int error, const char *syscall, const char *path);
/* Throws a TypeError. */
void fail_type(napi_env env, const char *message);

/* ---- descriptors.c ---- */

int write_all(int descriptor, const void *data, size_t length);
/* 1 when readable (or hung up), 0 when the time is over; -1 milliseconds wait forever. */
int wait_readable(int descriptor, int milliseconds);

/* ---- names.c ---- */

/* A name as openat(2) and its like take it. */
struct place {
    int directory;
    const char *name;
};

/*
 * What is below /proc/self/fd/N goes from descriptor N itself: on the way through procfs the kernel makes
 * four entries for the new process and drops them when it ends, 25 µs of a command that takes 900.
 */
struct place place_of(const char *path);
/* To list it; likewise. The descriptor, or -1 and errno. */
int open_to_list(const char *path);

/* ---- files.c ---- */

/*
 * open(2), close-on-exec: the descriptor, or -1 and errno. By openat: after an open with O_CLOEXEC musl sets
 * the flag once more (for kernels before 2.6.23), which would be a system call for every file.
 */
int open_again(const char *path, int flags, mode_t mode);
/* All of a file; `data` points into `room` when it is short: nothing has to be mapped for it. */
struct content {
    char *data;
    size_t length;
    char room[16384];
};
void content_release(struct content *content);
/* Reads to the end. 0, or a negative errno (EFBIG for more than `maximum`). */
int read_to_end(int descriptor, size_t maximum, struct content *content);
/* What `hash` answers. */
uint64_t hash_of(const void *bytes, size_t length);

/* ---- directories.c ---- */

void directory_release(DIR **directory);

/* ---- processes.c ---- */

/* Of CLOCK_MONOTONIC. */
int64_t monotonic_nanoseconds(void);

struct exit_status {
    int code;   /* -1: ended by a signal */
    int signal; /* -1: ended by exit */
};

/* Before exec: the soft limit of open files that this process was given. 0 or -errno. */
int give_open_files_back(void);
/* The pid, or 0 when `no_hang` and it still runs. */
int wait_for(pid_t pid, bool no_hang, struct exit_status *status);
napi_value make_exit_status(napi_env env, const struct exit_status *status);

/* ---- what each file exports to JavaScript ---- */

/* A name that scripts/native does not have is no DOOR_ either, and does not compile. */
#define EXPORT(name, function)                                                                               \
    { DOOR_##name, NULL, function, NULL, NULL, NULL, napi_default_method | napi_enumerable, NULL }

napi_status register_files(napi_env env, napi_value exports);
napi_status register_names(napi_env env, napi_value exports);
napi_status register_directories(napi_env env, napi_value exports);
napi_status register_trees(napi_env env, napi_value exports);
napi_status register_descriptors(napi_env env, napi_value exports);
napi_status register_memory_files(napi_env env, napi_value exports);
napi_status register_spawn(napi_env env, napi_value exports);
napi_status register_processes(napi_env env, napi_value exports);
napi_status register_sockets(napi_env env, napi_value exports);
napi_status register_messages(napi_env env, napi_value exports);
napi_status register_terminals(napi_env env, napi_value exports);
napi_status register_bpf(napi_env env, napi_value exports);
napi_status register_netlink(napi_env env, napi_value exports);
napi_status register_watch(napi_env env, napi_value exports);
napi_status register_hash(napi_env env, napi_value exports);
napi_status register_encode(napi_env env, napi_value exports);
napi_status register_streams(napi_env env, napi_value exports);
napi_status register_mounts(napi_env env, napi_value exports);
napi_status register_opens(napi_env env, napi_value exports);
napi_status register_serve(napi_env env, napi_value exports);
napi_status register_orphans(napi_env env, napi_value exports);

/* Readers of the arguments of each function, by its name; what they take is said in scripts/native. */
#include "generated/arguments.h"

/* A thread that nobody joins, to whom no signal comes. A positive error number when it cannot be had. */
int start_detached(void *(*run)(void *), void *argument, size_t stack);

#endif
