// An atomic store to the second of two words, and a plain read of both.
#define ACCESSES
#include "check.h"

typedef long both __attribute__((vector_size(16)));
both words;
both seen;

void earlier(void) { __atomic_store_n((long *)&words + 1, 1, __ATOMIC_RELEASE); }

void later(void) { seen = words; }
