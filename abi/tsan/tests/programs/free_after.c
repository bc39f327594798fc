// What is freed is written.
#define ACCESSES
#define PREPARE MUST((block = malloc(64)))
static char *block;
#include "check.h"

volatile long number;

void earlier(void) { block[1] = 1; }

void later(void) { free(block); }
