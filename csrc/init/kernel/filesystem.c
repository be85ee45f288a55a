#include "kernel/filesystem.h"

#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include <unistd.h>

#include "kernel/fd.h"
#include "kernel/sys.h"

int filesystem_fail(struct ctx *ctx, int error, int context, const char *what) {
    char line[256];
    ssize_t length;
    fail(ctx, error, what);
    // Each read gives one line: severity ('e', 'w', 'i'), a space, the text.
    while ((length = read(context, line, sizeof(line) - 1)) > 0) {
        size_t start = length > 2 && line[1] == ' ' ? 2 : 0;
        size_t end = (size_t)length;
        while (end > start && line[end - 1] == '\n')
            end--;
        text_append(&ctx->detail, ": ");
        text_append_bytes(&ctx->detail, line + start, end - start);
    }
    return error;
}

int filesystem_open(struct ctx *ctx, const char *type, const char *source) {
    scope_fd context = sys_fsopen(type);
    if (context == -ENODEV)
        return fail(ctx, context, "this kernel knows no file system \"", type, "\"");
    if (context < 0)
        return fail(ctx, context, "file system \"", type, "\"");
    if (*source != '\0') {
        int error = sys_fsconfig(context, FSCONFIG_SET_STRING, "source", source);
        if (error < 0)
            return filesystem_fail(ctx, error, context, "source");
    }
    return fd_steal(&context);
}

static int configure_one(struct ctx *ctx, int context, const char *option) {
    char key[FILESYSTEM_VALUE_MAX + 1];
    struct text what = {0};
    const char *equals = strchr(option, '=');
    int error;
    if (equals == NULL) {
        error = sys_fsconfig(context, FSCONFIG_SET_FLAG, option, NULL);
    } else {
        size_t length = (size_t)(equals - option);
        if (length >= sizeof(key))
            return fail(ctx, -ENAMETOOLONG, "option \"", option, "\"");
        memcpy(key, option, length);
        key[length] = '\0';
        error = sys_fsconfig(context, FSCONFIG_SET_STRING, key, equals + 1);
    }
    if (error == 0)
        return 0;
    text_append(&what, "option \"");
    text_append(&what, option);
    text_append(&what, "\"");
    return filesystem_fail(ctx, error, context, what.bytes);
}

int filesystem_configure(struct ctx *ctx, int context, struct wire_strings options) {
    const char *option;
    while ((option = wire_next(&options)) != NULL) {
        int error = configure_one(ctx, context, option);
        if (error < 0)
            return error;
    }
    return 0;
}

int filesystem_create(struct ctx *ctx, int context) {
    int error = sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL);
    return error < 0 ? filesystem_fail(ctx, error, context, "making the file system") : 0;
}
