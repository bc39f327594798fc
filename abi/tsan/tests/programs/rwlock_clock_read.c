// A lock for reading, until a time of a clock.
#include "check.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static void publish(void) {
    MUST(pthread_rwlock_wrlock(&lock) == 0);
    MUST(pthread_rwlock_unlock(&lock) == 0);
}

static void await(void) {
    struct timespec until = soon(CLOCK_MONOTONIC);
    MUST(pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &until) == 0);
    MUST(pthread_rwlock_unlock(&lock) == 0);
}
