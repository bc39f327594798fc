// Handlers that allocate, lock by atomics and write, while the threads that they interrupt do, too.
#define OWN_MAIN
#define ACCESSES
#include "../programs/check.h"
#include <sys/time.h>

static atomic_int count;
static atomic_int is_over;
static char *volatile block;

void earlier(void) {}
void later(void) {}

static void handle(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    MUST(info != NULL);
    char *mine = malloc(50);
    mine[0] = 1;
    free(mine);
    atomic_fetch_add(&count, 1);
}

static void *work(void *unused) {
    while (!atomic_load(&is_over)) {
        char *mine = malloc(100);
        memset(mine, 1, 100);
        free(mine);
    }
    return unused;
}

int main(void) {
    (void)publish;
    (void)await;
    (void)racy;
    (void)block;
    pthread_t threads[2];
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART}, old;
    MUST(sigaction(SIGPROF, &action, NULL) == 0);
    MUST(sigaction(SIGUSR1, &action, NULL) == 0);
    MUST(sigaction(SIGPROF, NULL, &old) == 0 && old.sa_sigaction == handle);
    for (int i = 0; i < 2; i++)
        MUST(pthread_create(&threads[i], NULL, work, NULL) == 0);
    struct itimerval often = {{0, 500}, {0, 500}};
    MUST(setitimer(ITIMER_PROF, &often, NULL) == 0);
    for (int i = 0; i < 2000; i++) {
        MUST(pthread_kill(threads[i % 2], SIGUSR1) == 0);
        free(malloc(100));
    }
    while (atomic_load(&count) < 100)
        free(malloc(100));
    often = (struct itimerval){{0, 0}, {0, 0}};
    MUST(setitimer(ITIMER_PROF, &often, NULL) == 0);
    atomic_store(&is_over, 1);
    for (int i = 0; i < 2; i++)
        MUST(pthread_join(threads[i], NULL) == 0);
    return 0;
}
