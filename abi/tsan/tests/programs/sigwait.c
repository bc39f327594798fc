// A signal that is waited for.
#define WAITS
#define PREPARES
#include "check.h"

static _Atomic pthread_t waiter;
static atomic_int is_there;

static void publish(void) {
    while (!atomic_load_explicit(&is_there, memory_order_relaxed))
    sched_yield();
    MUST(pthread_kill(atomic_load_explicit(&waiter, memory_order_relaxed), SIGUSR1) == 0);
}

static void await(void) {
    sigset_t signals;
    int got;
    atomic_store_explicit(&waiter, pthread_self(), memory_order_relaxed);
    atomic_store_explicit(&is_there, 1, memory_order_relaxed);
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    MUST(sigwait(&signals, &got) == 0);
}

static void prepare(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    MUST(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
}
