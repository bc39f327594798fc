// A release and an acquire of sixteen bytes.
#define WAITS
#include "check.h"

static _Alignas(16) __int128 flag;

static void publish(void) {
    __int128 none = 0;
    __atomic_compare_exchange_n(&flag, &none, 1, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static void await(void) {
    __int128 one;
    do
    one = 1;
    while (!__atomic_compare_exchange_n(&flag, &one, 2, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
}
