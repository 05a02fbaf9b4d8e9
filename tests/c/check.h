/* The smallest test framework: CHECK counts, finish() reports. */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tigergraph_auth.h>

static int checks, failures;

#define CHECK(condition)                                                       \
    do {                                                                       \
        checks++;                                                              \
        if (!(condition)) {                                                    \
            failures++;                                                        \
            printf("%s:%d: failed: %s (last error: %s)\n", __FILE__, __LINE__, \
                   #condition, tg_last_error_message());                       \
        }                                                                      \
    } while (0)

#define CHECK_TEXT(actual, expected) CHECK(strcmp((actual), (expected)) == 0)

/* The call fails with this status and reason, the same in both ways, and takes nothing with it. */
#define CHECK_FAILS(call, wanted_status, wanted_reason)                        \
    do {                                                                       \
        tg_error *error = NULL;                                                \
        CHECK((call) == (wanted_status));                                      \
        CHECK(error != NULL && tg_error_status(error) == (wanted_status));     \
        CHECK_TEXT(tg_error_reason(error), (wanted_reason));                   \
        CHECK(tg_error_message(error)[0] != '\0');                             \
        CHECK_TEXT(tg_last_error_message(), tg_error_message(error));          \
        tg_error_free(error);                                                  \
    } while (0)

static int finish(void) {
    printf("%d checks, %d failed\n", checks, failures);
    return failures == 0 && checks > 0 ? 0 : 1;
}

#endif
