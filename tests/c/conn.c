/* Chapter connection: the server's version, and servers that are not there or not TigerGraph.
 *     conn URL MAJOR MINOR PATCH DEAD-PORT-URL */
#include "check.h"

static tg_conn *connect_to(const char *url) {
    tg_config *config = tg_config_new(url);
    tg_config_set_password(config, "alice", "opensesame");
    tg_config_set_graph(config, "MyGraph");
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return conn;
}

/* The first of two servers is dead. What was told of it stays valid. */
static void several(const char *dead, const char *live) {
    char both[256];
    snprintf(both, sizeof both, "%s , %s,%s", dead, live, dead);
    tg_conn *conn = connect_to(both), *clone = tg_conn_clone(conn);
    const char *before = tg_conn_url(conn, TG_SERVER_GATEWAY);
    CHECK_TEXT(before, dead);
    tg_token *token = NULL;
    CHECK(tg_authorization(conn, &token, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_token_url(token, TG_SERVER_GATEWAY), live);
    CHECK_TEXT(tg_conn_url(conn, TG_SERVER_GATEWAY), live);
    tg_report *report = NULL;
    CHECK(tg_diagnose(clone, 0, &report, NULL) == TG_STATUS_OK);
    int steps = 0;
    for (const char *at = tg_report_json(report); (at = strstr(at, "\"step\":\"connect\"")); at++) steps++;
    CHECK(steps == 2);
    CHECK(strstr(tg_report_json(report), "\"tokens\":1,\"renewals\":1,\"failed_renewals\":0") != NULL);
    CHECK(strstr(tg_report_text(report), "\nCounters\n") != NULL);
    tg_report_free(report);
    tg_conn_free(conn);
    CHECK_TEXT(before, dead);
    tg_conn_free(clone);
    CHECK_TEXT(tg_token_url(token, TG_SERVER_GATEWAY), live);
    tg_token_free(token);
}

int main(int argc, char **argv) {
    CHECK(argc > 5);
    several(argv[5], argv[1]);
    tg_conn *conn = connect_to(argv[1]);
    int32_t major = -1, minor = -1, patch = -1;
    CHECK(tg_server_version(conn, &major, &minor, &patch, NULL) == TG_STATUS_OK);
    CHECK(major == atoi(argv[2]) && minor == atoi(argv[3]) && patch == atoi(argv[4]));
    CHECK(tg_server_version(conn, NULL, NULL, NULL, NULL) == TG_STATUS_OK);
    tg_conn_free(conn);

    conn = connect_to(argv[5]);
    major = minor = patch = -1;
    CHECK_FAILS(tg_server_version(conn, &major, &minor, &patch, &error), TG_STATUS_CONNECT, "connect.refused");
    CHECK(major == 0 && minor == 0 && patch == 0);
    tg_secrets *secrets = (tg_secrets *)1;
    CHECK_FAILS(tg_get_secrets(conn, NULL, &secrets, &error), TG_STATUS_CONNECT, "connect.refused");
    CHECK(secrets == NULL);
    tg_conn_free(conn);
    tg_conn_free(NULL);
    return finish();
}
