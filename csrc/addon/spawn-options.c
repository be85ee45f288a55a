/* The options of spawn and execute (SpawnOptions of src/host/native.ts). */
#include "spawn-options.h"

void image_release(struct image *image) {
    text_release(&image->path);
    text_release(&image->directory);
    strings_release(&image->argv);
    strings_release(&image->environment);
    descriptors_release(&image->descriptors);
}

static bool property(napi_env env, napi_value object, const char *name, napi_value *value) {
    return napi_get_named_property(env, object, name, value) == napi_ok;
}

static bool take_file(napi_env env, napi_value value, struct image *image) {
    napi_valuetype type;
    if (napi_typeof(env, value, &type) == napi_ok && type == napi_string)
        return take_text(env, value, &image->path);
    return take_int(env, value, &image->file);
}

static bool given(napi_env env, napi_value value) {
    napi_valuetype type;
    return napi_typeof(env, value, &type) != napi_ok || type != napi_undefined;
}

bool take_image(napi_env env, napi_callback_info info, struct image *image) {
    napi_value arguments[1];
    napi_value file = NULL;
    napi_value argv = NULL;
    napi_value environment = NULL;
    napi_value descriptors = NULL;
    napi_value directory = NULL;
    napi_value new_session = NULL;
    napi_value holds_signals = NULL;
    if (!spawn_arguments(env, info, &arguments[0]))
        return false;
    if (!property(env, arguments[0], "file", &file) || !property(env, arguments[0], "argv", &argv) ||
        !property(env, arguments[0], "environment", &environment) ||
        !property(env, arguments[0], "descriptors", &descriptors) ||
        !property(env, arguments[0], "directory", &directory) ||
        !property(env, arguments[0], "newSession", &new_session) ||
        !property(env, arguments[0], "holdsSignals", &holds_signals)) {
        fail_type(env, "expected SpawnOptions");
        return false;
    }
    if (!take_file(env, file, image) || !take_strings(env, argv, &image->argv) ||
        !take_strings(env, environment, &image->environment) ||
        !take_descriptors(env, descriptors, &image->descriptors))
        return false;
    if (given(env, directory) && !take_text(env, directory, &image->directory))
        return false;
    if (given(env, new_session) && !take_bool(env, new_session, &image->new_session))
        return false;
    return !given(env, holds_signals) || take_bool(env, holds_signals, &image->holds_signals);
}
