// Two that write under one lock for reading are not ordered by it.
#define ACCESSES
#define OWN_MAIN
#include "check.h"

int data;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

static void take(void) {
    if (racy)
        MUST(pthread_rwlock_rdlock(&lock) == 0);
    else
        MUST(pthread_rwlock_wrlock(&lock) == 0);
}

static void *first(void *unused) {
    take();
    earlier();
    MUST(pthread_rwlock_unlock(&lock) == 0);
    reach(1);
    return unused;
}

static void *second(void *unused) {
    wait_for(1);
    take();
    later();
    MUST(pthread_rwlock_unlock(&lock) == 0);
    return unused;
}

int main(int argc, char **argv) {
    (void)argv;
    (void)publish;
    (void)await;
    pthread_t one, other;
    racy = argc > 1;
    MUST(pthread_create(&one, NULL, first, NULL) == 0);
    MUST(pthread_create(&other, NULL, second, NULL) == 0);
    MUST(pthread_join(one, NULL) == 0);
    MUST(pthread_join(other, NULL) == 0);
    return 0;
}
