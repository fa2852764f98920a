int NAME(void) { return NUMBER; }
