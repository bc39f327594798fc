// A thread that is detached has ended, and the first is the only one: nothing orders what it does after that.
#define ACCESSES
#define OWN_MAIN
#include "check.h"

int data;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static void *run(void *unused) {
    earlier();
    if (!racy)
        publish();
    reach(1);
    return unused;
}

int main(int argc, char **argv) {
    (void)argv;
    pthread_t thread;
    racy = argc > 1;
    MUST(pthread_create(&thread, NULL, run, NULL) == 0);
    MUST(pthread_detach(thread) == 0);
    wait_for(1);
    if (!racy)
        await();
    later();
    return 0;
}
