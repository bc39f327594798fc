// strcat writes behind what is there, which it reads.
#define ACCESSES
#include "check.h"

char one[32] = "abc", other[32] = "abc";
volatile size_t size = 32;
void *volatile sink;
volatile long number;

void earlier(void) { strcat(one, other); }

void later(void) { number = one[4]; }
