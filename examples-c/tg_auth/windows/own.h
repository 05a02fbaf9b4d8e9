/* tg-auth on Windows: what its files share. */
#ifndef TG_AUTH_WINDOWS_H
#define TG_AUTH_WINDOWS_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "../tg-auth.h"

/* --- Texts and failures (text.c) -------------------------------------------------------------------------- */

/* The same in UTF-16, to be freed; NULL: it is not UTF-8, or there is no memory. */
wchar_t *wide(const char *text);
/* The same of a path, however long it is. */
wchar_t *wide_path(const char *path);
/* The same in UTF-8, to be freed; half a character becomes U+FFFD. NULL without memory. */
char *narrow(const wchar_t *text);
/* The number of errno for a failure of the system. */
int number_of(DWORD failure);
/* Sets errno for the last failure of the system; gives -1. */
int fail(void);

/* --- The console (console.c) ------------------------------------------------------------------------------ */

/* Standard output and standard error, where they are a console, go through this from now on. */
void begin_console(void);
/* When all of it is shown. Nothing can be written after this. */
void end_console(void);
/* read_some of standard input that is a console. */
ptrdiff_t read_console(HANDLE console, char *bytes, size_t most);

#endif
