// What the programs have in common: two threads, of which one calls `earlier` and the other one
// `later`, in this order in time, always. Without an argument they are ordered by what the program is
// about; with one, by relaxed atomics, which order nothing.
//
// A program gives `publish` and `await`, which order what comes before the one and after the other;
// or it defines ACCESSES and gives `earlier` and `later`. With WAITS, `await` waits for `publish` itself;
// with PREPARES, `prepare` is called first.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static int racy;
static atomic_int stage;

// `stage` has come to `n`.
NOINLINE static void reach(int n) { atomic_store_explicit(&stage, n, memory_order_relaxed); }

// Waits for `stage` to come to `n`.
NOINLINE static void wait_for(int n) {
    while (atomic_load_explicit(&stage, memory_order_relaxed) < n)
        sched_yield();
}

// Ends the program unless `condition`.
#define MUST(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, strerror(errno)); \
            exit(1); \
        } \
    } while (0)

// A minute from now.
__attribute__((unused)) static struct timespec soon(clockid_t clock) {
    struct timespec time;
    MUST(clock_gettime(clock, &time) == 0);
    time.tv_sec += 60;
    return time;
}

#ifdef ACCESSES
NOINLINE void earlier(void);
NOINLINE void later(void);
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static void publish(void) { MUST(pthread_mutex_lock(&order) == 0); MUST(pthread_mutex_unlock(&order) == 0); }
static void await(void) { publish(); }
#else
int data;
NOINLINE static void earlier(void) { data = 1; }
NOINLINE static void later(void) { data = 2; }
static void publish(void);
static void await(void);
#endif

#ifdef PREPARES
static void prepare(void);
#endif

#ifndef OWN_MAIN
static void *first(void *unused) {
    (void)unused;
    earlier();
    if (!racy)
        publish();
    reach(1);
    return NULL;
}

static void *second(void *unused) {
    (void)unused;
#ifdef WAITS
    if (racy)
#endif
        wait_for(1);
    if (!racy)
        await();
    later();
    return NULL;
}

int main(int argc, char **argv) {
    (void)argv;
    pthread_t one, other;
    racy = argc > 1;
#ifdef PREPARES
    prepare();
#endif
    MUST(pthread_create(&one, NULL, first, NULL) == 0);
    MUST(pthread_create(&other, NULL, second, NULL) == 0);
    MUST(pthread_join(one, NULL) == 0);
    MUST(pthread_join(other, NULL) == 0);
    return 0;
}
#endif
