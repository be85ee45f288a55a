/* Memory and strings. Short and obvious: the stub handles kilobytes. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *__memcpy_chk(void *to, const void *from, size_t length, size_t room);
void *__memmove_chk(void *to, const void *from, size_t length, size_t room);
void *__memset_chk(void *to, int value, size_t length, size_t room);
char *__strcpy_chk(char *to, const char *from, size_t room);
_Noreturn void __stack_chk_fail(void);

void *memcpy(void *restrict to, const void *restrict from, size_t length) {
#if defined(__x86_64__)
    void *at = to;
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(length) : : "memory");
#else
    for (size_t i = 0; i < length; i++)
        ((volatile unsigned char *)to)[i] = ((const unsigned char *)from)[i];
#endif
    return to;
}

void *memmove(void *to, const void *from, size_t length) {
    if ((uintptr_t)to - (uintptr_t)from >= length)
        return memcpy(to, from, length);
    for (size_t i = length; i > 0; i--)
        ((volatile unsigned char *)to)[i - 1] = ((const unsigned char *)from)[i - 1];
    return to;
}

void *memset(void *to, int value, size_t length) {
#if defined(__x86_64__)
    void *at = to;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(value) : "memory");
#else
    for (size_t i = 0; i < length; i++)
        ((volatile unsigned char *)to)[i] = (unsigned char)value;
#endif
    return to;
}

/* gcc turns comparisons and copies of structures into calls of these also where nobody wrote them. */
int memcmp(const void *left, const void *right, size_t length) {
    const unsigned char *a = left;
    const unsigned char *b = right;
    for (size_t i = 0; i < length; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

void *memchr(const void *data, int wanted, size_t length) {
    const unsigned char *at = data;
    for (size_t i = 0; i < length; i++)
        if (at[i] == (unsigned char)wanted)
            return (void *)(uintptr_t)(at + i);
    return NULL;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

char *strchr(const char *text, int wanted) {
    for (;; text++) {
        if (*text == (char)wanted)
            return (char *)(uintptr_t)text;
        if (*text == '\0')
            return NULL;
    }
}

char *strrchr(const char *text, int wanted) {
    const char *last = NULL;
    for (;; text++) {
        if (*text == (char)wanted)
            last = text;
        if (*text == '\0')
            return (char *)(uintptr_t)last;
    }
}

int strcmp(const char *left, const char *right) {
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return (unsigned char)*left - (unsigned char)*right;
}

int strncmp(const char *left, const char *right, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (left[i] != right[i])
            return (unsigned char)left[i] - (unsigned char)right[i];
        if (left[i] == '\0')
            return 0;
    }
    return 0;
}

size_t strspn(const char *text, const char *accepted) {
    size_t length = 0;
    while (text[length] != '\0' && strchr(accepted, text[length]) != NULL)
        length++;
    return length;
}

size_t strcspn(const char *text, const char *refused) {
    size_t length = 0;
    while (text[length] != '\0' && strchr(refused, text[length]) == NULL)
        length++;
    return length;
}

char *strcpy(char *restrict to, const char *restrict from) {
    memcpy(to, from, strlen(from) + 1);
    return to;
}

/* What _FORTIFY_SOURCE makes of the above where it knows the room. */

void *__memcpy_chk(void *to, const void *from, size_t length, size_t room) {
    if (length > room)
        __stack_chk_fail();
    return memcpy(to, from, length);
}

void *__memmove_chk(void *to, const void *from, size_t length, size_t room) {
    if (length > room)
        __stack_chk_fail();
    return memmove(to, from, length);
}

void *__memset_chk(void *to, int value, size_t length, size_t room) {
    if (length > room)
        __stack_chk_fail();
    return memset(to, value, length);
}

char *__strcpy_chk(char *to, const char *from, size_t room) {
    const size_t length = strlen(from) + 1;
    if (length > room)
        __stack_chk_fail();
    return memcpy(to, from, length);
}
