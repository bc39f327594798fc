// What the program itself says of an order.
#include "check.h"

extern void __tsan_acquire(void *), __tsan_release(void *);
static char object;

static void publish(void) {
    __tsan_release(&object);
}

static void await(void) {
    __tsan_acquire(&object);
}
