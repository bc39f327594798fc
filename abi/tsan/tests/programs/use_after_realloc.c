// realloc frees what it moves.
#define ACCESSES
#define PREPARE MUST((block = malloc(64)))
static char *block;
#include "check.h"

volatile long number;

void earlier(void) { number = block[1]; }

void later(void) { MUST(realloc(block, 1 << 20)); }
