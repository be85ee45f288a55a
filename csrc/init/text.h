#ifndef TSOCI_TEXT_H
#define TSOCI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A short text that is built by appending; what does not fit is cut off. Instead of the printf family, which
 * would cost the container's cgroup more memory than everything else here.
 */
struct text {
    size_t length;
    char bytes[512];
};

/** Decimal digits of a u64, a sign and a NUL. */
#define NUMBER_SIZE 22

void text_clear(struct text *text);
void text_append(struct text *text, const char *bytes);
void text_append_bytes(struct text *text, const char *bytes, size_t length);

/** Decimal form of `value` in `buffer`; returns its first digit. */
const char *number_text(char buffer[NUMBER_SIZE], int64_t value);

/** A whole decimal number of at most `maximum`; false for anything else, signs and blanks included. */
bool number_parse(const char *text, uint32_t maximum, uint32_t *value);

bool text_equal(const char *left, const char *right);
bool text_starts(const char *text, const char *prefix);

#endif
