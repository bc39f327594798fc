// A barrier.
#define WAITS
#define PREPARES
#include "check.h"

static pthread_barrier_t barrier;

static void publish(void) {
    pthread_barrier_wait(&barrier);
}

static void await(void) {
    pthread_barrier_wait(&barrier);
}

static void prepare(void) { MUST(pthread_barrier_init(&barrier, NULL, 2) == 0); }
