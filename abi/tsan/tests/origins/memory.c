// Two threads write one byte, which nothing orders. It lies where the argument says; memory that is allocated is
// so by `give`.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
#define MUST(condition) \
    do { \
        if (!(condition)) \
            exit(1); \
    } while (0)

static long variable[8];
static atomic_int stage;

NOINLINE static char *give(const char *kind) {
    if (!strcmp(kind, "malloc"))
        return malloc(100);
    if (!strcmp(kind, "calloc"))
        return calloc(1 << 10, 1 << 10);
    if (!strcmp(kind, "aligned_alloc"))
        return aligned_alloc(256, 512);
    if (!strcmp(kind, "realloc"))
        return realloc(malloc(8), 4096);
    if (!strcmp(kind, "again")) {
        free(malloc(200));
        return malloc(200);
    }
    void *block = variable;
    if (!strcmp(kind, "posix_memalign"))
        MUST(!posix_memalign(&block, 4096, 8192));
    return block;
}

static char *byte;

NOINLINE void later(void) { *byte = 2; }

static void *other(void *unused) {
    (void)unused;
    while (!atomic_load_explicit(&stage, memory_order_relaxed))
        sched_yield();
    later();
    return NULL;
}

NOINLINE void earlier(void) { *byte = 1; }

int main(int argc, char **argv) {
    MUST(argc == 2);
    MUST((byte = give(argv[1])));
    // Neighbours, which are not meant.
    char *before = malloc(100), *after = malloc(100);
    byte += 31;
    pthread_t thread;
    MUST(!pthread_create(&thread, NULL, other, NULL));
    earlier();
    atomic_store_explicit(&stage, 1, memory_order_relaxed);
    MUST(!pthread_join(thread, NULL));
    free(before);
    free(after);
}
