/* What a program takes from the environment and from the .env file of its argument, for tests/secret_files.rs: the host
 * and the graph that a report tells of, or why there is no connection. */
#include <stdio.h>
#include <string.h>
#include <tigergraph_auth.h>

static int is_told(const tg_report *report, const char *text) {
    return strstr(tg_report_json(report), text) != NULL;
}

int main(int count, char **arguments) {
    tg_config *config = tg_config_new(NULL);
    tg_conn *conn = NULL;
    tg_report *report = NULL;
    if (count != 2) return 2;
    tg_config_load_env(config);
    tg_config_load_env_file(config, arguments[1]);
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) {
        puts(tg_error_reason(tg_last_error()));
    } else if (tg_diagnose(conn, TG_REPORT_OFFLINE, &report, NULL) == TG_STATUS_OK) {
        printf("host %d, graph %d\n", is_told(report, "of-the-file"), is_told(report, "OfTheEnvironment"));
    }
    tg_report_free(report);
    tg_conn_free(conn);
    tg_config_free(config);
    return 0;
}
