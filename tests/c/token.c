/* Chapter tokens, on one server version.   token URL IS-REST */
#include "check.h"
#include <time.h>

static tg_conn *connect_to(const char *url, int with_login) {
    tg_config *config = tg_config_new(url);
    if (with_login) tg_config_set_password(config, "alice", "opensesame");
    tg_config_set_graph(config, "MyGraph");
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return conn;
}

static void get(tg_conn *conn, const char *secret) {
    tg_token *first = NULL, *second = NULL, *current = (tg_token *)1;
    CHECK_FAILS(tg_current_token(conn, &current, &error), TG_STATUS_NO_CREDENTIALS, "credentials.none");
    CHECK(current == NULL);
    CHECK(tg_get_token(conn, secret, 3600, 0, &first, NULL) == TG_STATUS_OK);
    int64_t left = tg_token_expires_at(first) - (int64_t)time(NULL);
    CHECK(left > 3580 && left < 3620);
    CHECK(strlen(tg_token_expiration(first)) == 20 && tg_token_expiration(first)[19] == 'Z');
    CHECK(strncmp(tg_token_header(first), "Bearer ", 7) == 0);
    CHECK_TEXT(tg_token_header(first) + 7, tg_token_value(first));

    CHECK(tg_get_token(conn, NULL, 0, TG_TOKEN_KEEP_CURRENT, &second, NULL) == TG_STATUS_OK);
    CHECK(strcmp(tg_token_value(first), tg_token_value(second)) != 0);
    CHECK(tg_current_token(conn, &current, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_token_value(current), tg_token_value(first));
    tg_token_free(current);
    tg_token_free(second);
    CHECK(tg_get_token(conn, secret, 0, TG_TOKEN_GLOBAL, NULL, NULL) == TG_STATUS_OK);
    tg_token_free(first);

    first = (tg_token *)1;
    CHECK_FAILS(tg_get_token(conn, "canarysecret", 0, 0, &first, &error), TG_STATUS_UNAUTHENTICATED, "auth.bad_secret");
    CHECK(first == NULL && strstr(tg_last_error_message(), "canary") == NULL);
    CHECK_FAILS(tg_get_token(conn, secret, -1, 0, &first, &error), TG_STATUS_INVALID_ARGUMENT, "argument.range");
    CHECK_FAILS(tg_get_token(conn, secret, 0, 8, &first, &error), TG_STATUS_INVALID_ARGUMENT, "argument.flags");
    CHECK_FAILS(tg_get_token(conn, "abc****xyz", 0, 0, &first, &error), TG_STATUS_NO_CREDENTIALS, "credentials.masked_secret");
}

static void refresh_check_delete(tg_conn *conn, const char *secret, int is_rest) {
    tg_token *token = NULL, *refreshed = (tg_token *)1;
    int32_t valid = -1;
    CHECK(tg_get_token(conn, secret, 60, 0, &token, NULL) == TG_STATUS_OK);
    if (is_rest) {
        CHECK_FAILS(tg_refresh_token(conn, secret, NULL, 7200, 0, &refreshed, &error), TG_STATUS_UNSUPPORTED, "unsupported.refresh");
        CHECK(refreshed == NULL);
        CHECK(tg_check_jwt_token(conn, tg_token_value(token), &valid, NULL) == TG_STATUS_OK && valid == 1);
        CHECK(tg_check_jwt_token(conn, "e30.e30.wrong", &valid, NULL) == TG_STATUS_OK && valid == 0);
    } else {
        CHECK(tg_refresh_token(conn, secret, tg_token_value(token), 7200, 0, &refreshed, NULL) == TG_STATUS_OK);
        CHECK_TEXT(tg_token_value(refreshed), tg_token_value(token));
        CHECK(tg_token_expires_at(refreshed) > tg_token_expires_at(token));
        tg_token_free(refreshed);
        CHECK_FAILS(tg_check_jwt_token(conn, "e30.e30.x", &valid, &error), TG_STATUS_UNSUPPORTED, "unsupported.check");
        CHECK(valid == 0);
    }
    CHECK(tg_refresh_token(conn, secret, NULL, 7200, TG_TOKEN_OR_NEW, NULL, NULL) == TG_STATUS_OK);
    CHECK(tg_delete_token(conn, secret, NULL, 0, NULL) == TG_STATUS_OK);
    CHECK_FAILS(tg_delete_token(conn, secret, NULL, 0, &error), TG_STATUS_NOT_FOUND, "missing.token");
    CHECK(tg_delete_token(conn, secret, NULL, TG_IGNORE_MISSING, NULL) == TG_STATUS_OK);
    tg_token_free(token);
}

int main(int argc, char **argv) {
    CHECK(argc > 2);
    tg_conn *conn = connect_to(argv[1], 1);
    tg_secrets *made = NULL;
    CHECK(tg_create_secret(conn, "for_tokens", NULL, NULL, &made, NULL) == TG_STATUS_OK);
    get(conn, tg_secrets_value(made, 0));
    refresh_check_delete(conn, tg_secrets_value(made, 0), atoi(argv[2]));
    tg_conn_free(conn);
    conn = connect_to(argv[1], 0);
    CHECK_FAILS(tg_get_token(conn, NULL, 0, 0, NULL, &error), TG_STATUS_NO_CREDENTIALS, "credentials.none");
    CHECK(tg_get_token(conn, tg_secrets_value(made, 0), 0, 0, NULL, NULL) == TG_STATUS_OK);
    tg_conn_free(conn);
    tg_secrets_free(made);
    tg_token_free(NULL);
    CHECK_TEXT(tg_token_value(NULL), "");
    CHECK_TEXT(tg_token_header(NULL), "");
    CHECK_TEXT(tg_token_expiration(NULL), "");
    CHECK(tg_token_expires_at(NULL) == 0);
    return finish();
}
