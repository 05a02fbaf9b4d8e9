/* tg-auth on Windows: a console. It is given UTF-16, so that every character is shown whatever the console's code page
 * is, and the code page is left as it is. What the program writes into standard output and standard error goes through
 * a pipe to a thread that does this. */
#include "own.h"

#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 0x0004
#endif

#define OUTPUT 1
#define ERRORS 2

/* --- What it shows ---------------------------------------------------------------------------------------- */

static int is_console[3];
static HANDLE console, thread;
static DWORD mode_before;
static int has_colours;
static int reader;

static void show(const char *bytes, int length) {
    wchar_t text[1024];
    int count = length ? MultiByteToWideChar(CP_UTF8, 0, bytes, length, text, sizeof text / sizeof *text) : 0;
    for (int at = 0; at < count;) {
        DWORD written = 0;
        if (!WriteConsoleW(console, text + at, (DWORD)(count - at), &written, NULL) || !written) break;
        at += (int)written;
    }
    wipe(text, sizeof text);
}

/* How much of it is no half of a character at its end. */
static int whole(const char *bytes, int length) {
    int start = length, back = 0;
    while (start > 0 && back < 4) {
        unsigned char byte = (unsigned char)bytes[--start];
        back++;
        if ((byte & 0xC0) == 0x80) continue;
        int needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
        return needed > back ? start : length;
    }
    return length;
}

/* Until nobody can write any more. */
static DWORD WINAPI show_all(void *unused) {
    char bytes[1024];
    int held = 0, count;
    (void)unused;
    while ((count = _read(reader, bytes + held, (unsigned)(sizeof bytes - (size_t)held))) > 0) {
        int length = whole(bytes, held + count);
        show(bytes, length);
        held += count - length;
        memmove(bytes, bytes + length, (size_t)held);
    }
    show(bytes, held);
    wipe(bytes, sizeof bytes);
    return 0;
}

/* The handle goes on to lead to the console when standard output and standard error do not. */
static int open_console(int file) {
    HANDLE self = GetCurrentProcess(), found = (HANDLE)_get_osfhandle(file);
    return DuplicateHandle(self, found, self, &console, 0, FALSE, DUPLICATE_SAME_ACCESS);
}

void begin_console(void) {
    int ends[2];
    DWORD mode;
    for (int file = OUTPUT; file <= ERRORS; file++) {
        is_console[file] = _isatty(file) && GetConsoleMode((HANDLE)_get_osfhandle(file), &mode);
    }
    int file = is_console[ERRORS] ? ERRORS : OUTPUT;
    if (!is_console[file] || !open_console(file)) return;
    GetConsoleMode(console, &mode_before);
    has_colours = SetConsoleMode(console, mode_before | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    if (_pipe(ends, 4096, _O_BINARY | _O_NOINHERIT) != 0) return;
    reader = ends[0];
    thread = CreateThread(NULL, 0, show_all, NULL, 0, NULL);
    for (file = OUTPUT; thread && file <= ERRORS; file++) {
        if (is_console[file]) _dup2(ends[1], file);
    }
    _close(ends[1]);
}

void end_console(void) {
    if (!thread) return;
    /* Standard output is closed when it is known whether it could be written. */
    fclose(stderr);
    WaitForSingleObject(thread, INFINITE);
    SetConsoleMode(console, mode_before);
}

int is_terminal(FILE *stream) { return is_console[stream == stdout ? OUTPUT : ERRORS]; }

int shows_colours(FILE *stream) {
    const char *term = getenv("TERM");
    return is_terminal(stream) && has_colours && !(term && strcmp(term, "dumb") == 0);
}

/* --- What is typed ---------------------------------------------------------------------------------------- */

static DWORD typing_before;

/* The console shows what is typed again before the program ends. */
static BOOL WINAPI end_by_event(DWORD event) {
    (void)event;
    SetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), typing_before);
    return FALSE;
}

int hide_typing(const char *what) {
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    if (!GetConsoleMode(input, &typing_before)) return 0;
    SetConsoleCtrlHandler(end_by_event, TRUE);
    DWORD lines = ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT;
    SetConsoleMode(input, (typing_before | lines) & ~(DWORD)ENABLE_ECHO_INPUT);
    /* By this thread, so that it is shown before the console waits for what is typed. */
    char text[64];
    int length = snprintf(text, sizeof text, "%s: ", what);
    if (is_console[ERRORS] && thread) show(text, length);
    else fputs(text, stderr);
    return 1;
}

void show_typing(void) {
    SetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), typing_before);
    SetConsoleCtrlHandler(end_by_event, FALSE);
    fputc('\n', stderr);
}

/* Ctrl-Z at the beginning of a line is the end. */
#define END_OF_INPUT L'\x1A'

/* What was typed and not yet read. */
static struct {
    wchar_t half; /* of a character; 0: none */
    char bytes[4096];
    int at, end;
} typed;

/* Reads some of a line; 0 at the end, -1 if it cannot be read. */
static int type(HANDLE input) {
    wchar_t text[1024];
    int begin = typed.half != 0;
    DWORD count = 0;
    text[0] = typed.half;
    /* Ctrl-C ends the program on another thread, and this call without a text. */
    do {
        SetLastError(0);
        if (!ReadConsoleW(input, text + begin, (DWORD)(sizeof text / sizeof *text) - 1, &count, NULL)) return fail();
    } while (!count && GetLastError() == ERROR_OPERATION_ABORTED);
    int length = begin + (int)count;
    if (!count || text[begin] == END_OF_INPUT) return 0;
    typed.half = IS_HIGH_SURROGATE(text[length - 1]) ? text[--length] : 0;
    typed.at = 0;
    typed.end = WideCharToMultiByte(CP_UTF8, 0, text, length, typed.bytes, sizeof typed.bytes, NULL, NULL);
    wipe(text, sizeof text);
    return 1;
}

ptrdiff_t read_console(HANDLE input, char *bytes, size_t most) {
    while (typed.at == typed.end) {
        int outcome = type(input);
        if (outcome <= 0) return outcome;
    }
    size_t left = (size_t)(typed.end - typed.at), count = left < most ? left : most;
    memcpy(bytes, typed.bytes + typed.at, count);
    wipe(typed.bytes + typed.at, count);
    typed.at += (int)count;
    return (ptrdiff_t)count;
}
