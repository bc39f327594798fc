// A thief reads a slot that its owner writes, as the author means it: many times.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_int stage;
// Not `static`: a compiler would see that nobody reads it.
atomic_int own;
static long slot;

// The names that rustc gives to `crossbeam_deque::deque::steal` and `push`.
long steal(void) __asm__("_ZN15crossbeam_deque5deque5steal17h0000000000000001E");
void push(long value) __asm__("_ZN15crossbeam_deque5deque4push17h0000000000000002E");

__attribute__((noinline)) long steal(void) { return *(volatile long *)&slot; }

__attribute__((noinline)) void push(long value) { slot = value; }

static void *thief(void *unused) {
    for (int i = 1; i < 10; i++) {
        while (atomic_load_explicit(&stage, memory_order_relaxed) < i)
            sched_yield();
        steal();
        atomic_store_explicit(&own, i, memory_order_release);
    }
    return unused;
}

int main(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, thief, NULL))
        return 1;
    for (int i = 1; i < 10; i++) {
        push(i);
        atomic_store_explicit(&stage, i, memory_order_relaxed);
    }
    return pthread_join(thread, NULL);
}
