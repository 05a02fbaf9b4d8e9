/* Windows: starts tg-auth.exe with standard streams as only a program of Windows can give them. Says what it did, and
 * ends with 1 if something was wrong. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define UNWRITTEN 74

static int has_failed;

/* Its exit code with these as standard output and standard error. */
static DWORD exit_code(const wchar_t *line, HANDLE output, HANDLE errors) {
    STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    wchar_t command[200];
    DWORD code = 0;
    wcscpy(command, line);
    start.hStdOutput = output;
    start.hStdError = errors;
    DWORD flags = DETACHED_PROCESS;
    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, flags, NULL, NULL, &start, &process)) return (DWORD)-1;
    WaitForSingleObject(process.hProcess, 60000);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
    return code;
}

static HANDLE open_file(const wchar_t *name, DWORD access) {
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    DWORD shared = FILE_SHARE_READ | FILE_SHARE_WRITE;
    return CreateFileW(name, access, shared, &inherited, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
}

static void expect(const char *what, DWORD expected, DWORD found) {
    printf("%s: %lu\n", what, found);
    has_failed |= expected != found;
}

static void has_text(const wchar_t *name, const char *wanted) {
    char text[1000] = "";
    FILE *file = _wfopen(name, L"rb");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    int has = length > 0 && strstr(text, wanted) != NULL;
    if (!has) printf("no \"%s\" in: %s\n", wanted, text);
    has_failed |= !has;
}

int main(void) {
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    static const wchar_t version[] = L"tg-auth.exe version";
    HANDLE errors = open_file(L"streams.errors", GENERIC_WRITE), output = open_file(L"streams.output", GENERIC_WRITE);
    HANDLE closed = open_file(L"streams.output", GENERIC_READ), reader, writer;
    expect("a file", 0, exit_code(version, output, errors));
    has_text(L"streams.output", "tg-auth ");
    CreatePipe(&reader, &writer, &inherited, 0);
    expect("a pipe", 0, exit_code(version, writer, errors));
    CloseHandle(reader);
    expect("a pipe without a reader", UNWRITTEN, exit_code(version, writer, errors));
    has_text(L"streams.errors", "standard output cannot be written: Broken pipe");
    expect("a file that is open for reading", UNWRITTEN, exit_code(version, closed, errors));
    expect("nothing", UNWRITTEN, exit_code(version, NULL, errors));
    expect("nothing at all", UNWRITTEN, exit_code(version, NULL, NULL));
    return has_failed;
}
