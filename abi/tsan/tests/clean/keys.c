// Destructors of thread-local values run when a thread ends, and are part of it: those of keys, in
// several rounds.
#define OWN_MAIN
#define ACCESSES
#include "../programs/check.h"

static pthread_key_t key;
int data;

void earlier(void) { data++; }
void later(void) { data++; }

static void destroy(void *value) {
    int *rounds = value;
    earlier();
    if (--*rounds > 0)
        MUST(pthread_setspecific(key, rounds) == 0);
    else
        free(rounds);
}

static void *run(void *unused) {
    int *rounds = malloc(sizeof *rounds);
    *rounds = 3;
    MUST(pthread_setspecific(key, rounds) == 0);
    return unused;
}

int main(void) {
    (void)publish;
    (void)await;
    (void)racy;
    (void)stage;
    MUST(pthread_key_create(&key, destroy) == 0);
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        MUST(pthread_create(&thread, NULL, run, NULL) == 0);
        MUST(pthread_join(thread, NULL) == 0);
        later();
    }
    return data == 12 ? 0 : 1;
}
