/* Handles and threads: clones, cancellation, and handles freed while calls are running on them.
 *     threads URL   where URL never answers token requests */
#include "check.h"
#include <pthread.h>
#include <unistd.h>

static void *ask(void *conn) {
    tg_error *error = NULL;
    tg_status status = tg_get_token(conn, "canarysecret", 0, 0, NULL, &error);
    if (status != TG_STATUS_CANCELLED || strcmp(tg_error_reason(error), "cancelled") != 0) {
        printf("%s\n", tg_error_message(error));
        abort();
    }
    tg_error_free(error);
    return NULL;
}

static tg_conn *connect_to(const char *url) {
    tg_config *config = tg_config_new(url);
    tg_config_set_server_version(config, "4.2");
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return conn;
}

int main(int argc, char **argv) {
    CHECK(argc > 1);
    CHECK(tg_conn_clone(NULL) == NULL);
    tg_conn_cancel(NULL);
    tg_conn_set_timeout(NULL, 1);

    tg_conn *conn = connect_to(argv[1]);
    tg_conn *clone = tg_conn_clone(conn);
    CHECK(clone != NULL && clone != conn);
    tg_conn_set_timeout(clone, 100);
    CHECK_FAILS(tg_get_token(clone, "s", 0, 0, NULL, &error), TG_STATUS_TIMEOUT, "timeout.response");
    tg_conn_free(clone);

    pthread_t threads[64];
    for (int round = 0; round < 10; round++) {
        clone = tg_conn_clone(conn);
        for (int i = 0; i < 64; i++) CHECK(pthread_create(&threads[i], NULL, ask, clone) == 0);
        usleep(30000);
        /* Half of the rounds free the handle under the running calls. */
        if (round % 2) tg_conn_free(clone);
        else tg_conn_cancel(clone);
        for (int i = 0; i < 64; i++) pthread_join(threads[i], NULL);
        if (round % 2 == 0) tg_conn_free(clone);
    }
    tg_conn_free(conn);
    return finish();
}
