/* Calls while a thread ends, in destructors of thread-local data, and while the process ends: they work as always.
 *
 * Arguments: host, file with the CA certificates or "-", secret. */
#include <pthread.h>

#include "check.h"

static tg_conn *conn;
static const char *host, *ca_file, *secret;
static pthread_key_t key;
static int ends;

static tg_conn *connect_anew(void) {
    tg_config *config = tg_config_new(host);
    tg_conn *fresh = NULL;
    tg_config_set_secret(config, secret);
    if (strcmp(ca_file, "-") != 0) tg_config_set_ca_file(config, ca_file);
    CHECK(tg_conn_new(config, &fresh, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return fresh;
}

/* One of everything: what is cached, what waits for a renewal, what is sent, and what fails. */
static void call(void) {
    tg_token *token = NULL, *other = NULL;
    tg_secrets *secrets = NULL;
    tg_report *report = NULL;
    int32_t major = 0;
    tg_error *error = NULL;
    CHECK(tg_authorization(conn, &token, NULL) == TG_STATUS_OK);
    CHECK(tg_get_token(conn, NULL, 0, TG_TOKEN_KEEP_CURRENT, &other, NULL) == TG_STATUS_OK);
    CHECK(tg_get_secrets(conn, NULL, &secrets, NULL) == TG_STATUS_OK);
    CHECK(tg_server_version(conn, &major, NULL, NULL, NULL) == TG_STATUS_OK && major == 4);
    CHECK(tg_diagnose(conn, 0, &report, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_last_error_message(), "");
    CHECK(tg_drop_secret(conn, "nosuchsecret", NULL, 0, &error) == TG_STATUS_NOT_FOUND);
    CHECK_TEXT(tg_error_reason(error), "missing.secret");
    CHECK(tg_error_status(tg_last_error()) == TG_STATUS_NOT_FOUND);
    CHECK_TEXT(tg_last_error_message(), tg_error_message(error));
    tg_error_free(error);
    tg_token_free(token);
    tg_token_free(other);
    tg_secrets_free(secrets);
    tg_report_free(report);
    /* A fresh connection has to wait for its first token. */
    tg_conn *fresh = connect_anew();
    CHECK(tg_authorization(fresh, &token, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_last_error_message(), "");
    tg_token_free(token);
    tg_conn_free(fresh);
    CHECK(tg_authorization(NULL, &token, NULL) == TG_STATUS_INVALID_ARGUMENT);
    CHECK(tg_error_status(tg_last_error()) == TG_STATUS_INVALID_ARGUMENT);
}

/* Destructors of a key run again, as often as it is set again. */
static void ending(void *turn) {
    ends++;
    call();
    if (turn == (void *)2) pthread_setspecific(key, (void *)1);
}

static void *work(void *calls_before) {
    if (calls_before) call();
    pthread_setspecific(key, (void *)2);
    return NULL;
}

static void at_exit(void) {
    call();
    tg_conn_free(conn);
    if (failures) {
        fflush(stdout);
        _Exit(1);
    }
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    host = arguments[1], ca_file = arguments[2], secret = arguments[3];
    pthread_key_create(&key, ending);
    conn = connect_anew();
    for (int calls_before = 0; calls_before < 2; calls_before++) {
        pthread_t thread;
        pthread_create(&thread, NULL, work, calls_before ? &key : NULL);
        pthread_join(thread, NULL);
    }
    CHECK(ends == 4);
    call();
    atexit(at_exit);
    return finish();
}
