/* The whole life of credentials: every function that asks a server, with its errors handled.
 *
 *     life_cycle URL USER PASSWORD GRAPH [CA-FILE]
 *
 * Works on every version of TigerGraph; where versions differ it says so. Prints no credential.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <tigergraph_auth.h>

/* Prints how a step went; tells whether it went as it should. */
static int step(const char *what, tg_status status) {
    if (status == TG_STATUS_OK) {
        printf("  ok    %s\n", what);
        return 1;
    }
    const tg_error *error = tg_last_error();
    printf("  FAIL  %s: %s\n        reason %s, status %s\n        hint: %s\n", what, tg_error_message(error),
           tg_error_reason(error), tg_status_name(status), tg_error_hint(error));
    return 0;
}

/* A step that this server version may refuse as unsupported, which is fine. */
static int step_if_supported(const char *what, tg_status status) {
    if (status == TG_STATUS_UNSUPPORTED) {
        printf("  --    %s: %s\n", what, tg_last_error_message());
        return 1;
    }
    return step(what, status);
}

static void print_log(int32_t level, const char *message, void *user_data) {
    (void)level;
    fprintf((FILE *)user_data, "          %s\n", message);
}

static tg_conn *connect_to(int argc, char **argv) {
    tg_conn *conn = NULL;
    tg_config *config = tg_config_new(argv[1]);
    tg_config_set_password(config, argv[2], argv[3]);
    tg_config_set_graph(config, argv[4]);
    tg_config_set_timeouts(config, 2000, 10000);
    tg_config_set_log(config, TG_LOG_DEBUG, print_log, stdout, NULL);
    if (argc > 5) tg_config_set_ca_file(config, argv[5]);
    step("connect", tg_conn_new(config, &conn, NULL));
    tg_config_free(config);
    return conn;
}

static int walk_secrets(tg_conn *conn, char *value, size_t size) {
    tg_secrets *secret = NULL;
    int good = step("create the secret \"life_cycle\"", tg_create_secret(conn, "life_cycle", NULL, NULL, &secret, NULL));
    if (!good) return 0;
    /* Kept for the token below: before 4.1 the server never shows it again. */
    snprintf(value, size, "%s", tg_secrets_value(secret, 0));
    tg_secrets_free(secret);

    good &= step("create a secret with a generated alias", tg_create_secret(conn, NULL, NULL, NULL, &secret, NULL));
    char generated[64];
    snprintf(generated, sizeof generated, "%s", tg_secrets_alias(secret, 0));
    tg_secrets_free(secret);

    /* The other way to an error: an object of one's own, which any thread may read and free. */
    tg_error *error = NULL;
    tg_status status = tg_create_secret(conn, "life_cycle", NULL, NULL, &secret, &error);
    printf("  %s    create \"life_cycle\" again is refused: %s\n", status == TG_STATUS_ALREADY_EXISTS ? "ok" : "FAIL",
           tg_error_reason(error));
    good &= status == TG_STATUS_ALREADY_EXISTS;
    tg_error_free(error);

    good &= step("list the secrets", tg_get_secrets(conn, NULL, &secret, NULL));
    for (size_t i = 0; i < tg_secrets_count(secret); i++)
        printf("          %s%s\n", tg_secrets_alias(secret, i), tg_secrets_is_masked(secret, i) ? " (masked)" : "");
    tg_secrets_free(secret);

    good &= step("ensure the secret \"ensured\"", tg_ensure_secret(conn, "ensured", &secret, NULL));
    tg_secrets_free(secret);

    const char *aliases[] = {generated, "ensured", "never_created"};
    size_t dropped = 0;
    good &= step("drop three secrets, one of which never was",
                 tg_drop_secrets(conn, aliases, 3, NULL, TG_IGNORE_MISSING, &dropped, NULL));
    printf("          %d dropped\n", (int)dropped);
    return good && dropped == 2;
}

static int walk_tokens(tg_conn *conn, const char *secret) {
    tg_token *token = NULL;
    int good = step("get a token for the secret", tg_get_token(conn, secret, 3600, 0, &token, NULL));
    if (!good) return 0;
    printf("          ends %s\n", tg_token_expiration(token));

    good &= step("get another for user and password, and keep the first",
                 tg_get_token(conn, NULL, 0, TG_TOKEN_KEEP_CURRENT, NULL, NULL));

    tg_token *current = NULL;
    good &= step("read the current token", tg_current_token(conn, &current, NULL));
    good &= strcmp(tg_token_value(current), tg_token_value(token)) == 0;
    tg_token_free(current);

    int32_t valid = 0;
    good &= step_if_supported("check the token", tg_check_jwt_token(conn, tg_token_value(token), &valid, NULL));

    tg_token *refreshed = NULL;
    good &= step_if_supported("refresh the token", tg_refresh_token(conn, secret, NULL, 7200, 0, &refreshed, NULL));
    tg_token_free(refreshed);
    good &= step("refresh, or get a new one where that is not supported",
                 tg_refresh_token(conn, secret, NULL, 7200, TG_TOKEN_OR_NEW, &refreshed, NULL));
    printf("          ends %s\n", tg_token_expiration(refreshed));
    tg_token_free(refreshed);

    int32_t major = 0, minor = 0, patch = 0;
    good &= step("ask for the server's version", tg_server_version(conn, &major, &minor, &patch, NULL));
    printf("          %" PRId32 ".%" PRId32 ".%" PRId32 "\n", major, minor, patch);

    /* What a program does around each of its requests to the database. */
    good &= step("take a token that is good now: no request", tg_authorization(conn, &current, NULL));
    tg_reject_token(conn, current);
    tg_token_free(current);
    good &= step("take another after the database refused it", tg_authorization(conn, &current, NULL));
    tg_token_free(current);

    good &= step("delete the current token", tg_delete_token(conn, secret, NULL, 0, NULL));
    tg_token_free(token);
    return good;
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: %s URL USER PASSWORD GRAPH [CA-FILE]\n", argv[0]);
        return 2;
    }
    char secret[128] = "";
    printf("%s, tigergraph_auth %s\n", argv[1], tg_version());
    tg_conn *conn = connect_to(argc, argv);
    int good = conn != NULL && walk_secrets(conn, secret, sizeof secret);
    good = good && walk_tokens(conn, secret);
    if (conn != NULL)
        good &= step("drop the secret \"life_cycle\"", tg_drop_secret(conn, "life_cycle", NULL, 0, NULL));
    tg_conn_free(conn);
    puts(good ? "done" : "FAILED");
    return good ? 0 : 1;
}
