// A volatile access and a plain one.
#define ACCESSES
#include "check.h"

int word;
volatile long number;

void earlier(void) { *(volatile int *)&word = 1; }

void later(void) { word = 2; }
