// What is done once comes before every return, in C11.
#define ACCESSES
#define OWN_MAIN
#include "check.h"

static once_flag control = ONCE_FLAG_INIT;
int data;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static void *first(void *unused) {
    if (racy)
        earlier();
    else
        call_once(&control, earlier);
    reach(1);
    return unused;
}

static void *second(void *unused) {
    wait_for(1);
    if (!racy)
        call_once(&control, abort);
    later();
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
