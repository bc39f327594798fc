// A lock for reading, until a time.
#include "check.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static void publish(void) {
    MUST(pthread_rwlock_wrlock(&lock) == 0);
    MUST(pthread_rwlock_unlock(&lock) == 0);
}

static void await(void) {
    struct timespec until = soon(CLOCK_REALTIME);
    MUST(pthread_rwlock_timedrdlock(&lock, &until) == 0);
    MUST(pthread_rwlock_unlock(&lock) == 0);
}
