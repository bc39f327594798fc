// An atomic access and a plain one.
#define ACCESSES
#include "check.h"

int word;

void earlier(void) { __atomic_store_n(&word, 1, __ATOMIC_RELEASE); }

void later(void) { word = 2; }
