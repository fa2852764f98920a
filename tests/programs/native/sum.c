int CALL(void);
int NAME(void) { return CALL() + 2; }
