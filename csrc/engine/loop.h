/* The event loop: timers, descriptors, threads of the addon, promises. */
#ifndef TSOCI_ENGINE_LOOP_H
#define TSOCI_ENGINE_LOOP_H

#include "value.h"

/* Makes ready to be woken by threads; false without descriptors. */
bool loop_listen(void);
/* From any thread. */
void loop_wake(void);
/* Something will still happen: the loop does not end. */
void loop_hold(void);
void loop_let_go(void);
/* Runs until nothing can happen any more. */
void loop_run(void);

/* Milliseconds; a number that clear_timer takes. */
u32 set_timer(value function, f64 milliseconds, bool again);
void clear_timer(u32 number);

/* Calls `function` with the epoll(7) events whenever `descriptor` has any of `events`; 0 or an errno. A
 * second call for a descriptor replaces the first. */
int watch(int descriptor, u32 events, value function);
int unwatch(int descriptor);

/* promises.c: delivers what threads have called. */
void threads_called(void);

/* errors.c: says what was thrown and nobody caught, and ends the process. */
_Noreturn void uncaught(value error);
/* Promises that were rejected and that nobody handles when all jobs are done. */
void rejections_check(void);

/* Nanoseconds of CLOCK_MONOTONIC. */
u64 monotonic_now(void);

#endif
