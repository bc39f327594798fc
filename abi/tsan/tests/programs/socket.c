// A byte through a socket.
#define WAITS
#define PREPARES
#include "check.h"

static int ends[2];

static void publish(void) {
    MUST(send(ends[1], "x", 1, 0) == 1);
}

static void await(void) {
    char byte;
    MUST(recv(ends[0], &byte, 1, 0) == 1);
}

static void prepare(void) { MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0); }
