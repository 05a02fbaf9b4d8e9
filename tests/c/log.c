/* Chapter log: lines by level, release exactly once, no credential in any line. */
#include <stdatomic.h>
#include <time.h>

#include "check.h"

/* Renewals write lines on a thread of the library. */
static atomic_int lines, debug_lines, released;
static tg_conn *reentered;
/* Asked for a token in each line: the lines that this causes are dropped, or there would be no end. */
static tg_conn *always;

static void log_line(int32_t level, const char *message, void *user_data) {
    CHECK(user_data == &lines);
    CHECK(strstr(message, "opensesame") == NULL);
    lines++;
    if (level == TG_LOG_DEBUG) debug_lines++;
    if (always) CHECK(tg_get_token(always, NULL, 0, TG_TOKEN_KEEP_CURRENT, NULL, NULL) == TG_STATUS_OK);
    if (reentered) {
        tg_conn *again = reentered;
        reentered = NULL;
        CHECK(tg_get_secrets(again, "bad\nuser", NULL, NULL) == TG_STATUS_INVALID_ARGUMENT);
    }
}

static void release(void *user_data) {
    CHECK(user_data == &lines);
    released++;
}

static tg_conn *connect_with(const char *url, int32_t level) {
    tg_config *config = tg_config_new(url);
    tg_config_set_password(config, "alice", "opensesame");
    tg_config_set_graph(config, "MyGraph");
    tg_config_set_log(config, level, log_line, &lines, release);
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return conn;
}

int main(int argc, char **argv) {
    CHECK(argc > 1);
    tg_conn *conn = connect_with(argv[1], TG_LOG_DEBUG);
    reentered = conn;
    CHECK(tg_get_token(conn, NULL, 0, 0, NULL, NULL) == TG_STATUS_OK);
    CHECK(debug_lines >= 2 && lines > debug_lines);
    CHECK(released == 0);
    tg_conn_free(conn);
    CHECK(released == 1);

    lines = 0;
    always = conn = connect_with(argv[1], TG_LOG_DEBUG);
    tg_token *token = NULL;
    CHECK(tg_authorization(conn, &token, NULL) == TG_STATUS_OK);
    tg_token_free(token);
    CHECK(lines >= 2 && lines < 20);
    always = NULL;
    tg_conn_free(conn);
    /* The thread that renewed may be the last to let go. */
    for (int waited = 0; waited < 2000 && released < 2; waited++) nanosleep(&(struct timespec){0, 1000000}, NULL);
    CHECK(released == 2);
    released = 1;

    lines = 0;
    conn = connect_with(argv[1], TG_LOG_ERROR);
    CHECK(tg_get_token(conn, NULL, 0, 0, NULL, NULL) == TG_STATUS_OK);
    CHECK(lines == 0);
    tg_conn_free(conn);
    CHECK(released == 2);

    /* Replaced, without a function, without a config. */
    tg_config *config = tg_config_new(argv[1]);
    tg_config_set_log(config, TG_LOG_DEBUG, log_line, &lines, release);
    tg_config_set_log(config, TG_LOG_DEBUG, log_line, &lines, release);
    CHECK(released == 3);
    tg_config_set_log(config, 0, NULL, &lines, release);
    CHECK(released == 5);
    tg_config_free(config);
    CHECK(released == 5);
    tg_config_set_log(NULL, TG_LOG_DEBUG, log_line, &lines, release);
    CHECK(released == 6);
    return finish();
}
