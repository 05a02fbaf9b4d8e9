/* tg-auth on Windows: files. */
#include "own.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <sddl.h>
#include <stdlib.h>
#include <string.h>

#define ALL_SHARED (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* --- What it reads ---------------------------------------------------------------------------------------- */

/* Pipes have names here, but not the one that is standard input. */
const char *const name_of_input = NULL;

/* The number of a handle, which belongs to it from now on. */
static int numbered(HANDLE handle, int flags) {
    if (handle == INVALID_HANDLE_VALUE) return fail();
    int file = _open_osfhandle((intptr_t)handle, flags | _O_BINARY | _O_NOINHERIT);
    if (file < 0) CloseHandle(handle);
    return file;
}

int open_to_read(const char *path) {
    /* Whoever serves a pipe of that name does not learn who asks. */
    DWORD flags = FILE_ATTRIBUTE_NORMAL | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    wchar_t *name = wide_path(path);
    if (!name) return -1;
    int file = numbered(CreateFileW(name, GENERIC_READ, ALL_SHARED, NULL, OPEN_EXISTING, flags, NULL), _O_RDONLY);
    free(name);
    return file;
}

ptrdiff_t read_some(int file, char *bytes, size_t most) {
    HANDLE handle = (HANDLE)_get_osfhandle(file);
    DWORD mode;
    if (file == STANDARD_INPUT && GetConsoleMode(handle, &mode)) return read_console(handle, bytes, most);
    return _read(file, bytes, most < 65536 ? (unsigned)most : 65536);
}

void close_file(int file) { _close(file); }

/* --- What it makes ---------------------------------------------------------------------------------------- */

/* The account that the program acts as, as a text to be freed by LocalFree. */
static wchar_t *own_account(void) {
    union {
        TOKEN_USER user;
        char room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } found;
    HANDLE token;
    DWORD length;
    wchar_t *text = NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return NULL;
    int is_known = GetTokenInformation(token, TokenUser, &found, sizeof found, &length);
    if (is_known && !ConvertSidToStringSidW(found.user.User.Sid, &text)) text = NULL;
    CloseHandle(token);
    return text;
}

/* The security of a file that belongs to this account and lets in nobody else, to be freed by LocalFree. */
static PSECURITY_DESCRIPTOR own_security(void) {
    static const wchar_t owner[] = L"O:", list[] = L"D:P(A;;FA;;;", end[] = L")";
    wchar_t text[512] = L"", *account = own_account();
    PSECURITY_DESCRIPTOR made = NULL;
    if (!account) return NULL;
    if (2 * wcslen(account) + 32 < sizeof text / sizeof *text) {
        const wchar_t *const parts[] = {owner, account, list, account, end};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) wcscat(text, parts[i]);
        if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &made, NULL)) made = NULL;
    }
    LocalFree(account);
    return made;
}

int open_new(const char *path) {
    if (remove_file(path) != 0) return -1;
    wchar_t *name = wide_path(path);
    SECURITY_ATTRIBUTES security = {.nLength = sizeof security, .lpSecurityDescriptor = own_security()};
    int file = -1;
    DWORD flags = FILE_ATTRIBUTE_NORMAL;
    if (name && !security.lpSecurityDescriptor) fail();
    else if (name) file = numbered(CreateFileW(name, GENERIC_WRITE, 0, &security, CREATE_NEW, flags, NULL), _O_WRONLY);
    LocalFree(security.lpSecurityDescriptor);
    free(name);
    return file;
}

/* A new file lets in nobody but the user here, whoever could use the other one. */
const char *share_like(int fresh, const char *file) {
    (void)fresh, (void)file;
    return NULL;
}

int write_whole(int file, const char *text, size_t length) {
    while (length) {
        int count = _write(file, text, length < 65536 ? (unsigned)length : 65536);
        if (count <= 0) return 0;
        text += count;
        length -= (size_t)count;
    }
    return _commit(file) == 0;
}

/* Another program that reads a file has it open for a moment, and an antivirus a little longer. */
#define MOST_TRIES 100
#define PAUSE_MS 20

static int is_in_the_way(void) {
    DWORD failure = GetLastError();
    return failure == ERROR_SHARING_VIOLATION || failure == ERROR_ACCESS_DENIED;
}

int replace_file(const char *fresh, const char *file) {
    wchar_t *from = wide_path(fresh), *to = wide_path(file);
    int is_done = 0;
    for (int tries = 0; from && to && !is_done && tries < MOST_TRIES; tries++) {
        if (tries) Sleep(PAUSE_MS);
        is_done = MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
        if (!is_done && !is_in_the_way()) break;
    }
    if (from && to && !is_done) fail();
    free(from);
    free(to);
    return is_done ? 0 : -1;
}

int remove_file(const char *path) {
    wchar_t *name = wide_path(path);
    int is_done = 0;
    for (int tries = 0; name && !is_done && tries < MOST_TRIES; tries++) {
        if (tries) Sleep(PAUSE_MS);
        is_done = DeleteFileW(name);
        if (!is_done && !is_in_the_way()) break;
    }
    if (name && !is_done) is_done = number_of(GetLastError()) == ENOENT;
    if (name && !is_done) fail();
    free(name);
    return is_done ? 0 : -1;
}

/* The system writes the name with the file, which write_whole has flushed, and replace_file has asked for it. */
int settle_folder(const char *path) {
    (void)path;
    return 1;
}

/* --- Links ------------------------------------------------------------------------------------------------ */

/* Where an open file is, without what the system puts before a path that it makes. */
static char *place_of(HANDLE file) {
    static const wchar_t share[] = L"\\\\?\\UNC\\", plain[] = L"\\\\?\\";
    DWORD size = GetFinalPathNameByHandleW(file, NULL, 0, VOLUME_NAME_DOS);
    wchar_t *found = size ? malloc(((size_t)size + 1) * sizeof *found) : NULL;
    if (!found || !GetFinalPathNameByHandleW(file, found, size + 1, VOLUME_NAME_DOS)) {
        fail();
        free(found);
        return NULL;
    }
    wchar_t *begin = found;
    if (wcsncmp(found, share, wcslen(share)) == 0) {
        begin += wcslen(share) - 2;
        *begin = L'\\';
    } else if (wcsncmp(found, plain, wcslen(plain)) == 0) {
        begin += wcslen(plain);
    }
    char *made = narrow(begin);
    free(found);
    return made;
}

/* A path without a link at its end is left as the user wrote it. */
char *real_path(const char *path) {
    wchar_t *name = wide_path(path);
    char *made = NULL;
    if (!name) return NULL;
    DWORD attributes = GetFileAttributesW(name);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        fail();
    } else if (!(attributes & FILE_ATTRIBUTE_REPARSE_POINT)) {
        made = copied(path, strlen(path));
    } else {
        HANDLE file = CreateFileW(name, 0, ALL_SHARED, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
        if (file == INVALID_HANDLE_VALUE) fail();
        else made = place_of(file);
        if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
    }
    free(name);
    return made;
}
