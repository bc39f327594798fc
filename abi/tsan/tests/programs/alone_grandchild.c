// Whoever joins a thread has not joined what that one has started.
#define ACCESSES
#define OWN_MAIN
#include "check.h"

int data;
static pthread_t grandchild;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static void *run(void *unused) {
    earlier();
    reach(1);
    return unused;
}

static void *child(void *unused) {
    MUST(pthread_create(&grandchild, NULL, run, NULL) == 0);
    return unused;
}

int main(int argc, char **argv) {
    (void)argv;
    (void)publish;
    (void)await;
    pthread_t thread;
    racy = argc > 1;
    MUST(pthread_create(&thread, NULL, child, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
    wait_for(1);
    if (!racy)
        MUST(pthread_join(grandchild, NULL) == 0);
    later();
    if (racy)
        MUST(pthread_join(grandchild, NULL) == 0);
    return 0;
}
