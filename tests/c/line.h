/* Lines for whoever steers a test program. */
#ifndef LINE_H
#define LINE_H
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Makes a line in `line` and writes it whole, whatever signals do. Allocates nothing. */
static inline void write_line(int out, char *line, size_t room, const char *format, va_list values) {
    int length = vsnprintf(line, room - 1, format, values);
    if (length < 0) abort();
    if ((size_t)length > room - 2) length = (int)room - 2;
    line[length++] = '\n';
    for (int done = 0; done < length;) {
        ssize_t count = write(out, line + done, (size_t)(length - done));
        if (count > 0) done += (int)count;
        else if (errno != EINTR) _exit(3);
    }
}

#endif
