// What a thread does comes after what was done before it was started.
#define ACCESSES
#define OWN_MAIN
#include "check.h"

int data;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static void *run(void *unused) {
    wait_for(1);
    later();
    return unused;
}

int main(int argc, char **argv) {
    (void)argv;
    (void)publish;
    (void)await;
    pthread_t thread;
    if (argc == 1)
        earlier();
    MUST(pthread_create(&thread, NULL, run, NULL) == 0);
    if (argc > 1)
        earlier();
    reach(1);
    MUST(pthread_join(thread, NULL) == 0);
    return 0;
}
