#include "supervise.h"
int supervise(int count, char **arguments) {
    (void)count;
    (void)arguments;
    return 1;
}
