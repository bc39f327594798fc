// What is done once comes before every return.
#define ACCESSES
#define OWN_MAIN
#include "check.h"

static pthread_once_t control = PTHREAD_ONCE_INIT;
int data;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static void *first(void *unused) {
    if (racy)
        earlier();
    else
        MUST(pthread_once(&control, earlier) == 0);
    reach(1);
    return unused;
}

static void *second(void *unused) {
    wait_for(1);
    if (!racy)
        MUST(pthread_once(&control, abort) == 0);
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
