// stpcpy reads.
#define ACCESSES
#include "check.h"

char one[32] = "abc", other[32] = "abc";
volatile size_t size = 32;
void *volatile sink;
volatile long number;

void earlier(void) { one[1] = 'z'; }

void later(void) { sink = stpcpy(other, one); }
