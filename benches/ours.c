/* This library, through its C interface, as one of the clients that are measured (bench.h). */
#include "bench.h"
#include <tigergraph_auth.h>

static tg_conn *conn;

static void open_client(const char *url, const char *ca) {
    tg_config *config = tg_config_new(url);
    tg_config_set_secret(config, SECRET);
    tg_config_set_server_version(config, "4.2");
    if (strncmp(url, "https", 5) == 0) tg_config_set_ca_file(config, ca);
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    tg_config_free(config);
}

static void call(void) {
    tg_token *token = NULL;
    if (tg_get_token(conn, NULL, 0, 0, &token, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    if (strcmp(tg_token_value(token), TOKEN) != 0) fail("another token");
    tg_token_free(token);
}

static void close_client(void) {
    tg_conn_free(conn);
}

int main(int argc, char **argv) {
    return measure_client(argc, argv, (struct client){open_client, call, close_client});
}
