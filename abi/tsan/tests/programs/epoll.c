// Being ready, as epoll tells it.
#define WAITS
#define PREPARES
#include "check.h"
#include <sys/epoll.h>

static int ends[2];
static int poll;

static void prepare(void) {
    struct epoll_event event = {.events = EPOLLIN};
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    MUST((poll = epoll_create1(0)) >= 0);
    MUST(epoll_ctl(poll, EPOLL_CTL_ADD, ends[0], &event) == 0);
}

static void publish(void) {
    MUST(write(ends[1], "x", 1) == 1);
}

static void await(void) {
    struct epoll_event event;
    MUST(epoll_wait(poll, &event, 1, -1) == 1);
}
