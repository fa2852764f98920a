const char *greet_home(void) { return PLACE "/share/greet"; }
