// A semaphore: sem_timedwait.
#define WAITS
#define PREPARES
#include "check.h"

static sem_t semaphore;

static void publish(void) {
    MUST(sem_post(&semaphore) == 0);
}

static void await(void) {
    struct timespec until = soon(CLOCK_REALTIME);
    MUST(sem_timedwait(&semaphore, &until) == 0);
}

static void prepare(void) { MUST(sem_init(&semaphore, 0, 0) == 0); }
