// Read-modify-writes of all sizes.
#define WAITS
#include "check.h"

static _Atomic unsigned char one;
static _Atomic unsigned short two;
static _Atomic unsigned four;
static _Atomic unsigned long eight;

static void publish(void) {
    atomic_fetch_add_explicit(&one, 1, memory_order_release);
    atomic_fetch_or_explicit(&two, 1, memory_order_relaxed);
    atomic_fetch_xor_explicit(&four, 1, memory_order_relaxed);
    atomic_exchange_explicit(&eight, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&one, 0, memory_order_relaxed);
    atomic_fetch_and_explicit(&one, 255, memory_order_relaxed);
}

static void await(void) {
    while (atomic_fetch_add_explicit(&one, 0, memory_order_acquire) != 1)
    sched_yield();
    MUST(atomic_load(&two) <= 1 && atomic_load(&four) <= 1 && atomic_load(&eight) <= 1);
}
