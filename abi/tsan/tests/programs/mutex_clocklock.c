// A mutex that is waited for until a time of a clock.
#include "check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void publish(void) {
    MUST(pthread_mutex_lock(&lock) == 0);
    MUST(pthread_mutex_unlock(&lock) == 0);
}

static void await(void) {
    struct timespec until = soon(CLOCK_MONOTONIC);
    MUST(pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &until) == 0);
    MUST(pthread_mutex_unlock(&lock) == 0);
}
