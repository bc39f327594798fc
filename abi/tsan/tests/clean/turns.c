// Two threads that wait for each other without giving the processor away, which they share: each that waits in vain lets
// the other go on, and does not keep the processor for as long as the system would let it.
#define _GNU_SOURCE
#define OWN_MAIN
#define ACCESSES
#include "../programs/check.h"
#include <sched.h>
#include <stdatomic.h>

enum { TURNS = 200, LOOKS = 5000 };

static atomic_int turn;
static long looks;
int data;

void earlier(void) { data++; }
void later(void) { data++; }

// Takes every second turn, from that of `mine` on.
static void *play(void *mine) {
    for (int at = *(int *)mine; at < TURNS; at += 2) {
        long vain = 0;
        while (atomic_load_explicit(&turn, memory_order_acquire) != at)
            vain++;
        looks += vain;
        at % 2 ? later() : earlier();
        atomic_store_explicit(&turn, at + 1, memory_order_release);
    }
    return NULL;
}

int main(void) {
    (void)publish;
    (void)await;
    (void)racy;
    (void)stage;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    MUST(sched_setaffinity(0, sizeof one, &one) == 0);
    static int first = 0, second = 1;
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, play, &second) == 0);
    play(&first);
    MUST(pthread_join(thread, NULL) == 0);
    MUST(looks < (long)TURNS * LOOKS);
    return 0;
}
