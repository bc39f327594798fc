// A mutex of C11 that is waited for until a time.
#define PREPARES
#include "check.h"

static mtx_t lock;

static void publish(void) {
    MUST(mtx_lock(&lock) == thrd_success);
    MUST(mtx_unlock(&lock) == thrd_success);
}

static void await(void) {
    struct timespec until = soon(CLOCK_REALTIME);
    MUST(mtx_timedlock(&lock, &until) == thrd_success);
    MUST(mtx_unlock(&lock) == thrd_success);
}

static void prepare(void) { MUST(mtx_init(&lock, mtx_timed) == thrd_success); }
