/* Every pointer parameter of every function that can fail, NULL, one at a time: refused by name, and
 * outputs that were full of 0xA5 come back NULL or 0. tests/header.rs checks that no function is left out. */
#include "check.h"

#define FULL(type) ((type)(uintptr_t)0xA5A5A5A5u)

#define REFUSES(call, name)                                                                     \
    do {                                                                                        \
        CHECK_FAILS(call, TG_STATUS_INVALID_ARGUMENT, "argument.null");                         \
        CHECK(strncmp(tg_last_error_message(), name " is NULL", sizeof(name " is NULL") - 1) == 0); \
    } while (0)

int main(void) {
    tg_config *config = tg_config_new("http://127.0.0.1:1");
    tg_config_set_secret(config, "secret");
    tg_conn *conn = FULL(tg_conn *);
    tg_secrets *secrets = FULL(tg_secrets *);
    tg_token *token = FULL(tg_token *);
    int32_t number = 0x5A5A5A5A;
    size_t dropped = 0x5A5A5A5A;
    const char *alias = "a";

    REFUSES(tg_conn_new(NULL, &conn, &error), "config");
    CHECK(conn == NULL);
    REFUSES(tg_conn_new(config, NULL, &error), "conn");
    REFUSES(tg_server_version(NULL, &number, NULL, NULL, &error), "conn");
    CHECK(number == 0);
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);

    REFUSES(tg_get_secrets(NULL, NULL, &secrets, &error), "conn");
    CHECK(secrets == NULL);
    REFUSES(tg_get_secrets(conn, NULL, NULL, &error), "secrets");
    secrets = FULL(tg_secrets *);
#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif
    REFUSES(tg_show_secrets(NULL, NULL, &secrets, &error), "conn");
    CHECK(secrets == NULL);
    REFUSES(tg_show_secrets(conn, NULL, NULL, &error), "secrets");
    secrets = FULL(tg_secrets *);
    REFUSES(tg_get_secret(NULL, alias, NULL, &secrets, &error), "conn");
    CHECK(secrets == NULL);
    secrets = FULL(tg_secrets *);
    REFUSES(tg_get_secret(conn, NULL, NULL, &secrets, &error), "alias");
    CHECK(secrets == NULL);
    REFUSES(tg_get_secret(conn, alias, NULL, NULL, &error), "secret");
    secrets = FULL(tg_secrets *);
    REFUSES(tg_create_secret(NULL, NULL, NULL, NULL, &secrets, &error), "conn");
    CHECK(secrets == NULL);
    REFUSES(tg_create_secret(conn, NULL, NULL, NULL, NULL, &error), "secret");
    secrets = FULL(tg_secrets *);
    REFUSES(tg_ensure_secret(NULL, alias, &secrets, &error), "conn");
    CHECK(secrets == NULL);
    secrets = FULL(tg_secrets *);
    REFUSES(tg_ensure_secret(conn, NULL, &secrets, &error), "alias");
    CHECK(secrets == NULL);
    REFUSES(tg_ensure_secret(conn, alias, NULL, &error), "secret");
    REFUSES(tg_drop_secret(NULL, alias, NULL, 0, &error), "conn");
    REFUSES(tg_drop_secret(conn, NULL, NULL, 0, &error), "alias");
    REFUSES(tg_drop_secrets(NULL, &alias, 1, NULL, 0, &dropped, &error), "conn");
    CHECK(dropped == 0);
    dropped = 0x5A5A5A5A;
    REFUSES(tg_drop_secrets(conn, NULL, 1, NULL, 0, &dropped, &error), "aliases");
    CHECK(dropped == 0);

    REFUSES(tg_authorization(NULL, &token, &error), "conn");
    CHECK(token == NULL);
    REFUSES(tg_authorization(conn, NULL, &error), "token");
    token = FULL(tg_token *);
    REFUSES(tg_try_authorization(NULL, &token, &error), "conn");
    CHECK(token == NULL);
    REFUSES(tg_try_authorization(conn, NULL, &error), "token");
    token = FULL(tg_token *);
    tg_conn_set_wakeup(NULL, NULL, NULL, NULL);
    tg_conn_set_wakeup(conn, NULL, NULL, NULL);
    tg_reject_token(NULL, NULL);
    tg_reject_token(conn, NULL);
    REFUSES(tg_get_token(NULL, NULL, 0, 0, &token, &error), "conn");
    CHECK(token == NULL);
    token = FULL(tg_token *);
    REFUSES(tg_refresh_token(NULL, NULL, NULL, 0, 0, &token, &error), "conn");
    CHECK(token == NULL);
    REFUSES(tg_delete_token(NULL, NULL, NULL, 0, &error), "conn");
    number = 0x5A5A5A5A;
    REFUSES(tg_check_jwt_token(NULL, "jwt", &number, &error), "conn");
    CHECK(number == 0);
    number = 0x5A5A5A5A;
    REFUSES(tg_check_jwt_token(conn, NULL, &number, &error), "jwt");
    CHECK(number == 0);
    REFUSES(tg_check_jwt_token(conn, "jwt", NULL, &error), "valid");
    token = FULL(tg_token *);
    REFUSES(tg_current_token(NULL, &token, &error), "conn");
    CHECK(token == NULL);
    REFUSES(tg_current_token(conn, NULL, &error), "token");

    number = 0x5A5A5A5A;
    token = NULL;
    REFUSES(tg_check_token(NULL, token, &number, &error), "conn");
    CHECK(number == 0);
    number = 0x5A5A5A5A;
    REFUSES(tg_check_token(conn, NULL, &number, &error), "token");
    CHECK(number == 0);
    REFUSES(tg_check_token(conn, token, NULL, &error), "valid");

    tg_request *request = tg_request_new("GET", TG_SERVER_RESTPP, "/version");
    tg_response *response = FULL(tg_response *);
    REFUSES(tg_send(NULL, request, &response, &error), "conn");
    CHECK(response == NULL);
    response = FULL(tg_response *);
    REFUSES(tg_send(conn, NULL, &response, &error), "request");
    CHECK(response == NULL);
    REFUSES(tg_send(conn, request, NULL, &error), "response");
    tg_request_free(request);

    REFUSES(tg_provider_request_set_token(NULL, "a-token-of-mine", 0, &error), "request");
    REFUSES(tg_provider_request_fail(NULL, TG_STATUS_CONNECT, "down", -1, &error), "request");

    tg_report *report = FULL(tg_report *);
    REFUSES(tg_diagnose(NULL, 0, &report, &error), "conn");
    CHECK(report == NULL);
    REFUSES(tg_diagnose(conn, 0, NULL, &error), "report");

    tg_conn_free(conn);
    tg_config_free(config);
    return finish();
}
