/* What freeze.c leaves beside the image's bytes; scripts/engine/assemble.ts makes a C file of it. */
#ifndef TSOCI_ENGINE_IMAGE_H
#define TSOCI_ENGINE_IMAGE_H

#include "value.h"

/* Where the image's bytes end in linear memory, and where memory ends: zeros lie between. */
extern const u64 image_end;
extern const u64 image_memory_size;
extern const u32 image_context;
extern const u32 image_runtime;
/* The function that a process calls, once. */
extern const value image_main;

#endif
