// A spin lock.
#define PREPARES
#include "check.h"

static pthread_spinlock_t lock;

static void publish(void) {
    MUST(pthread_spin_lock(&lock) == 0);
    MUST(pthread_spin_unlock(&lock) == 0);
}

static void await(void) {
    MUST(pthread_spin_lock(&lock) == 0);
    MUST(pthread_spin_unlock(&lock) == 0);
}

static void prepare(void) { MUST(pthread_spin_init(&lock, 0) == 0); }
