// Volatile accesses do not race with each other: programs that use them to communicate mean to.
#define OWN_MAIN
#define ACCESSES
#include "../programs/check.h"

static volatile int word;

void earlier(void) { word = 1; }
void later(void) { word = 2; }

static void *run(void *unused) {
    earlier();
    return unused;
}

int main(void) {
    (void)publish;
    (void)await;
    (void)racy;
    (void)stage;
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, run, NULL) == 0);
    later();
    MUST(pthread_join(thread, NULL) == 0);
    return 0;
}
