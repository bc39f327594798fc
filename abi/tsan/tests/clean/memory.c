// Memory that is used again, by another thread and without an order between the two, has no history:
// the heap, mappings, the stacks of threads that have ended and nobody has joined.
#define OWN_MAIN
#define ACCESSES
#include "../programs/check.h"
#include <sys/mman.h>

void earlier(void) {}
void later(void) {}

static atomic_int ended;

NOINLINE static void fill(volatile char *bytes, size_t size) {
    for (size_t i = 0; i < size; i += 8)
        bytes[i]++;
}

static void *on_stack(void *unused) {
    char bytes[4096];
    fill(bytes, sizeof bytes);
    return unused;
}

static void *on_heap(void *unused) {
    for (int i = 0; i < 50; i++) {
        char *bytes = malloc(1 << (i % 18));
        fill(bytes, 1 << (i % 18));
        bytes = realloc(bytes, 1 << (i * 7 % 18));
        fill(bytes, 1 << (i * 7 % 18));
        free(bytes);
        MUST(posix_memalign((void **)&bytes, 64, 128) == 0);
        fill(bytes, 128);
        free(bytes);
        bytes = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        MUST(bytes != MAP_FAILED);
        fill(bytes, 1 << 16);
        MUST(munmap(bytes, 1 << 16) == 0);
    }
    atomic_fetch_add_explicit(&ended, 1, memory_order_relaxed);
    return unused;
}

int main(void) {
    (void)publish;
    (void)await;
    (void)racy;
    (void)stage;
    pthread_t thread;
    pthread_attr_t detached;
    MUST(pthread_attr_init(&detached) == 0);
    MUST(pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) == 0);
    for (int i = 0; i < 100; i++) {
        MUST(pthread_create(&thread, NULL, on_stack, NULL) == 0);
        MUST(pthread_detach(thread) == 0);
        MUST(pthread_create(&thread, &detached, on_stack, NULL) == 0);
    }
    for (int i = 0; i < 8; i++)
        MUST(pthread_create(&thread, &detached, on_heap, NULL) == 0);
    while (atomic_load_explicit(&ended, memory_order_relaxed) < 8)
        sched_yield();
    return 0;
}
