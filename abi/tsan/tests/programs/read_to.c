// read writes the bytes that it gives.
#define ACCESSES
#define PREPARES
#include "check.h"

static int file;

char one[32] = "abc", other[32] = "abc";
volatile size_t size = 32;
void *volatile sink;
volatile long number;

void earlier(void) { MUST(read(file, one, size) == 32); }

void later(void) { number = one[1]; }

static void prepare(void) { MUST((file = open("/dev/zero", O_RDONLY)) >= 0); }
