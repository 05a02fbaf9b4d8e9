/* A request to the database through tg_send, with a token that is held, as one of the clients that are measured
 * (bench.h). BENCH_PATH is its path, BENCH_LENGTH the length of the answer's body. */
#include "bench.h"
#include <tigergraph_auth.h>

static tg_conn *conn;
static tg_request *request;

static void open_client(const char *url, const char *ca) {
    tg_config *config = tg_config_new(url);
    tg_config_set_api_token(config, TOKEN);
    if (strncmp(url, "https", 5) == 0) tg_config_set_ca_file(config, ca);
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    tg_config_free(config);
    request = tg_request_new("GET", TG_SERVER_GATEWAY, variable("BENCH_PATH"));
}

static void call(void) {
    tg_response *response = NULL;
    if (tg_send(conn, request, &response, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    if (tg_response_http_status(response) != 200) fail("an error");
    if (tg_response_body_length(response) != strtoul(variable("BENCH_LENGTH"), NULL, 10)) fail("another answer");
    tg_response_free(response);
}

static void close_client(void) {
    tg_request_free(request);
    tg_conn_free(conn);
}

int main(int argc, char **argv) {
    return measure_client(argc, argv, (struct client){open_client, call, close_client});
}
