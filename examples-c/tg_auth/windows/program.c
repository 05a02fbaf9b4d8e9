/* tg-auth on Windows: its arguments, its standard streams, time, chance, and its end. */
#include "own.h"

#include <bcrypt.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdlib.h>
#include <winternl.h>

/* --- The program ------------------------------------------------------------------------------------------ */

/* Gives the standard descriptors that are closed to NUL, so that no file which is opened later gets their numbers, and
 * with them what is printed. Whether standard output was open. */
static int occupy_standard_descriptors(void) {
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    int opened;
    do opened = _open("NUL", _O_RDWR | _O_BINARY | _O_NOINHERIT);
    while (opened >= 0 && opened < 2);
    if (opened > 2) _close(opened);
    return output && output != INVALID_HANDLE_VALUE && GetFileType(output) != FILE_TYPE_UNKNOWN;
}

/* What the C library has made of the arguments lacks the characters that are not in the system's code page. */
static void take_arguments(int *argc, char ***argv) {
    int count = 0;
    wchar_t **given = CommandLineToArgvW(GetCommandLineW(), &count);
    char **made = given ? calloc((size_t)count + 1, sizeof *made) : NULL;
    for (int i = 0; made && i < count; i++) {
        made[i] = narrow(given[i]);
        if (!made[i]) made = NULL;
    }
    LocalFree(given);
    if (!made) {
        fputs("tg-auth: there is no memory for the arguments\n", stderr);
        exit(TG_STATUS_INTERNAL);
    }
    *argc = count;
    *argv = made;
}

int begin_program(int *argc, char ***argv) {
    int is_open = occupy_standard_descriptors();
    take_arguments(argc, argv);
    for (int file = 0; file <= 2; file++) _setmode(file, _O_BINARY);
    begin_console();
    return is_open;
}

int end_program(int code) {
    end_console();
    return code;
}

/* --- Standard output -------------------------------------------------------------------------------------- */

/* What documents of Windows' drivers name so; no header for programs has it. */
struct pipe_information {
    ULONG type, configuration, most, instances, quota, available, write_quota, write_available, state, end;
};
#define PIPE_INFORMATION 24
#define PIPE_CLOSING 4

/* Writing nothing into a pipe would wake its reader, who takes that for the end. */
static int is_reader_gone(HANDLE pipe) {
    struct pipe_information about = {.state = 0};
    IO_STATUS_BLOCK status;
    FILE_INFORMATION_CLASS wanted = (FILE_INFORMATION_CLASS)PIPE_INFORMATION;
    return NtQueryInformationFile(pipe, &status, &about, sizeof about, wanted) == 0 && about.state == PIPE_CLOSING;
}

/* A disk that is full is told when something is written, and not here. */
int refusal_of_output(void) {
    HANDLE output = (HANDLE)_get_osfhandle(1);
    DWORD count;
    if (is_terminal(stdout)) return 0;
    if (GetFileType(output) == FILE_TYPE_PIPE) return is_reader_gone(output) ? EPIPE : 0;
    if (WriteFile(output, "", 0, &count, NULL)) return 0;
    return GetLastError() == ERROR_ACCESS_DENIED ? EBADF : number_of(GetLastError());
}

/* --- Time and chance -------------------------------------------------------------------------------------- */

int64_t now_ms(void) { return (int64_t)GetTickCount64(); }

void sleep_ms(int64_t ms) {
    for (int64_t until = now_ms() + ms; ms > 0; ms = until - now_ms()) Sleep(ms > 1000000 ? 1000000 : (DWORD)ms);
}

int random_bytes(void *bytes, size_t size) {
    return BCryptGenRandom(NULL, bytes, (ULONG)size, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0;
}

/* --- The user's wish to end ------------------------------------------------------------------------------- */

static SRWLOCK lock = SRWLOCK_INIT;
static void (*on_end)(void);

void take_lock(void) { AcquireSRWLockExclusive(&lock); }

void give_lock(void) { ReleaseSRWLockExclusive(&lock); }

/* The system calls it on a thread of its own: at Ctrl-C, and when the console is closed or the user logs off, after
 * which the program is ended as soon as this returns, or after some seconds. */
static BOOL WINAPI end_wanted(DWORD event) {
    on_end();
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) Sleep(INFINITE);
    return TRUE;
}

void watch_for_end(void (*stop)(void)) {
    on_end = stop;
    SetConsoleCtrlHandler(end_wanted, TRUE);
}

void end_watch(void) { SetConsoleCtrlHandler(end_wanted, FALSE); }
