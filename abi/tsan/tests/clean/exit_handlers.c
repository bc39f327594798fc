// Handlers at the end of the process come after their registration, by whichever thread.
#define OWN_MAIN
#define ACCESSES
#include "../programs/check.h"

int data;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static void *run(void *unused) {
    earlier();
    MUST(atexit(later) == 0);
    reach(1);
    return unused;
}

int main(void) {
    (void)publish;
    (void)await;
    (void)racy;
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, run, NULL) == 0);
    MUST(pthread_detach(thread) == 0);
    wait_for(1);
    return 0;
}
