// A condition.
#define WAITS
#include "check.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int is_there;

static void publish(void) {
    MUST(pthread_mutex_lock(&lock) == 0);
    is_there = 1;
    MUST(pthread_cond_signal(&condition) == 0);
    MUST(pthread_mutex_unlock(&lock) == 0);
}

static void await(void) {
    MUST(pthread_mutex_lock(&lock) == 0);
    while (!is_there)
    MUST(pthread_cond_wait(&condition, &lock) == 0);
    MUST(pthread_mutex_unlock(&lock) == 0);
}
