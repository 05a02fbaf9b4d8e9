/* Chapter secrets, on one server version.   secrets URL IS-REST IS-MASKED */
#include "check.h"

static tg_conn *connect_as(const char *url, const char *user, const char *password) {
    tg_config *config = tg_config_new(url);
    tg_config_set_password(config, user, password);
    tg_config_set_graph(config, "MyGraph");
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return conn;
}

static void create_list_drop(tg_conn *conn, int is_rest, int is_masked) {
    tg_secrets *made = NULL, *list = NULL;
    CHECK(tg_create_secret(conn, "one", NULL, NULL, &made, NULL) == TG_STATUS_OK);
    CHECK(tg_secrets_count(made) == 1);
    CHECK_TEXT(tg_secrets_alias(made, 0), "one");
    CHECK(strlen(tg_secrets_value(made, 0)) == 32 && !tg_secrets_is_masked(made, 0));
    CHECK_TEXT(tg_secrets_graph(made, 0), is_rest ? "" : "MyGraph");

    CHECK(tg_get_secrets(conn, NULL, &list, NULL) == TG_STATUS_OK);
    CHECK(tg_secrets_count(list) == 1 && tg_secrets_is_masked(list, 0) == is_masked);
    CHECK((strcmp(tg_secrets_value(list, 0), tg_secrets_value(made, 0)) == 0) == !is_masked);
    CHECK_TEXT(tg_secrets_alias(list, 1), "");
    CHECK_TEXT(tg_secrets_value(list, 1), "");
    CHECK_TEXT(tg_secrets_graph(list, SIZE_MAX), "");
    CHECK(tg_secrets_is_masked(list, 1) == 0);
    tg_secrets_free(list);
    tg_secrets_free(made);

    list = NULL;
#ifdef __GNUC__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif
    CHECK(tg_show_secrets(conn, NULL, &list, NULL) == TG_STATUS_OK);
#ifdef __GNUC__
#pragma GCC diagnostic pop
#endif
    CHECK(tg_secrets_count(list) == 1);
    tg_secrets_free(list);

    made = (tg_secrets *)1;
    CHECK_FAILS(tg_create_secret(conn, "one", NULL, NULL, &made, &error), TG_STATUS_ALREADY_EXISTS, "exists.secret");
    CHECK(made == NULL);
    CHECK(tg_drop_secret(conn, "one", NULL, 0, NULL) == TG_STATUS_OK);
    CHECK_FAILS(tg_drop_secret(conn, "one", NULL, 0, &error), TG_STATUS_NOT_FOUND, "missing.secret");
    CHECK(tg_drop_secret(conn, "one", NULL, TG_IGNORE_MISSING, NULL) == TG_STATUS_OK);
}

static void many(tg_conn *conn) {
    tg_secrets *made = NULL;
    char generated[64];
    CHECK(tg_create_secret(conn, NULL, NULL, NULL, &made, NULL) == TG_STATUS_OK);
    snprintf(generated, sizeof generated, "%s", tg_secrets_alias(made, 0));
    CHECK(strncmp(generated, "AUTO_GENERATED_ALIAS_", 21) == 0 && strlen(generated) == 28);
    tg_secrets_free(made);
    CHECK(tg_ensure_secret(conn, "two", &made, NULL) == TG_STATUS_OK);
    tg_secrets_free(made);

    const char *aliases[] = {generated, "missing", "two"};
    size_t dropped = 99;
    CHECK(tg_drop_secrets(conn, aliases, 3, NULL, TG_IGNORE_MISSING, &dropped, NULL) == TG_STATUS_OK);
    CHECK(dropped == 2);
    dropped = 99;
    CHECK_FAILS(tg_drop_secrets(conn, aliases, 3, NULL, 0, &dropped, &error), TG_STATUS_NOT_FOUND, "missing.secret");
    CHECK(dropped == 0);
    CHECK(tg_drop_secrets(conn, NULL, 0, NULL, 0, &dropped, NULL) == TG_STATUS_OK && dropped == 0);
    const char *hole[] = {"a", NULL};
    CHECK_FAILS(tg_drop_secrets(conn, hole, 2, NULL, 0, &dropped, &error), TG_STATUS_INVALID_ARGUMENT, "argument.null");
}

static void ensure(tg_conn *conn, int is_masked) {
    tg_secrets *made = NULL, *found = (tg_secrets *)1;
    CHECK(tg_ensure_secret(conn, "kept", &made, NULL) == TG_STATUS_OK);
    if (is_masked) {
        CHECK_FAILS(tg_ensure_secret(conn, "kept", &found, &error), TG_STATUS_ALREADY_EXISTS, "exists.secret");
        CHECK(found == NULL);
    } else {
        CHECK(tg_ensure_secret(conn, "kept", &found, NULL) == TG_STATUS_OK);
        CHECK_TEXT(tg_secrets_value(found, 0), tg_secrets_value(made, 0));
        tg_secrets_free(found);
    }
    tg_secrets_free(made);
    CHECK(tg_drop_secret(conn, "kept", NULL, 0, NULL) == TG_STATUS_OK);
}

static void others(tg_conn *root, int is_rest) {
    tg_secrets *made = NULL;
    if (!is_rest) {
        CHECK_FAILS(tg_create_secret(root, "a", NULL, "alice", &made, &error), TG_STATUS_UNSUPPORTED, "unsupported.user");
        CHECK_FAILS(tg_create_secret(root, "a", "my-value", NULL, &made, &error), TG_STATUS_UNSUPPORTED, "unsupported.value");
        return;
    }
    CHECK(tg_create_secret(root, "theirs", "my-own-value", "alice", &made, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_secrets_value(made, 0), "my-own-value");
    tg_secrets_free(made);
    CHECK(tg_get_secrets(root, "alice", &made, NULL) == TG_STATUS_OK && tg_secrets_count(made) == 1);
    tg_secrets_free(made);
    CHECK(tg_drop_secret(root, "theirs", "alice", 0, NULL) == TG_STATUS_OK);
}

static void bad_names(tg_conn *conn) {
    const char *bad[] = {"", ".", "..", "a/b", "a\\b", "x/../../v1/tokens?clear=true", "a\nDROP SECRET b"};
    tg_secrets *made = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(tg_create_secret(conn, bad[i], NULL, NULL, &made, NULL) == TG_STATUS_INVALID_ARGUMENT && made == NULL);
        CHECK(tg_drop_secret(conn, bad[i], NULL, TG_IGNORE_MISSING, NULL) == TG_STATUS_INVALID_ARGUMENT);
    }
    CHECK_FAILS(tg_drop_secret(conn, "a", NULL, 2, &error), TG_STATUS_INVALID_ARGUMENT, "argument.flags");
    CHECK_FAILS(tg_drop_secret(conn, "a\xff", NULL, 0, &error), TG_STATUS_INVALID_ARGUMENT, "argument.utf8");
}

int main(int argc, char **argv) {
    CHECK(argc > 3);
    int is_rest = atoi(argv[2]), is_masked = atoi(argv[3]);
    tg_conn *conn = connect_as(argv[1], "alice", "opensesame");
    create_list_drop(conn, is_rest, is_masked);
    many(conn);
    ensure(conn, is_masked);
    bad_names(conn);
    tg_conn_free(conn);
    conn = connect_as(argv[1], "tigergraph", "tigergraph");
    others(conn, is_rest);
    tg_conn_free(conn);
    conn = connect_as(argv[1], "alice", "canary password");
    tg_secrets *none = (tg_secrets *)1;
    CHECK_FAILS(tg_get_secrets(conn, NULL, &none, &error), TG_STATUS_UNAUTHENTICATED, "auth.bad_password");
    CHECK(none == NULL && strstr(tg_last_error_message(), "canary") == NULL);
    tg_conn_free(conn);
    tg_secrets_free(NULL);
    CHECK(tg_secrets_count(NULL) == 0);
    return finish();
}
