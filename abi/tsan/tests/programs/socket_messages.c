// A message through a socket: sendmsg, recvmsg.
#define WAITS
#define PREPARES
#include "check.h"

static int ends[2];

static void publish(void) {
    struct iovec part = {"x", 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    MUST(sendmsg(ends[1], &message, 0) == 1);
}

static void await(void) {
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    MUST(recvmsg(ends[0], &message, 0) == 1);
}

static void prepare(void) { MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0); }
