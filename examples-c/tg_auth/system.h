/* tg-auth: what differs between systems. posix.c has it, and for Windows the files in `windows`; everything else is C
 * alone. Texts are UTF-8. What fails sets errno. */
#ifndef TG_AUTH_SYSTEM_H
#define TG_AUTH_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* --- The program ----------------------------------------------------------------------------------------- */

/* Makes the arguments UTF-8 and the standard streams take bytes as they are. A reader that goes away is a failed write
 * from now on. Whether standard output was open; what was closed leads nowhere. */
int begin_program(int *argc, char ***argv);
/* When everything is written; the exit code. */
int end_program(int code);

/* --- Standard output and standard error ------------------------------------------------------------------ */

/* 0, or the number of what keeps standard output from being written, as far as this can be seen beforehand. */
int refusal_of_output(void);
/* Whether somebody sees it at once. */
int is_terminal(FILE *stream);
/* Whether escape sequences make colours there. */
int shows_colours(FILE *stream);

/* --- Standard input and files ---------------------------------------------------------------------------- */

/* Standard input, as a number that open_to_read could have given. */
#define STANDARD_INPUT 0
/* A name by which the library can open standard input; NULL: there is none. */
extern const char *const name_of_input;
/* The number of a file; -1: it cannot be opened. */
int open_to_read(const char *path);
/* At most this many bytes; 0 at the end, -1 if it cannot be read. */
ptrdiff_t read_some(int file, char *bytes, size_t most);
void close_file(int file);
/* Whether standard input is a terminal, which from now on does not show what is typed, and asks for it. Whatever ends
 * the program, it shows it again. */
int hide_typing(const char *what);
void show_typing(void);

/* A file that was not there before, or was removed, and that nobody but the user may use. Its number, or -1. */
int open_new(const char *path);
/* Lets those use an open new file who may use the other one, and nobody else. NULL, or why it cannot. */
const char *share_like(int fresh, const char *file);
/* Whether all of it is on the disk. */
int write_whole(int file, const char *text, size_t length);
/* Puts a closed file in the place of another one, at once, so that everybody finds either of them whole. 0, or -1. */
int replace_file(const char *fresh, const char *file);
/* 0, also if there is none; or -1. */
int remove_file(const char *path);
/* Whether a new name is in its folder for good. */
int settle_folder(const char *path);
/* Where links lead to, to be freed. NULL: nowhere, and errno is ENOENT if there is only no file yet. */
char *real_path(const char *path);

/* --- Time and chance ------------------------------------------------------------------------------------- */

/* Of a clock that nobody sets. */
int64_t now_ms(void);
void sleep_ms(int64_t ms);
/* Whether there were some. */
int random_bytes(void *bytes, size_t size);

/* --- The user's wish to end ------------------------------------------------------------------------------ */

/* From now on Ctrl-C, and whatever else asks the program to end, has `stop` called on a thread of its own, and does not
 * end the program. */
void watch_for_end(void (*stop)(void));
void end_watch(void);
/* One lock, for `stop` and what it changes. */
void take_lock(void);
void give_lock(void);

#endif
