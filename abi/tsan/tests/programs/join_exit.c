// A thread that ends by pthread_exit.
#define ACCESSES
#define OWN_MAIN
#include "check.h"

int data;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static void *run(void *unused) {
    (void)unused;
    earlier();
    reach(1);
    pthread_exit(unused);
}

int main(int argc, char **argv) {
    (void)argv;
    (void)publish;
    (void)await;
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, run, NULL) == 0);
    wait_for(1);
    if (argc > 1)
        later();
    MUST(pthread_join(thread, NULL) == 0);
    if (argc == 1)
        later();
    return 0;
}
