// Jumps out of functions that never return: the stack that reports would show does not grow.
#define OWN_MAIN
#define ACCESSES
#include "../programs/check.h"
#include <setjmp.h>

static jmp_buf plain;
static sigjmp_buf masked;
static volatile int depth;

void earlier(void) {}
void later(void) {}

NOINLINE static void dive(int left) {
    depth++;
    if (left > 0)
        dive(left - 1);
    else if (depth % 2)
        longjmp(plain, 1);
    else
        siglongjmp(masked, 1);
    depth--;
}

int main(void) {
    (void)publish;
    (void)await;
    (void)racy;
    (void)stage;
    for (volatile int i = 0; i < 20000; i++) {
        if (setjmp(plain) == 0 && sigsetjmp(masked, 1) == 0)
            dive(50 + i % 2);
    }
    return 0;
}
