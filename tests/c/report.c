/* Chapter diagnosis: a report says whether the connection works, sends what it says, and shows no credential. */
#include "check.h"

static tg_conn *connect_to(const char *url, const char *username, const char *password) {
    tg_config *config = tg_config_new(url);
    tg_conn *conn = NULL;
    tg_config_set_graph(config, "MyGraph");
    tg_config_set_password(config, username, password);
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return conn;
}

/* The first line of the text holds this, and nothing in the report is a credential. */
static void reports(tg_conn *conn, uint32_t flags, const char *verdict, const char *in_json) {
    tg_report *report = NULL;
    CHECK(tg_diagnose(conn, flags, &report, NULL) == TG_STATUS_OK);
    const char *text = tg_report_text(report), *json = tg_report_json(report);
    const char *found = strstr(text, verdict);
    CHECK(found != NULL && found < strchr(text, '\n'));
    CHECK(strstr(json, in_json) != NULL);
    CHECK(strstr(text, "opensesame") == NULL && strstr(json, "opensesame") == NULL);
    CHECK(strstr(text, "closesesame") == NULL && strstr(json, "closesesame") == NULL);
    if (!found || !strstr(json, in_json)) printf("%s%s\n", text, json);
    tg_report_free(report);
}

int main(int argc, char **argv) {
    CHECK(argc > 2); /* address and version */
    tg_conn *conn = connect_to(argv[1], "alice", "opensesame");
    reports(conn, TG_REPORT_OFFLINE, "Nothing was sent", "\"ok\":true");
    tg_token *token = NULL;
    CHECK(tg_current_token(conn, &token, NULL) == TG_STATUS_NO_CREDENTIALS);
    reports(conn, 0, "everything works", argv[2]);
    CHECK(tg_current_token(conn, &token, NULL) == TG_STATUS_OK);
    tg_token_free(token);
    tg_conn_free(conn);

    conn = connect_to(argv[1], "alice", "closesesame");
    reports(conn, 0, "check user name and password", "\"reason\":\"auth.bad_password\"");
    tg_conn_free(conn);

    conn = connect_to("http://127.0.0.1:1", "alice", "opensesame");
    reports(conn, 0, "nothing listens there", "\"reason\":\"connect.refused\"");
    tg_report *report = (tg_report *)&report;
    CHECK_FAILS(tg_diagnose(conn, 2, &report, &error), TG_STATUS_INVALID_ARGUMENT, "argument.flags");
    CHECK(report == NULL);
    tg_conn_free(conn);

    CHECK_TEXT(tg_report_text(NULL), "");
    CHECK_TEXT(tg_report_json(NULL), "");
    tg_report_free(NULL);
    return finish();
}
