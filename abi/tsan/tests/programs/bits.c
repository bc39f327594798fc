// Neighbouring bits share a byte.
#define ACCESSES
#include "check.h"

struct { unsigned one : 3, other : 5; } pair;

void earlier(void) { pair.one = 1; }

void later(void) { pair.other = 1; }
