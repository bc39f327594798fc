// A lock for reading, tried.
#include "check.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static void publish(void) {
    MUST(pthread_rwlock_wrlock(&lock) == 0);
    MUST(pthread_rwlock_unlock(&lock) == 0);
}

static void await(void) {
    MUST(pthread_rwlock_tryrdlock(&lock) == 0);
    MUST(pthread_rwlock_unlock(&lock) == 0);
}
