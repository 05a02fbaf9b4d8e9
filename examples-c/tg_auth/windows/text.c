/* tg-auth on Windows: the system's texts are UTF-16, and its failures have numbers of their own. */
#include "own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

wchar_t *wide(const char *text) {
    int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *made = length > 0 ? malloc((size_t)length * sizeof *made) : NULL;
    if (made) MultiByteToWideChar(CP_UTF8, 0, text, -1, made, length);
    else errno = length > 0 ? ENOMEM : EILSEQ;
    return made;
}

char *narrow(const wchar_t *text) {
    int length = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *made = length > 0 ? malloc((size_t)length) : NULL;
    if (made) WideCharToMultiByte(CP_UTF8, 0, text, -1, made, length, NULL, NULL);
    else errno = ENOMEM;
    return made;
}

/* So long a path may be as it is. Files that are made beside it have longer names by a few characters. */
#define USUAL_PATH 200

/* The whole path behind what tells the system that 260 characters are no limit; the path itself if there is none. */
static wchar_t *long_path(wchar_t *path) {
    static const wchar_t plain[] = L"\\\\?\\", share[] = L"\\\\?\\UNC";
    DWORD length = GetFullPathNameW(path, 0, NULL, NULL);
    wchar_t *made = malloc((length + sizeof share / sizeof *share) * sizeof *made);
    if (!made || !length) {
        free(made);
        return path;
    }
    wchar_t *whole = made + sizeof share / sizeof *share;
    GetFullPathNameW(path, length, whole, NULL);
    free(path);
    int is_share = wcsncmp(whole, L"\\\\", 2) == 0;
    const wchar_t *begin = is_share ? share : plain;
    size_t skipped = is_share ? 1 : 0;
    memmove(made + wcslen(begin), whole + skipped, (wcslen(whole + skipped) + 1) * sizeof *made);
    memcpy(made, begin, wcslen(begin) * sizeof *made);
    return made;
}

wchar_t *wide_path(const char *path) {
    wchar_t *made = wide(path);
    int is_long = made && wcslen(made) > USUAL_PATH && wcsncmp(made, L"\\\\?\\", 4) != 0;
    return is_long ? long_path(made) : made;
}

int number_of(DWORD failure) {
    switch (failure) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
    case ERROR_INVALID_NAME: return ENOENT;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_WRITE_PROTECT: return EACCES;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS: return EEXIST;
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL: return ENOSPC;
    case ERROR_NOT_ENOUGH_MEMORY: return ENOMEM;
    case ERROR_TOO_MANY_OPEN_FILES: return EMFILE;
    case ERROR_FILENAME_EXCED_RANGE: return ENAMETOOLONG;
    case ERROR_INVALID_HANDLE: return EBADF;
    case ERROR_BROKEN_PIPE:
    case ERROR_NO_DATA: return EPIPE;
    default: return EIO;
    }
}

int fail(void) {
    errno = number_of(GetLastError());
    return -1;
}
