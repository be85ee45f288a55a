#include "text.h"

#include <string.h>

void text_clear(struct text *text) {
    text->length = 0;
    text->bytes[0] = '\0';
}

void text_append(struct text *text, const char *bytes) {
    text_append_bytes(text, bytes, strlen(bytes));
}

void text_append_bytes(struct text *text, const char *bytes, size_t length) {
    size_t room = sizeof(text->bytes) - 1 - text->length;
    size_t taken = length < room ? length : room;
    memcpy(text->bytes + text->length, bytes, taken);
    text->length += taken;
    text->bytes[text->length] = '\0';
}

const char *number_text(char buffer[NUMBER_SIZE], int64_t value) {
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *at = buffer + NUMBER_SIZE - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        *--at = '-';
    return at;
}

bool number_parse(const char *text, uint32_t maximum, uint32_t *value) {
    uint64_t sum = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        sum = sum * 10 + (uint64_t)(*text - '0');
        if (sum > maximum)
            return false;
    }
    *value = (uint32_t)sum;
    return true;
}

bool text_equal(const char *left, const char *right) {
    return strcmp(left, right) == 0;
}

bool text_starts(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}
