/* tg-auth: requests to the database. */
#include "tg-auth.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int32_t server_of(const struct given *given) {
    return given->value[O_GATEWAY] ? TG_SERVER_GATEWAY : TG_SERVER_RESTPP;
}

int url(tg_conn *conn, char **words, size_t count, const struct given *given) {
    const char *address = tg_conn_url(conn, server_of(given));
    (void)words, (void)count;
    if (given->value[O_JSON]) {
        putchar('{');
        print_json_member("url", address);
        puts("}");
    } else {
        puts(address);
    }
    return TG_STATUS_OK;
}

/* --- What is sent --------------------------------------------------------------------------------------- */

static int is_content_type(const char *name) {
    const char *wanted = "content-type";
    while (*wanted && tolower((unsigned char)*name) == *wanted) name++, wanted++;
    return !*wanted && !*name;
}

/* Sets the headers, but for Content-Type, which belongs to the body. 0, or the exit code. */
static int set_headers(tg_request *request, const struct given *given, const char **type) {
    for (size_t i = 0; i < given->header_count; i++) {
        const char *header = given->headers[i], *colon = strchr(header, ':');
        char *name = colon && colon > header ? copied(header, (size_t)(colon - header)) : NULL;
        if (!name) return wrong("--add-header is not written as 'Name: value'", "");
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        if (is_content_type(name)) *type = value;
        else tg_request_set_header(request, name, value);
        free(name);
    }
    return 0;
}

/* The same for the body, which may be in a file. */
static int set_body(tg_request *request, const struct given *given, const char *type) {
    const char *data = given->value[O_DATA];
    if (!data && *type) return wrong("a Content-Type is that of a body: use --data", "");
    if (!data) return 0;
    if (!*type) type = "application/json";
    if (*data != '@') {
        tg_request_set_body(request, data, strlen(data), type);
        return 0;
    }
    char *content;
    size_t length;
    const char *file = data + 1, *trouble = read_all(file, &content, &length);
    if (trouble) return unreadable(O_DATA, file, trouble);
    tg_request_set_body(request, content, length, type);
    free(content);
    return 0;
}

/* NULL and the exit code if something is wrong with the command line. */
static tg_request *make_request(const char *path, const struct given *given, int *code) {
    const char *method = given->value[O_METHOD], *type = "", *none;
    if (!given->value[O_GATEWAY] && strncmp(path, "/restpp/", 8) == 0) {
        *code = wrong("PATH begins behind /restpp, which is a part of the address already", "");
        return NULL;
    }
    if (!method) method = given->value[O_DATA] ? "POST" : "GET";
    tg_request *request = tg_request_new(method, server_of(given), path);
    if (given->value[O_MAX_SIZE]) {
        tg_request_set_response_limit(request, (uint64_t)bytes(given->value[O_MAX_SIZE], &none));
    }
    *code = set_headers(request, given, &type);
    if (!*code) *code = set_body(request, given, type);
    if (!*code) return request;
    tg_request_free(request);
    return NULL;
}

/* --- What comes back ------------------------------------------------------------------------------------ */

/* What REST++ says with HTTP 200 of what failed: "error": true, as a member of the object that the body is. What is within
 * its other members does not count, because a query may print anything. */
static int says_error(const char *body, size_t length) {
    struct json name, value, rest = json_members(body, length);
    while (json_next(&rest, &name, &value)) {
        if (json_is(name, "\"error\"")) return json_is(value, "true") || json_is(value, "\"true\"");
    }
    return 0;
}

/* The exit codes of HTTP statuses. */
static const struct {
    int http_status;
    tg_status code;
} outcomes[] = {
    {401, TG_STATUS_UNAUTHENTICATED}, {403, TG_STATUS_FORBIDDEN}, {404, TG_STATUS_NOT_FOUND},
    {405, TG_STATUS_UNSUPPORTED},     {408, TG_STATUS_TIMEOUT},           {409, TG_STATUS_ALREADY_EXISTS},
    {429, TG_STATUS_UNAVAILABLE},     {501, TG_STATUS_UNSUPPORTED},       {502, TG_STATUS_UNAVAILABLE},
    {503, TG_STATUS_UNAVAILABLE},     {504, TG_STATUS_TIMEOUT},
};

static int outcome(const tg_response *response, const struct given *given) {
    int http_status = tg_response_http_status(response);
    const char *body = tg_response_body(response);
    size_t length = tg_response_body_length(response);
    if (tg_is_token_refused(server_of(given), http_status, body, length)) return TG_STATUS_UNAUTHENTICATED;
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        if (outcomes[i].http_status == http_status) return outcomes[i].code;
    }
    if (http_status >= 400 && http_status < 500) return TG_STATUS_INVALID_ARGUMENT;
    if (http_status >= 500 || says_error(body, length)) return TG_STATUS_SERVER;
    return TG_STATUS_OK;
}

/* The body as it is; on a terminal what comes next begins on a line of its own. */
static void print_answer(const tg_response *response, const struct given *given) {
    const char *body = tg_response_body(response);
    size_t length = tg_response_body_length(response);
    if (given->value[O_JSON]) {
        printf("{\"http_status\":%d,", tg_response_http_status(response));
        print_json_member("content_type", tg_response_header(response, "Content-Type"));
        fputs(",\"body\":", stdout);
        print_json_bytes(body, length);
        puts("}");
        return;
    }
    fwrite(body, 1, length, stdout);
    if (length && body[length - 1] != '\n' && is_terminal(stdout)) putchar('\n');
}

int request(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    tg_response *response = NULL;
    int code;
    (void)count;
    tg_request *request = make_request(words[0], given, &code);
    if (!request) return code;
    tg_status status = tg_send(conn, request, &response, &error);
    tg_request_free(request);
    if (status != TG_STATUS_OK) return failed(error, given);
    print_answer(response, given);
    code = outcome(response, given);
    if (code) {
        fprintf(stderr, "tg-auth: the server answered HTTP %d%s\n", tg_response_http_status(response),
                code == TG_STATUS_SERVER && tg_response_http_status(response) < 400 ? ", with an error in the answer" : "");
    }
    tg_response_free(response);
    return code;
}
