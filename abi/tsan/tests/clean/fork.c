// A process with threads that allocate, lock and race for nothing forks again and again. The children
// go on with what they have: they allocate, start threads of their own, and find no race.
#define OWN_MAIN
#define ACCESSES
#include "../programs/check.h"
#include <sys/wait.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
int data;
static atomic_int is_over;

void earlier(void) { data++; }
void later(void) { data++; }

static void *work(void *unused) {
    while (!atomic_load(&is_over)) {
        free(malloc(100));
        pthread_mutex_lock(&lock);
        earlier();
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

static void *child(void *unused) {
    later();
    return unused;
}

// A handler of the program's own that waits for a lock which others hold.
static void before(void) { pthread_mutex_lock(&lock); }
static void after(void) { pthread_mutex_unlock(&lock); }

int main(void) {
    (void)publish;
    (void)await;
    (void)racy;
    pthread_t threads[3], one;
    MUST(pthread_atfork(before, after, after) == 0);
    for (int i = 0; i < 3; i++)
        MUST(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (int i = 0; i < 50; i++) {
        pid_t process = i % 2 ? fork() : vfork();
        MUST(process >= 0);
        if (process == 0) {
            char *block = malloc(10);
            block[0] = 1;
            free(block);
            later();
            MUST(pthread_create(&one, NULL, child, NULL) == 0);
            MUST(pthread_join(one, NULL) == 0);
            exit(0);
        }
        int status;
        MUST(waitpid(process, &status, 0) == process);
        MUST(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    atomic_store(&is_over, 1);
    for (int i = 0; i < 3; i++)
        MUST(pthread_join(threads[i], NULL) == 0);
    return 0;
}
