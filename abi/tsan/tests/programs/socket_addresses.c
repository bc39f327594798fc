// A byte through a socket: sendto, recvfrom.
#define WAITS
#define PREPARES
#include "check.h"

static int ends[2];

static void publish(void) {
    MUST(sendto(ends[1], "x", 1, 0, NULL, 0) == 1);
}

static void await(void) {
    char byte;
    MUST(recvfrom(ends[0], &byte, 1, 0, NULL, NULL) == 1);
}

static void prepare(void) { MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0); }
