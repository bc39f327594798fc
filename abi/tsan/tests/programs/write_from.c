// write reads its bytes.
#define ACCESSES
#define PREPARES
#include "check.h"

static int file;

char one[32] = "abc", other[32] = "abc";
volatile size_t size = 32;
void *volatile sink;
volatile long number;

void earlier(void) { one[1] = 'z'; }

void later(void) { MUST(write(file, one, size) == 32); }

static void prepare(void) { MUST((file = open("/dev/null", O_WRONLY)) >= 0); }
