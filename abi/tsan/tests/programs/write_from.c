// write reads its bytes.
#define ACCESSES
#define PREPARE MUST((file = open("/dev/null", O_WRONLY)) >= 0)
static int file;
#include "check.h"

char one[32] = "abc", other[32] = "abc";
volatile size_t size = 32;
void *volatile sink;
volatile long number;

void earlier(void) { one[1] = 'z'; }

void later(void) { MUST(write(file, one, size) == 32); }
