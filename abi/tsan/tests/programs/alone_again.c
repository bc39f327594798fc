// The first thread is alone, has company, is alone again, and has company once more: only then is there a race.
#define ACCESSES
#define OWN_MAIN
#include "check.h"

int data;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static void *short_one(void *unused) {
    data++;
    return unused;
}

static void *run(void *unused) {
    if (!racy)
        await();
    else
        wait_for(1);
    later();
    return unused;
}

int main(int argc, char **argv) {
    (void)argv;
    pthread_t thread;
    racy = argc > 1;
    for (int i = 0; i < 3; i++) {
        data++;
        MUST(pthread_create(&thread, NULL, short_one, NULL) == 0);
        MUST(pthread_join(thread, NULL) == 0);
    }
    earlier();
    MUST(pthread_mutex_lock(&order) == 0);
    MUST(pthread_create(&thread, NULL, run, NULL) == 0);
    earlier();
    MUST(pthread_mutex_unlock(&order) == 0);
    reach(1);
    MUST(pthread_join(thread, NULL) == 0);
    (void)publish;
    return 0;
}
