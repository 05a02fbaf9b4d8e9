/* Chapter status: numbers and names. */
#include "check.h"

int main(void) {
    static const struct {
        tg_status status;
        int number;
        const char *name;
    } table[] = {
        {TG_STATUS_OK, 0, "OK"},
        {TG_STATUS_INVALID_ARGUMENT, 1, "INVALID_ARGUMENT"},
        {TG_STATUS_CONNECT, 2, "CONNECT"},
        {TG_STATUS_TIMEOUT, 3, "TIMEOUT"},
        {TG_STATUS_TLS, 4, "TLS"},
        {TG_STATUS_PROTOCOL, 5, "PROTOCOL"},
        {TG_STATUS_UNAUTHENTICATED, 6, "UNAUTHENTICATED"},
        {TG_STATUS_FORBIDDEN, 7, "FORBIDDEN"},
        {TG_STATUS_NOT_FOUND, 8, "NOT_FOUND"},
        {TG_STATUS_ALREADY_EXISTS, 9, "ALREADY_EXISTS"},
        {TG_STATUS_UNSUPPORTED, 10, "UNSUPPORTED"},
        {TG_STATUS_AUTH_DISABLED, 11, "AUTH_DISABLED"},
        {TG_STATUS_UNAVAILABLE, 12, "UNAVAILABLE"},
        {TG_STATUS_SERVER, 13, "SERVER"},
        {TG_STATUS_UNKNOWN_OUTCOME, 14, "UNKNOWN_OUTCOME"},
        {TG_STATUS_NO_CREDENTIALS, 15, "NO_CREDENTIALS"},
        {TG_STATUS_INTERNAL, 16, "INTERNAL"},
        {TG_STATUS_CANCELLED, 17, "CANCELLED"},
        {TG_STATUS_PENDING, 18, "PENDING"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        CHECK(table[i].status == table[i].number);
        CHECK_TEXT(tg_status_name(table[i].status), table[i].name);
    }
    CHECK_TEXT(tg_status_name(19), "UNKNOWN");
    CHECK_TEXT(tg_status_name(-1), "UNKNOWN");
    CHECK_TEXT(tg_status_name(INT32_MAX), "UNKNOWN");
    return finish();
}
