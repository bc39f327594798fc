// A recursion with so many ways down that not all their stacks are kept. Two threads go all of them, each with
// bytes of its own, and then write one byte, which nothing orders.
#include <pthread.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))
#define LEVELS 18

static char shared;

NOINLINE static void touch(char *byte) { *byte = 1; }

NOINLINE static void down(int level, int way, char *byte) {
    // What stands around each call keeps it apart from the other, and from the return.
    if (level == 0) {
        touch(byte);
    } else if (way >> (level - 1) & 1) {
        __asm__ volatile("# one way");
        down(level - 1, way, byte);
        __asm__ volatile("# and back");
    } else {
        __asm__ volatile("# the other way");
        down(level - 1, way, byte);
        __asm__ volatile("# and back again");
    }
    __asm__ volatile("# and up");
}

NOINLINE static void *work(void *argument) {
    char *own = calloc(1 << LEVELS, 1);
    for (int way = 0; way < 1 << LEVELS; way++)
        down(LEVELS, way, own + way);
    down(LEVELS, 0x2aaaa, &shared);
    free(own);
    return argument;
}

int main(void) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, work, NULL))
            return 1;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
