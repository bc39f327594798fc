// realloc frees what it moves.
#define ACCESSES
#define PREPARES
#include "check.h"

static char *block;

volatile long number;

void earlier(void) { number = block[1]; }

void later(void) { MUST(realloc(block, 1 << 20)); }

static void prepare(void) { MUST((block = malloc(64))); }
