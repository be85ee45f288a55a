/* Questions about terminals (ioctl_tty(2)). */
#include "addon.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

static napi_value is_terminal(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    if (!is_terminal_arguments(env, info, &descriptor))
        return NULL;
    return make_bool(env, isatty(descriptor) == 1);
}

static napi_value window_size(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    if (!window_size_arguments(env, info, &descriptor))
        return NULL;
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) < 0)
        return fail(env, errno, "ioctl", NULL);
    napi_value object = NULL;
    if (napi_create_object(env, &object) != napi_ok)
        return fail(env, ENOMEM, "object", NULL);
    set_property(env, object, "rows", make_number(env, size.ws_row));
    set_property(env, object, "columns", make_number(env, size.ws_col));
    return object;
}

static napi_value set_window_size(napi_env env, napi_callback_info info) {
    int descriptor = -1;
    int rows = 0;
    int columns = 0;
    if (!set_window_size_arguments(env, info, &descriptor, &rows, &columns))
        return NULL;
    const struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    if (ioctl(descriptor, TIOCSWINSZ, &size) < 0)
        return fail(env, errno, "ioctl", NULL);
    return make_undefined(env);
}

napi_status register_terminals(napi_env env, napi_value exports) {
    static const napi_property_descriptor functions[] = {
        EXPORT(isTerminal, is_terminal),
        EXPORT(windowSize, window_size),
        EXPORT(setWindowSize, set_window_size),
    };
    return napi_define_properties(env, exports, COUNT(functions), functions);
}
