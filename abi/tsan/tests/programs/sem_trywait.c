// A semaphore: sem_trywait.
#define PREPARES
#include "check.h"

static sem_t semaphore;

static void publish(void) {
    MUST(sem_post(&semaphore) == 0);
}

static void await(void) {
    MUST(sem_trywait(&semaphore) == 0);
}

static void prepare(void) { MUST(sem_init(&semaphore, 0, 0) == 0); }
