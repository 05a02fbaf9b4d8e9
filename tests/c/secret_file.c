/* What the library says of a file with a secret, and whether it logs in with it: one line for tests/secret_files.rs.
 *
 * Arguments: host, path, limit for connecting in milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tigergraph_auth.h>

static int warned;

static void count(int32_t level, const char *message, void *path) {
    if (level == TG_LOG_WARN && strstr(message, path)) warned++;
}

static int reported(tg_conn *conn, const char *path) {
    tg_report *report = NULL;
    int found = 0;
    if (tg_diagnose(conn, TG_REPORT_OFFLINE, &report, NULL) != TG_STATUS_OK) return -1;
    for (const char *line = tg_report_text(report); line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *at = strncmp(line, "Warning: ", 9) == 0 ? strstr(line, path) : NULL;
        if (at && at < strchr(line, '\n')) found++;
    }
    tg_report_free(report);
    return found;
}

int main(int count_of_arguments, char **arguments) {
    if (count_of_arguments != 4) return 2;
    char *path = arguments[2];
    tg_config *config = tg_config_new(arguments[1]);
    tg_config_set_secret_file(config, path);
    tg_config_set_timeouts(config, (uint32_t)atoi(arguments[3]), 0);
    tg_config_set_log(config, TG_LOG_WARN, count, path, NULL);
    /* Two connections of the same settings: a pipe is read once for both. */
    for (int turn = 0; turn < 2; turn++) {
        tg_conn *conn = NULL;
        warned = 0;
        if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) {
            const tg_error *error = tg_last_error();
            printf("%s|%s|%s\n", tg_error_reason(error), tg_error_message(error), tg_error_hint(error));
            break;
        }
        tg_status status = tg_get_token(conn, NULL, 0, 0, NULL, NULL);
        if (status == TG_STATUS_OK) status = tg_get_token(conn, NULL, 0, 0, NULL, NULL);
        const char *outcome = status == TG_STATUS_OK ? "ok" : tg_last_error_message();
        if (turn == 1) printf("%s|warned %d, reported %d|\n", outcome, warned, reported(conn, path));
        tg_conn_free(conn);
    }
    tg_config_free(config);
    return 0;
}
