// An event through eventfd.
#define WAITS
#define PREPARES
#include "check.h"

static int event;
#include <stdint.h>
#include <sys/eventfd.h>

static void publish(void) {
    uint64_t one = 1;
    MUST(write(event, &one, sizeof one) == sizeof one);
}

static void await(void) {
    uint64_t one;
    MUST(read(event, &one, sizeof one) == sizeof one);
}

static void prepare(void) { MUST((event = eventfd(0, 0)) >= 0); }
