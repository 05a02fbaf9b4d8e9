/* For what stands between the library and the C library. */
#ifndef INTERPOSE_H
#define INTERPOSE_H
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Declares `real`: the function that would be called without this one. ISO C has no cast from an object pointer to
 * a function pointer. */
#define NEXT(function)                             \
    static __typeof__(function) *real;             \
    if (!real) {                                   \
        void *found = dlsym(RTLD_NEXT, #function); \
        if (!found) abort();                       \
        memcpy(&real, &found, sizeof found);       \
    }

#endif
