// What the C library allocates for a thread's variables lies where the program's blocks have been, and is
// freed by whoever joins or starts a thread later, when the cache of stacks is full.
#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 24, ROUNDS = 12, BLOCKS = 40 };

// The sizes of what is kept for a thread: dynamic thread vectors and values of keys.
static void *churn(void *unused) {
  (void)unused;
  static _Thread_local int variable;
  variable = 1;
  void *blocks[BLOCKS];
  for (int i = 0; i < BLOCKS; i++) blocks[i] = malloc(16 * (1 + i % 24));
  for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
  return NULL;
}

int main(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  // Large stacks fill the cache soon.
  pthread_attr_setstacksize(&attributes, 16 << 20);
  for (int round = 0; round < ROUNDS; round++) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], &attributes, churn, NULL);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  }
  return 0;
}
