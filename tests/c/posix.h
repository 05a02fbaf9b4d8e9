/* What test programs take of POSIX, and Windows has under other names or not at all. */
#ifndef POSIX_H
#define POSIX_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <sys/types.h>

/* An empty variable is none there. */
static inline int setenv(const char *name, const char *value, int replaces) {
    return !replaces && getenv(name) ? 0 : _putenv_s(name, value);
}

static inline int unsetenv(const char *name) { return _putenv_s(name, ""); }

/* The text up to the next of these letters, which is cut off; NULL at the end. */
static inline char *strsep(char **rest, const char *letters) {
    char *text = *rest;
    if (text == NULL) return NULL;
    char *end = text + strcspn(text, letters);
    *rest = *end ? end + 1 : NULL;
    *end = '\0';
    return text;
}

/* A line with its end, in memory that grows. */
static inline ssize_t getline(char **line, size_t *room, FILE *file) {
    size_t length = 0;
    for (int letter = 0; letter != '\n' && (letter = getc(file)) != EOF;) {
        if (length + 2 > *room) {
            *room = *room * 2 + 256;
            *line = realloc(*line, *room);
            if (*line == NULL) abort();
        }
        (*line)[length++] = (char)letter;
        (*line)[length] = '\0';
    }
    return length ? (ssize_t)length : -1;
}

/* As good as it has to be for tests. */
static inline int rand_r(unsigned *seed) {
    *seed = *seed * 1103515245 + 12345;
    return (int)(*seed >> 16 & 0x7fff);
}

/* Another descriptor of the same file, which keeps the ends of lines as they are. */
static inline int away_from_standard(int descriptor) {
    int other = _dup(descriptor);
    if (other >= 0) _setmode(other, _O_BINARY);
    return other;
}

#define O_CLOEXEC _O_NOINHERIT
#define NO_FILE "NUL"
#else
#include <fcntl.h>
#include <unistd.h>

/* Another descriptor of the same file, which is none of the standard ones and has a number that is far from theirs. */
static inline int away_from_standard(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, 100); }

#define NO_FILE "/dev/null"
#endif

#endif
