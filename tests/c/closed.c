/* A program that has closed some of its standard descriptors, and prints all the same. Nothing of the library may
 * have their numbers: what is printed would be sent to the server, or be read by it.
 *
 * Arguments: host, file with the CA certificates or "-", sum of 1 << descriptor for each that is to be closed. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

static int closed;

/* Where failures are told, above the descriptors that are closed. */
static int aside;

/* What a program prints goes nowhere. */
static void print_everywhere(const char *when) {
    for (int fd = 0; fd < 3; fd++) {
        if (!(closed & (1 << fd))) continue;
        CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
        CHECK(write(fd, "canary canary canary\r\n", 22) == -1 && errno == EBADF);
        if (failures) dprintf(aside, "%s: descriptor %d is in use\n", when, fd);
    }
}

static void print_line(int32_t level, const char *message, void *unused) {
    (void)level, (void)unused;
    print_everywhere(message);
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    closed = atoi(arguments[3]);
    aside = fcntl(2, F_DUPFD_CLOEXEC, 10);
    for (int fd = 0; fd < 3; fd++) {
        if (closed & (1 << fd)) close(fd);
    }
    tg_config *config = tg_config_new(arguments[1]);
    tg_config_load_env(config);
    tg_config_set_graph(config, "MyGraph");
    if (strcmp(arguments[2], "-") != 0) tg_config_set_ca_file(config, arguments[2]);
    tg_config_set_log(config, TG_LOG_DEBUG, print_line, NULL, NULL);
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    for (int turn = 0; turn < 3; turn++) {
        tg_token *token = NULL;
        tg_secrets *secrets = NULL;
        tg_report *report = NULL;
        CHECK(tg_authorization(conn, &token, NULL) == TG_STATUS_OK);
        print_everywhere("after tg_authorization");
        CHECK(tg_get_token(conn, NULL, 0, TG_TOKEN_KEEP_CURRENT, NULL, NULL) == TG_STATUS_OK);
        print_everywhere("after tg_get_token");
        CHECK(tg_get_secrets(conn, NULL, &secrets, NULL) == TG_STATUS_OK);
        print_everywhere("after tg_get_secrets");
        CHECK(tg_diagnose(conn, 0, &report, NULL) == TG_STATUS_OK);
        print_everywhere("after tg_diagnose");
        tg_secrets_free(secrets);
        tg_token_free(token);
        tg_report_free(report);
    }
    tg_conn_free(conn);
    if (failures) dprintf(aside, "last error: %s\n", tg_last_error_message());
    return finish();
}
