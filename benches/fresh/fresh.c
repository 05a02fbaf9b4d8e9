/* A fresh token in C, for benches/packages: for each line on standard input, a number, so many calls that do not count
 * and so many that do. Prints the nanoseconds of one. */
#include "../bench.h"
#include <tigergraph_auth.h>

static void authorize(tg_conn *conn, long calls) {
    for (long i = 0; i < calls; i++) {
        tg_token *token = NULL;
        if (tg_authorization(conn, &token, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
        tg_token_free(token);
    }
}

int main(void) {
    tg_config *config = tg_config_new("http://127.0.0.1:1");
    tg_config_set_api_token(config, TOKEN);
    tg_conn *conn = NULL;
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    tg_config_free(config);
    for (long calls; scanf("%ld", &calls) == 1;) {
        authorize(conn, calls);
        uint64_t began = now();
        authorize(conn, calls);
        printf("%f\n", (double)(now() - began) / (double)calls);
        fflush(stdout);
    }
    tg_conn_free(conn);
    return 0;
}
