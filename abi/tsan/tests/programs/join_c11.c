// A thread of C11.
#define ACCESSES
#define OWN_MAIN
#include "check.h"

int data;

void earlier(void) { data = 1; }
void later(void) { data = 2; }

static int run(void *unused) {
    (void)unused;
    earlier();
    reach(1);
    return 7;
}

int main(int argc, char **argv) {
    (void)argv;
    (void)publish;
    (void)await;
    thrd_t thread;
    MUST(thrd_create(&thread, run, NULL) == thrd_success);
    wait_for(1);
    if (argc > 1)
        later();
    int result;
    MUST(thrd_join(thread, &result) == thrd_success && result == 7);
    if (argc == 1)
        later();
    return 0;
}
