/* Prints the stack protector's secret. */
#include <stdint.h>
#include <unistd.h>

extern uintptr_t __stack_chk_guard;

int main(void) {
    return write(1, &__stack_chk_guard, sizeof __stack_chk_guard) < 0;
}
