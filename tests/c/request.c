/* Chapter requests: what stands in a request, what is refused, the answer, and where a program's own client goes. */
#include "check.h"

static tg_conn *conn;

static tg_conn *connect_to(const char *url, const char *ca_file) {
    tg_config *config = tg_config_new(url);
    tg_conn *made = NULL;
    tg_config_set_graph(config, "MyGraph");
    tg_config_set_password(config, "alice", "opensesame");
    if (strcmp(ca_file, "-") != 0) tg_config_add_ca_file(config, ca_file);
    CHECK(tg_conn_new(config, &made, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return made;
}

static void refuses(tg_request *request, const char *reason) {
    tg_response *response = (tg_response *)&response;
    CHECK_FAILS(tg_send(conn, request, &response, &error), TG_STATUS_INVALID_ARGUMENT, reason);
    CHECK(response == NULL);
    tg_request_free(request);
}

static void wrong_requests(void) {
    refuses(tg_request_new(NULL, TG_SERVER_RESTPP, "/version"), "argument.null");
    refuses(tg_request_new("GET", TG_SERVER_RESTPP, NULL), "argument.null");
    refuses(tg_request_new("GET", 0, "/version"), "argument.range");
    refuses(tg_request_new("GET", TG_SERVER_RESTPP | TG_SERVER_GATEWAY, "/version"), "argument.range");
    refuses(tg_request_new("TRACE", TG_SERVER_RESTPP, "/version"), "argument.method");
    refuses(tg_request_new("GET", TG_SERVER_RESTPP, "/a/%2e%2E/b"), "argument.path");
    refuses(tg_request_new("GET", TG_SERVER_RESTPP, "\xff"), "argument.utf8");

    tg_request *request = tg_request_new("GET", TG_SERVER_RESTPP, "/version");
    tg_request_set_header(request, "aUTHORIZATION", "Bearer x");
    refuses(request, "argument.header");
    request = tg_request_new("GET", TG_SERVER_RESTPP, "/version");
    tg_request_set_header(request, NULL, "x");
    refuses(request, "argument.null");
    request = tg_request_new("POST", TG_SERVER_RESTPP, "/version");
    tg_request_set_body(request, "{}", 2, "application/json");
    tg_request_set_body(request, NULL, 1, NULL);
    refuses(request, "argument.null");
    request = tg_request_new("POST", TG_SERVER_RESTPP, "/version");
    tg_request_set_body(request, "{}", 2, "a\r\nb");
    refuses(request, "argument.header");
    request = tg_request_new("GET", TG_SERVER_RESTPP, "/version");
    tg_request_set_response_limit(request, 10);
    tg_response *response = NULL;
    CHECK_FAILS(tg_send(conn, request, &response, &error), TG_STATUS_PROTOCOL, "protocol.too_large");
    tg_request_free(request);

    tg_request_set_header(NULL, "a", "b");
    tg_request_set_body(NULL, "a", 1, "b");
    tg_request_set_response_limit(NULL, 1);
    tg_request_free(NULL);
}

/* A body counts instead of earlier ones, also of one that was not there. */
static void last_body(void) {
    static const char *const bodies[] = {"{}", "", NULL};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        tg_request *request = tg_request_new("POST", TG_SERVER_RESTPP, "/echo");
        tg_request_set_body(request, NULL, 5, NULL);
        tg_request_set_body(request, bodies[i], bodies[i] ? strlen(bodies[i]) : 0, "application/json");
        tg_response *response = NULL;
        CHECK(tg_send(conn, request, &response, NULL) == TG_STATUS_OK);
        tg_response_free(response);
        tg_request_set_header(request, NULL, "x");
        tg_request_set_body(request, "{}", 2, "application/json");
        refuses(request, "argument.null"); /* that header is not taken back */
    }
}

static void answers(void) {
    tg_request *request = tg_request_new("GET", TG_SERVER_RESTPP, "/echo");
    tg_request_set_header(request, "GSQL-TIMEOUT", "1000");
    tg_request_set_header(request, "gsql-timeout", "60000");
    tg_request_set_header(request, "Cookie", "refused");
    tg_request_set_header(request, "cookie", NULL);
    for (int turn = 0; turn < 2; turn++) {
        tg_response *response = NULL;
        CHECK(tg_send(conn, request, &response, NULL) == TG_STATUS_OK);
        CHECK(tg_response_http_status(response) == 200);
        CHECK_TEXT(tg_response_header(response, "CONTENT-type"), "application/json");
        CHECK_TEXT(tg_response_header(response, "X-None"), "");
        CHECK_TEXT(tg_response_header(response, NULL), "");
        const char *body = tg_response_body(response);
        CHECK(strstr(body, "Hello GSQL") != NULL);
        CHECK(strlen(body) == tg_response_body_length(response));
        tg_response_free(response);
    }
    tg_request_free(request);

    CHECK(tg_response_http_status(NULL) == 0);
    CHECK_TEXT(tg_response_header(NULL, "a"), "");
    CHECK(tg_response_body(NULL) != NULL && tg_response_body_length(NULL) == 0);
    CHECK(((const char *)tg_response_body(NULL))[0] == '\0');
    tg_response_free(NULL);
}

static void addresses(const char *url, int has_ca) {
    const char *restpp = tg_conn_url(conn, TG_SERVER_RESTPP), *gateway = tg_conn_url(conn, TG_SERVER_GATEWAY);
    CHECK_TEXT(gateway, url);
    CHECK(strncmp(restpp, url, strlen(url)) == 0);
    CHECK_TEXT(restpp + strlen(url), "/restpp");
    CHECK_TEXT(tg_conn_url(conn, 3), "");
    CHECK_TEXT(tg_conn_url(NULL, TG_SERVER_RESTPP), "");
    const char *pem = tg_conn_ca_pem(conn);
    CHECK(has_ca ? strstr(pem, "-----BEGIN CERTIFICATE-----\n") == pem : pem[0] == '\0');
    CHECK_TEXT(tg_conn_ca_pem(NULL), "");

    tg_token *token = NULL;
    CHECK(tg_authorization(conn, &token, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_token_url(token, TG_SERVER_RESTPP), restpp);
    CHECK_TEXT(tg_token_url(token, TG_SERVER_GATEWAY), gateway);
    CHECK_TEXT(tg_token_url(token, 0), "");
    CHECK_TEXT(tg_token_url(NULL, TG_SERVER_RESTPP), "");
    tg_token_free(token);
}

static void refusals(void) {
    const char *bad = "{\"error\":true,\"code\":\"REST-10016\"}";
    const char *failed = "{\"error\":true,\"message\":\"Authentication failed.\"}";
    CHECK(tg_is_token_refused(TG_SERVER_RESTPP, 403, bad, strlen(bad)) == 1);
    CHECK(tg_is_token_refused(TG_SERVER_GATEWAY, 401, failed, strlen(failed)) == 1);
    CHECK(tg_is_token_refused(TG_SERVER_RESTPP, 401, failed, strlen(failed)) == 0);
    CHECK(tg_is_token_refused(TG_SERVER_RESTPP, 403, bad, strlen(bad) - 1) == 0);
    CHECK(tg_is_token_refused(0, 403, bad, strlen(bad)) == 0);
    CHECK(tg_is_token_refused(TG_SERVER_RESTPP, -1, bad, strlen(bad)) == 0);
    CHECK(tg_is_token_refused(TG_SERVER_RESTPP, 403, NULL, 0) == 0);
    CHECK(tg_is_token_refused(TG_SERVER_RESTPP, 403, NULL, 5) == 0);
}

int main(int argc, char **argv) {
    CHECK(argc > 2); /* address, file with the CA or "-" */
    int has_ca = strcmp(argv[2], "-") != 0;
    conn = connect_to(argv[1], argv[2]);
    wrong_requests();
    last_body();
    answers();
    addresses(argv[1], has_ca);
    refusals();
    tg_conn_free(conn);
    return finish();
}
