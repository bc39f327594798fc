// A handler comes after what was done before the signal was sent.
#define ACCESSES
#define OWN_MAIN
#include "check.h"

int data;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static void handle(int signal) {
    (void)signal;
    later();
    reach(2);
}

static void *first(void *thread) {
    if (!racy)
        earlier();
    MUST(pthread_kill(*(pthread_t *)thread, SIGUSR1) == 0);
    wait_for(2);
    if (racy)
        earlier();
    return NULL;
}

int main(int argc, char **argv) {
    (void)argv;
    (void)publish;
    (void)await;
    pthread_t me = pthread_self(), thread;
    racy = argc > 1;
    MUST(signal(SIGUSR1, handle) != SIG_ERR);
    MUST(pthread_create(&thread, NULL, first, &me) == 0);
    wait_for(2);
    MUST(pthread_join(thread, NULL) == 0);
    return 0;
}
