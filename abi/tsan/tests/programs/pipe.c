// A byte through a pipe.
#define WAITS
#define PREPARES
#include "check.h"

static int ends[2];

static void publish(void) {
    MUST(write(ends[1], "x", 1) == 1);
}

static void await(void) {
    char byte;
    MUST(read(ends[0], &byte, 1) == 1);
}

static void prepare(void) { MUST(pipe(ends) == 0); }
