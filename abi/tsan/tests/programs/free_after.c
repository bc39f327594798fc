// What is freed is written.
#define ACCESSES
#define PREPARES
#include "check.h"

static char *block;

volatile long number;

void earlier(void) { block[1] = 1; }

void later(void) { free(block); }

static void prepare(void) { MUST((block = malloc(64))); }
