/* What test programs take of POSIX and Windows has under other names. */
#ifndef POSIX_H
#define POSIX_H
#include <stdlib.h>

#ifdef _WIN32
/* An empty variable is none there. */
static inline int setenv(const char *name, const char *value, int replaces) {
    return !replaces && getenv(name) ? 0 : _putenv_s(name, value);
}

static inline int unsetenv(const char *name) { return _putenv_s(name, ""); }
#endif

#endif
