// A semaphore: sem_clockwait.
#define WAITS
#define PREPARES
#include "check.h"

static sem_t semaphore;

static void publish(void) {
    MUST(sem_post(&semaphore) == 0);
}

static void await(void) {
    struct timespec until = soon(CLOCK_MONOTONIC);
    MUST(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until) == 0);
}

static void prepare(void) { MUST(sem_init(&semaphore, 0, 0) == 0); }
