// A plugin is opened, used by another thread and closed, many times: what lay where it lies has no
// history. With PLUGIN, this is the plugin.
#ifdef PLUGIN
int data;
void touch(void) { data++; }
#else
#define OWN_MAIN
#define ACCESSES
#include "../programs/check.h"
#include <dlfcn.h>

void earlier(void) {}
void later(void) {}

static void *run(void *touch) {
    ((void (*)(void))touch)();
    reach(atomic_load_explicit(&stage, memory_order_relaxed) + 1);
    return NULL;
}

int main(int argc, char **argv) {
    (void)publish;
    (void)await;
    (void)racy;
    MUST(argc == 2);
    for (int i = 0; i < 20; i++) {
        void *plugin = dlopen(argv[1], RTLD_NOW);
        if (plugin == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        pthread_t thread;
        MUST(pthread_create(&thread, NULL, run, dlsym(plugin, "touch")) == 0);
        MUST(pthread_detach(thread) == 0);
        wait_for(i + 1);
        MUST(dlclose(plugin) == 0);
    }
    return 0;
}
#endif
