/* Chapter errors: two ways to one error, their lives, and threads. */
#include "check.h"
#include <pthread.h>

static void *other_thread(void *error) {
    /* Another thread has an error of its own, and may free one of ours. */
    CHECK_TEXT(tg_last_error_message(), "");
    CHECK_TEXT(tg_error_reason(error), "argument.null");
    tg_error_free(error);
    return NULL;
}

static void *own_errors(void *name) {
    for (int i = 0; i < 200; i++) {
        tg_config *config = tg_config_new("https://h");
        tg_config_set_graph(config, name);
        tg_conn *conn = NULL;
        tg_error *error = NULL;
        tg_status expected = strchr(name, ' ') ? TG_STATUS_INVALID_ARGUMENT : TG_STATUS_OK;
        if (tg_conn_new(config, &conn, &error) != expected) abort();
        if (strcmp(tg_last_error_message(), tg_error_message(error)) != 0) abort();
        tg_error_free(error);
        tg_conn_free(conn);
        tg_config_free(config);
    }
    return NULL;
}

int main(void) {
    CHECK(tg_last_error() != NULL);
    CHECK(tg_error_status(tg_last_error()) == TG_STATUS_OK);
    CHECK_TEXT(tg_last_error_message(), "");

    /* Accessors take NULL. */
    CHECK(tg_error_status(NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_error_message(NULL), "");
    CHECK_TEXT(tg_error_reason(NULL), "");
    CHECK_TEXT(tg_error_hint(NULL), "");
    CHECK_TEXT(tg_error_server_code(NULL), "");
    CHECK(tg_error_http_status(NULL) == 0);
    CHECK(tg_error_retry_after_ms(NULL) == -1);
    tg_error_free(NULL);

    /* The error goes both ways, and survives accessors, setters and frees. */
    tg_conn *conn = (tg_conn *)1;
    tg_error *first = NULL, *second = NULL;
    CHECK(tg_conn_new(NULL, &conn, &first) == TG_STATUS_INVALID_ARGUMENT);
    CHECK(conn == NULL);
    CHECK_TEXT(tg_error_message(first), "config is NULL");
    CHECK(tg_error_hint(first)[0] != '\0');
    tg_config *config = tg_config_new("nonsense?");
    tg_config_set_graph(config, "g");
    CHECK_TEXT(tg_last_error_message(), "config is NULL");
    CHECK(tg_conn_new(config, &conn, &second) == TG_STATUS_INVALID_ARGUMENT);
    CHECK_TEXT(tg_error_reason(second), "argument.url");
    CHECK_TEXT(tg_error_reason(first), "argument.null");
    CHECK_TEXT(tg_error_reason(tg_last_error()), "argument.url");
    tg_error_free(second);
    CHECK_TEXT(tg_error_reason(tg_last_error()), "argument.url");

    /* A success resets the thread's error; NULL for the last argument is fine. */
    tg_config_free(config);
    config = tg_config_new("http://127.0.0.1:1");
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_last_error_message(), "");
    tg_conn_free(conn);
    CHECK(tg_conn_new(NULL, &conn, NULL) == TG_STATUS_INVALID_ARGUMENT);
    CHECK_TEXT(tg_error_reason(tg_last_error()), "argument.null");
    tg_config_free(config);

    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, other_thread, first) == 0);
    pthread_join(thread, NULL);

    char *names[] = {"good", "not good"};
    pthread_t threads[64];
    for (int i = 0; i < 64; i++) CHECK(pthread_create(&threads[i], NULL, own_errors, names[i % 2]) == 0);
    for (int i = 0; i < 64; i++) pthread_join(threads[i], NULL);
    return finish();
}
