/* The image: what linear memory holds when everything is loaded, made fit for being shared. */
#ifndef TSOCI_ENGINE_SNAPSHOT_H
#define TSOCI_ENGINE_SNAPSHOT_H

#include "value.h"

/* From here on the engine's allocations are noted. Before the runtime is made: its functions are handed to
 * it. */
u32 snapshot_allocator(void);
/* Makes what is there immortal and fills the holes between it. Nothing may run afterwards. The answer is
 * where the image ends. */
u32 snapshot_finish(void);

#endif
