// A condition of C11 that is waited for until a time.
#define WAITS
#define PREPARES
#include "check.h"

static mtx_t lock;
static cnd_t condition;
static int is_there;

static void publish(void) {
    MUST(mtx_lock(&lock) == thrd_success);
    is_there = 1;
    MUST(cnd_signal(&condition) == thrd_success);
    MUST(mtx_unlock(&lock) == thrd_success);
}

static void await(void) {
    struct timespec until = soon(CLOCK_REALTIME);
    MUST(mtx_lock(&lock) == thrd_success);
    while (!is_there)
    MUST(cnd_timedwait(&condition, &lock, &until) == thrd_success);
    MUST(mtx_unlock(&lock) == thrd_success);
}

static void prepare(void) { MUST(mtx_init(&lock, mtx_timed) == thrd_success && cnd_init(&condition) == thrd_success); }
