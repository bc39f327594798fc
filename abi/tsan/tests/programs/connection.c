// A connection: whoever accepts it comes after who made it.
#define WAITS
#define PREPARES
#include "check.h"
#include <sys/un.h>

static int listener;
static struct sockaddr_un name = {.sun_family = AF_UNIX};

static void prepare(void) {
    socklen_t size = sizeof(sa_family_t);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    MUST(bind(listener, (struct sockaddr *)&name, size) == 0);
    MUST(listen(listener, 1) == 0);
    size = sizeof name;
    MUST(getsockname(listener, (struct sockaddr *)&name, &size) == 0);
}

static void publish(void) {
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    // The name is abstract, and its length is that of what the kernel gave.
    socklen_t size = sizeof(sa_family_t) + 6;
    MUST(connect(file, (struct sockaddr *)&name, size) == 0);
}

static void await(void) {
    MUST(accept(listener, NULL, NULL) >= 0);
}
