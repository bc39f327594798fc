// The end of what comes through a pipe.
#define WAITS
#define PREPARES
#include "check.h"

static int ends[2];

static void publish(void) {
    MUST(close(ends[1]) == 0);
}

static void await(void) {
    char byte;
    MUST(read(ends[0], &byte, 1) == 0);
}

static void prepare(void) { MUST(pipe(ends) == 0); }
