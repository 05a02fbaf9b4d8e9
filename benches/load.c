/* From dlopen to the first call that returns, in a process that has loaded nothing yet.
 *
 *     load LIBRARY tg_version | load LIBRARY curl_version     prints how many nanoseconds each step took
 */
#include "bench.h"
#include <dlfcn.h>

int main(int argc, char **argv) {
    if (argc != 3) fail("arguments: LIBRARY FUNCTION");
    uint64_t began = now();
    void *library = dlopen(argv[1], RTLD_NOW);
    uint64_t loaded = now();
    if (library == NULL) fail(dlerror());
    const char *(*function)(void) = (const char *(*)(void))(intptr_t)dlsym(library, argv[2]);
    if (function == NULL || function() == NULL) fail(argv[2]);
    printf("{\"load_ns\":%" PRIu64 ",\"ready_ns\":%" PRIu64 "}\n", loaded - began, now() - began);
    return 0;
}
