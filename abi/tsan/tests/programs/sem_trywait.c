// A semaphore: sem_trywait.
#define PREPARE MUST(sem_init(&semaphore, 0, 0) == 0)
#include "check.h"

static sem_t semaphore;

static void publish(void) {
    MUST(sem_post(&semaphore) == 0);
}

static void await(void) {
    MUST(sem_trywait(&semaphore) == 0);
}
