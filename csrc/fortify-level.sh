#!/bin/sh
# The highest _FORTIFY_SOURCE that this compiler and C library take without complaint: 3 needs gcc 12 and glibc 2.34.
if printf '#include <string.h>\n' | ${CC:-cc} -O2 -D_FORTIFY_SOURCE=3 -Werror -x c -fsyntax-only - 2>/dev/null; then
    echo 3
else
    echo 2
fi
