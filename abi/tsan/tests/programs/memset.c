// memset writes.
#define ACCESSES
#include "check.h"

char one[32] = "abc", other[32] = "abc";
volatile size_t size = 32;
void *volatile sink;
volatile long number;

void earlier(void) { memset(one, 0, size); }

void later(void) { number = one[1]; }
