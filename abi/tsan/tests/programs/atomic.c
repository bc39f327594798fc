// A release and an acquire.
#define WAITS
#include "check.h"

static atomic_int flag;

static void publish(void) {
    atomic_store_explicit(&flag, 1, memory_order_release);
}

static void await(void) {
    while (!atomic_load_explicit(&flag, memory_order_acquire))
    sched_yield();
}
