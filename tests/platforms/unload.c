/* Windows: the library stays loaded when it is freed after it was used, because threads may still need its code.
 *
 *     unload DLL */
#include <stdio.h>
#include <windows.h>

typedef const char *(*last_error_message)(void);
typedef int (*conn_new)(const void *config, void **conn, void **error);

int main(int argc, char **argv) {
    HMODULE library = argc > 1 ? LoadLibraryA(argv[1]) : NULL;
    if (!library) return puts("failed: it cannot be loaded"), 1;
    conn_new call = (conn_new)(void (*)(void))GetProcAddress(library, "tg_conn_new");
    last_error_message message = (last_error_message)(void (*)(void))GetProcAddress(library, "tg_last_error_message");
    void *conn = NULL;
    if (!call || !message || call(NULL, &conn, NULL) == 0) return puts("failed: it cannot be called"), 1;
    for (int i = 0; i < 3; i++) FreeLibrary(library);
    if (!GetModuleHandleA(argv[1])) return puts("failed: it was unloaded"), 1;
    printf("still there: %s\n", message());
    return 0;
}
