// A mutex.
#include "check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void publish(void) {
    MUST(pthread_mutex_lock(&lock) == 0);
    MUST(pthread_mutex_unlock(&lock) == 0);
}

static void await(void) {
    MUST(pthread_mutex_lock(&lock) == 0);
    MUST(pthread_mutex_unlock(&lock) == 0);
}
