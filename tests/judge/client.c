/* Plays a case of tests/judge.rs with curl, or with this library. Carries out the commands that come in, one a line,
 * fields divided by tabs and written with percent signs for what cannot stand in a line:
 *
 *     route PROXY SERVER         ports on 127.0.0.1: a connection to the first is left alone, any other goes to the second
 *     env NAME VALUE             sets a variable
 *     unenv NAME                 removes it
 *     ask CLIENT URL FILE PROXY  CLIENT curl or tg asks for URL, trusts the CA file or, for "-", anybody, and goes through
 *                                the environment's proxy if PROXY is 1
 *
 * The answer to "ask" is one line: "accept STATUS BODY", the body in hexadecimal, or "refuse" and what the client says.
 * Names are not looked up: each of them has the same address, which is never connected to. */
#include "../c/interpose.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <tigergraph_auth.h>

#define MOST_BODY 100000
#define SECONDS 5L

static uint16_t proxy_port, server_port;

/* ---- Where connections go ---- */

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    NEXT(getaddrinfo)
    unsigned char bytes[16];
    int is_address = inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
    return real(is_address ? name : "198.51.100.1", service, hints, found);
}

static int is_proxy(const struct sockaddr *address) {
    struct sockaddr_in to;
    memcpy(&to, address, sizeof to);
    return to.sin_addr.s_addr == htonl(INADDR_LOOPBACK) && to.sin_port == htons(proxy_port);
}

#pragma GCC diagnostic push
/* glibc declares it with a union in place of the pointer. */
#pragma GCC diagnostic ignored "-Wpedantic"
int connect(int fd, const struct sockaddr *address, socklen_t length) {
    NEXT(connect)
    if (address->sa_family == AF_INET && !is_proxy(address)) {
        struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(server_port)};
        server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return real(fd, (const struct sockaddr *)&server, sizeof server);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 server = {.sin6_family = AF_INET6, .sin6_port = htons(server_port)};
        inet_pton(AF_INET6, "::ffff:127.0.0.1", &server.sin6_addr);
        return real(fd, (const struct sockaddr *)&server, sizeof server);
    }
    return real(fd, address, length);
}
#pragma GCC diagnostic pop

/* ---- Lines ---- */

/* Undoes the percent signs of a field. */
static char *decode(char *field) {
    char *end = field;
    for (char *from = field; *from; from++, end++) {
        if (*from == '%') {
            char digits[3] = {from[1], from[2], '\0'};
            *end = (char)strtol(digits, NULL, 16);
            from += 2;
        } else {
            *end = *from;
        }
    }
    *end = '\0';
    return field;
}

static void accepted(long status, const unsigned char *body, size_t length) {
    printf("accept %ld ", status);
    for (size_t i = 0; i < length; i++) printf("%02x", body[i]);
    putchar('\n');
}

static void refused(const char *why) {
    fputs("refuse ", stdout);
    for (; *why; why++) putchar(*why == '\n' ? ' ' : *why);
    putchar('\n');
}

/* ---- Clients ---- */

struct body {
    unsigned char bytes[MOST_BODY];
    size_t length;
};

static size_t keep(char *bytes, size_t size, size_t count, void *to) {
    struct body *body = to;
    size_t length = size * count;
    if (length > MOST_BODY - body->length) return 0;
    memcpy(body->bytes + body->length, bytes, length);
    body->length += length;
    return length;
}

static void ask_curl(const char *url, const char *file, int by_proxy) {
    static struct body body;
    body.length = 0;
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    if (!by_proxy) curl_easy_setopt(curl, CURLOPT_PROXY, "");
    /* The system's authorities do not count. */
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    if (strcmp(file, "-") == 0) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    } else {
        curl_easy_setopt(curl, CURLOPT_CAINFO, file);
    }
    char why[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK) accepted(status, body.bytes, body.length);
    else refused(*why ? why : curl_easy_strerror(code));
    curl_easy_cleanup(curl);
}

static void ask_library(const char *url, const char *file, int by_proxy) {
    tg_config *config = tg_config_new(url);
    tg_config_set_server_version(config, "4.2");
    tg_config_set_api_token(config, "a-token-of-nobody-at-all");
    tg_config_set_allow_http(config, 1);
    tg_config_set_timeouts(config, SECONDS * 1000, SECONDS * 1000);
    if (by_proxy) tg_config_set_proxy(config, "env");
    if (strcmp(file, "-") == 0) tg_config_set_insecure_tls(config, 1);
    else tg_config_set_ca_file(config, file);
    tg_conn *conn = NULL;
    tg_response *response = NULL;
    tg_request *request = tg_request_new("GET", TG_SERVER_GATEWAY, "/");
    tg_status status = tg_conn_new(config, &conn, NULL);
    tg_config_free(config);
    if (status == TG_STATUS_OK) status = tg_send(conn, request, &response, NULL);
    if (status == TG_STATUS_OK) {
        accepted(tg_response_http_status(response), tg_response_body(response), tg_response_body_length(response));
    } else {
        refused(tg_last_error_message());
    }
    tg_response_free(response);
    tg_request_free(request);
    tg_conn_free(conn);
}

int main(void) {
    static char line[65536];
    curl_global_init(CURL_GLOBAL_ALL);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        char *fields[6] = {0};
        char *rest = line;
        for (int i = 0; i < 6 && rest; i++) fields[i] = decode(strsep(&rest, "\t"));
        if (strcmp(fields[0], "route") == 0 && fields[2]) {
            proxy_port = (uint16_t)atoi(fields[1]);
            server_port = (uint16_t)atoi(fields[2]);
        } else if (strcmp(fields[0], "env") == 0 && fields[2]) {
            setenv(fields[1], fields[2], 1);
        } else if (strcmp(fields[0], "unenv") == 0 && fields[1]) {
            unsetenv(fields[1]);
        } else if (strcmp(fields[0], "ask") == 0 && fields[4]) {
            int by_proxy = strcmp(fields[4], "1") == 0;
            if (strcmp(fields[1], "curl") == 0) ask_curl(fields[2], fields[3], by_proxy);
            else ask_library(fields[2], fields[3], by_proxy);
            fflush(stdout);
        } else {
            return 2;
        }
    }
    curl_global_cleanup();
    return 0;
}
