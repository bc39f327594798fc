// Messages through a socket: sendmmsg, recvmmsg.
#define WAITS
#define PREPARES
#include "check.h"

static int ends[2];

static void publish(void) {
    struct iovec part = {"x", 1};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
    MUST(sendmmsg(ends[1], &message, 1, 0) == 1);
}

static void await(void) {
    char byte;
    struct iovec part = {&byte, 1};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
    MUST(recvmmsg(ends[0], &message, 1, 0, NULL) == 1);
}

static void prepare(void) { MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0); }
