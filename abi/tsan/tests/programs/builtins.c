// The older builtins of gcc, which are sequentially consistent.
#define WAITS
#include "check.h"

static int flag;

static void publish(void) {
    __sync_fetch_and_add(&flag, 1);
}

static void await(void) {
    while (!__sync_bool_compare_and_swap(&flag, 1, 2))
    sched_yield();
}
