/* JavaScript values in and out. Arguments are checked strictly: a NaN must never become kill(0, SIGKILL). */
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void text_release(struct text *text) {
    if (text->data != text->room)
        free(text->data);
    text->data = NULL;
}

void bytes_release(struct bytes *bytes) {
    text_release(&bytes->text);
}

void strings_release(struct strings *strings) {
    for (uint32_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
}

void descriptors_release(struct descriptors *descriptors) {
    free(descriptors->items);
}

void close_release(int *descriptor) {
    if (*descriptor < 0)
        return;
    int saved = errno;
    close(*descriptor);
    errno = saved;
}

void free_release(void *pointer) {
    free(*(void **)pointer);
}

bool take_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
    size_t given = count;
    if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok || given < count) {
        fail_type(env, "too few arguments");
        return false;
    }
    return true;
}

/* The string as malloc'ed UTF-8; NULL when an exception is pending. */
static char *duplicate_text(napi_env env, napi_value value, size_t *length) {
    size_t wanted = 0;
    if (napi_get_value_string_utf8(env, value, NULL, 0, &wanted) != napi_ok) {
        fail_type(env, "expected a string");
        return NULL;
    }
    char *data = malloc(wanted + 1);
    if (data == NULL) {
        fail(env, ENOMEM, "malloc", NULL);
        return NULL;
    }
    if (napi_get_value_string_utf8(env, value, data, wanted + 1, length) != napi_ok) {
        free(data);
        fail_type(env, "expected a string");
        return NULL;
    }
    return data;
}

/* Like take_text, but NUL bytes are let through: for data that is written, not for names. */
static bool take_raw_text(napi_env env, napi_value value, struct text *text) {
    text->data = text->room;
    text->length = 0;
    if (napi_get_value_string_utf8(env, value, text->room, sizeof text->room, &text->length) != napi_ok) {
        fail_type(env, "expected a string");
        return false;
    }
    /* A UTF-8 sequence is at most 4 bytes and is never cut, so a full buffer may lack up to 3. */
    if (text->length + 4 < sizeof text->room)
        return true;
    char *data = duplicate_text(env, value, &text->length);
    if (data == NULL)
        return false;
    text->data = data;
    return true;
}

bool take_text(napi_env env, napi_value value, struct text *text) {
    if (!take_raw_text(env, value, text))
        return false;
    if (memchr(text->data, '\0', text->length) == NULL)
        return true;
    fail_type(env, "a string for the kernel must not contain NUL");
    return false;
}

bool take_bytes(napi_env env, napi_value value, struct bytes *bytes) {
    bytes->text.data = NULL;
    napi_valuetype type;
    if (napi_typeof(env, value, &type) == napi_ok && type == napi_string) {
        if (!take_raw_text(env, value, &bytes->text))
            return false;
        bytes->data = (const uint8_t *)bytes->text.data;
        bytes->length = bytes->text.length;
        return true;
    }
    bool is_array = false;
    napi_typedarray_type kind;
    void *data = NULL;
    if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
        napi_get_typedarray_info(env, value, &kind, &bytes->length, &data, NULL, NULL) != napi_ok ||
        kind != napi_uint8_array) {
        fail_type(env, "expected a string or Uint8Array");
        return false;
    }
    bytes->data = data;
    return true;
}

static bool array_length(napi_env env, napi_value value, uint32_t *length) {
    bool is_array = false;
    if (napi_is_array(env, value, &is_array) == napi_ok && is_array &&
        napi_get_array_length(env, value, length) == napi_ok)
        return true;
    fail_type(env, "expected an array");
    return false;
}

bool take_strings(napi_env env, napi_value value, struct strings *strings) {
    uint32_t length = 0;
    if (!array_length(env, value, &length))
        return false;
    strings->items = calloc((size_t)length + 1, sizeof *strings->items);
    if (strings->items == NULL) {
        fail(env, ENOMEM, "malloc", NULL);
        return false;
    }
    for (uint32_t i = 0; i < length; i++) {
        napi_value item;
        size_t size = 0;
        if (napi_get_element(env, value, i, &item) != napi_ok)
            return false;
        char *data = duplicate_text(env, item, &size);
        if (data == NULL)
            return false;
        strings->items[strings->count++] = data;
        if (memchr(data, '\0', size) != NULL) {
            fail_type(env, "a string for the kernel must not contain NUL");
            return false;
        }
    }
    return true;
}

bool take_descriptors(napi_env env, napi_value value, struct descriptors *descriptors) {
    uint32_t length = 0;
    if (!array_length(env, value, &length))
        return false;
    descriptors->items = calloc((size_t)length + 1, sizeof *descriptors->items);
    if (descriptors->items == NULL) {
        fail(env, ENOMEM, "malloc", NULL);
        return false;
    }
    for (uint32_t i = 0; i < length; i++) {
        napi_value item;
        if (napi_get_element(env, value, i, &item) != napi_ok)
            return false;
        if (!take_int(env, item, &descriptors->items[i]))
            return false;
        if (descriptors->items[i] < 0) {
            fail(env, EBADF, "dup", NULL);
            return false;
        }
        descriptors->count++;
    }
    return true;
}

static bool take_integer(napi_env env, napi_value value, double least, double most, double *result) {
    if (napi_get_value_double(env, value, result) == napi_ok && *result >= least && *result <= most &&
        (double)(int64_t)*result == *result)
        return true;
    fail_type(env, "expected an integer in range");
    return false;
}

bool take_int(napi_env env, napi_value value, int *result) {
    double number = 0;
    if (!take_integer(env, value, INT_MIN, INT_MAX, &number))
        return false;
    *result = (int)number;
    return true;
}

bool take_uint(napi_env env, napi_value value, uint32_t *result) {
    double number = 0;
    if (!take_integer(env, value, 0, UINT32_MAX, &number))
        return false;
    *result = (uint32_t)number;
    return true;
}

bool take_size(napi_env env, napi_value value, size_t *result) {
    double number = 0;
    if (!take_integer(env, value, 0, 0x7fffffff, &number))
        return false;
    *result = (size_t)number;
    return true;
}

bool take_bool(napi_env env, napi_value value, bool *result) {
    if (napi_get_value_bool(env, value, result) == napi_ok)
        return true;
    fail_type(env, "expected a boolean");
    return false;
}

napi_value make_undefined(napi_env env) {
    napi_value value = NULL;
    napi_get_undefined(env, &value);
    return value;
}

napi_value make_bool(napi_env env, bool value) {
    napi_value result = NULL;
    napi_get_boolean(env, value, &result);
    return result;
}

napi_value make_number(napi_env env, double value) {
    napi_value result = NULL;
    napi_create_double(env, value, &result);
    return result;
}

napi_value make_text(napi_env env, const char *data, size_t length) {
    napi_value result = NULL;
    if (napi_create_string_utf8(env, data, length, &result) != napi_ok)
        fail(env, ENOMEM, "string", NULL);
    return result;
}

napi_value make_bytes(napi_env env, const void *data, size_t length) {
    napi_value buffer = NULL;
    napi_value array = NULL;
    void *target = NULL;
    if (napi_create_arraybuffer(env, length, &target, &buffer) != napi_ok ||
        napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &array) != napi_ok)
        return fail(env, ENOMEM, "Uint8Array", NULL);
    if (length > 0)
        memcpy(target, data, length);
    return array;
}

napi_value make_descriptors(napi_env env, const int *items, size_t count) {
    napi_value array = NULL;
    if (napi_create_array_with_length(env, count, &array) != napi_ok)
        return fail(env, ENOMEM, "array", NULL);
    for (size_t i = 0; i < count; i++)
        napi_set_element(env, array, (uint32_t)i, make_number(env, items[i]));
    return array;
}

void set_property(napi_env env, napi_value object, const char *name, napi_value value) {
    if (value != NULL)
        napi_set_named_property(env, object, name, value);
}
