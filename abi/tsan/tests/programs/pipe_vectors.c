// Bytes through a pipe, from and to several buffers.
#define WAITS
#define PREPARES
#include "check.h"

static int ends[2];

static void publish(void) {
    struct iovec parts[2] = {{"x", 1}, {"y", 1}};
    MUST(writev(ends[1], parts, 2) == 2);
}

static void await(void) {
    char bytes[2];
    struct iovec parts[2] = {{bytes, 1}, {bytes + 1, 1}};
    MUST(readv(ends[0], parts, 2) == 2);
}

static void prepare(void) { MUST(pipe(ends) == 0); }
