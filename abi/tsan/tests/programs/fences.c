// A release fence and an acquire fence.
#define WAITS
#include "check.h"

static atomic_int flag;

static void publish(void) {
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&flag, 1, memory_order_relaxed);
}

static void await(void) {
    while (!atomic_load_explicit(&flag, memory_order_relaxed))
    sched_yield();
    atomic_thread_fence(memory_order_acquire);
}
