// Accesses that share one byte.
#define ACCESSES
#include "check.h"

char bytes[16];
struct __attribute__((packed)) odd { char first; long rest; } *odd = (struct odd *)bytes;

void earlier(void) { odd->rest = 1; }

void later(void) { bytes[8] = 2; }
