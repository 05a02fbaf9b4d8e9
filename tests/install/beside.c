/* Linked with examples-c/get_token.c: runs the other Rust library before it. */

#include <unistd.h>

int beside_catches(void);

__attribute__((constructor)) static void run_the_other_library(void) {
    if (beside_catches() != 1) _exit(3);
}
