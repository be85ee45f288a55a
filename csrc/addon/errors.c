/*
 * Errors as JavaScript sees them. Symbols and texts of errno values: not strerrorname_np, which only newer
 * glibc has, nor strerror, whose texts differ from library to library: these are glibc's in lower case, as
 * engines match them ("no such file or directory").
 */
#include "addon.h"

#include <errno.h>
#include <stdio.h>

/* TypeScript knows the numbers (src/host/errno-text.ts): they are those of this machine. */
#define ERROR(number, symbol, text) _Static_assert(number == (symbol), "another number: " #symbol);
#include "generated/errors.h"
#undef ERROR

static const struct {
    int error;
    const char *name;
    const char *text;
} errors[] = {
#define ERROR(number, symbol, text) {symbol, #symbol, text},
#include "generated/errors.h"
#undef ERROR
};

static const char *errno_name(int error) {
    for (size_t i = 0; i < COUNT(errors); i++)
        if (errors[i].error == error)
            return errors[i].name;
    return NULL;
}

static const char *errno_text(int error) {
    for (size_t i = 0; i < COUNT(errors); i++)
        if (errors[i].error == error)
            return errors[i].text;
    return "unknown error";
}

napi_value make_error(napi_env env, int error, const char *syscall, const char *path) {
    const char *name = errno_name(error);
    char unknown[16];
    if (name == NULL) {
        snprintf(unknown, sizeof unknown, "E%d", error);
        name = unknown;
    }
    const char *why = errno_text(error);
    /* A path longer than this is cut in the message only; `path` has all of it. */
    char message[1024];
    if (path == NULL)
        snprintf(message, sizeof message, "%s: %s, %s", name, why, syscall);
    else
        snprintf(message, sizeof message, "%s: %s, %s '%.800s'", name, why, syscall, path);
    napi_value object = NULL;
    napi_value code = make_text(env, name, NAPI_AUTO_LENGTH);
    napi_value text = make_text(env, message, NAPI_AUTO_LENGTH);
    if (code == NULL || text == NULL || napi_create_error(env, code, text, &object) != napi_ok)
        return NULL;
    set_property(env, object, "errno", make_number(env, error));
    set_property(env, object, "syscall", make_text(env, syscall, NAPI_AUTO_LENGTH));
    if (path != NULL)
        set_property(env, object, "path", make_text(env, path, NAPI_AUTO_LENGTH));
    return object;
}

napi_value fail(napi_env env, int error, const char *syscall, const char *path) {
    napi_value object = make_error(env, error, syscall, path);
    if (object != NULL)
        napi_throw(env, object);
    return NULL;
}

void fail_type(napi_env env, const char *message) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
}
