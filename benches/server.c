/* A server that is no bottleneck: a thread per connection, and fixed answers: a token to POST /gsql/v1/tokens, 64 MiB to
 * GET /gsql/v1/large (with their length) and /gsql/v1/stream (in chunks), and a small text to other paths of GSQL.
 *
 *     server CERTIFICATE KEY
 *     server - - DELAY-MS LIFETIME-S      without TLS; each token is another one, comes so much later and lives so long
 *
 * Prints its ports as JSON and serves until its standard input ends. GET /counters on the port without TLS tells
 * what it has seen so far, so that a measurement can be held to what it says it measures.
 */
#include "bench.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

struct port {
    const char *name;
    int version;  /* of TLS; 0: none */
    int resumes;  /* whether sessions can be resumed */
    int closes;   /* whether a connection ends after one answer */
    int listener;
    SSL_CTX *context;
};

static struct port ports[] = {
    {.name = "http"},
    {.name = "tls13", .version = TLS1_3_VERSION},
    {.name = "tls12", .version = TLS1_2_VERSION},
    {.name = "resumed13", .version = TLS1_3_VERSION, .resumes = 1, .closes = 1},
    {.name = "resumed12", .version = TLS1_2_VERSION, .resumes = 1, .closes = 1},
};
#define PORTS (sizeof ports / sizeof *ports)

static atomic_ulong connections, requests, handshakes, resumed;
/* How long each token lives, or 0 for the one that is always the same, and how long a token is waited for. */
static long lifetime_s, delay_ms;
/* The answer of ports that keep their connections, and of those that do not. */
static char answers[2][1024];
static const char small[] = "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: application/json\r\nContent-Length: 15\r\n"
                            "Connection: keep-alive\r\n\r\n{\"error\":false}";

struct peer {
    int socket;
    struct port *port;
    SSL *ssl;
};

static int receive(struct peer *peer, char *into, size_t room) {
    return peer->ssl != NULL ? SSL_read(peer->ssl, into, (int)room) : (int)recv(peer->socket, into, room, 0);
}

static int transmit(struct peer *peer, const char *text) {
    int length = (int)strlen(text);
    int sent = peer->ssl != NULL ? SSL_write(peer->ssl, text, length)
                                 : (int)send(peer->socket, text, (size_t)length, MSG_NOSIGNAL);
    return sent == length;
}

/* One request, head and body, as a text; 0 at the end of the connection. */
static int read_request(struct peer *peer, char *text, size_t room) {
    size_t length = 0;
    for (;;) {
        int more = length + 1 < room ? receive(peer, text + length, room - 1 - length) : 0;
        if (more <= 0) return 0;
        length += (size_t)more;
        text[length] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *field = strcasestr(text, "\r\nContent-Length:");
        size_t body = field == NULL ? 0 : strtoul(field + 17, NULL, 10);
        if (end != NULL && length >= (size_t)(end + 4 - text) + body) return 1;
    }
}

static int tell_counters(struct peer *peer) {
    char body[256], answer[512];
    snprintf(body, sizeof body, "{\"connections\":%lu,\"requests\":%lu,\"handshakes\":%lu,\"resumed\":%lu}",
             atomic_load(&connections), atomic_load(&requests), atomic_load(&handshakes), atomic_load(&resumed));
    snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(body), body);
    transmit(peer, answer);
    return 0;
}

#define LARGE (64 * 1024 * 1024)
#define CHUNK (64 * 1024)

/* A body of 64 MiB, by its length or in chunks. */
static int transmit_large(struct peer *peer, int in_chunks) {
    static const char fields[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    char chunk[CHUNK + 1], line[128];
    memset(chunk, 'x', CHUNK);
    chunk[CHUNK] = '\0';
    if (in_chunks) snprintf(line, sizeof line, "%sTransfer-Encoding: chunked\r\n\r\n", fields);
    else snprintf(line, sizeof line, "%sContent-Length: %d\r\n\r\n", fields, LARGE);
    if (!transmit(peer, line)) return 0;
    snprintf(line, sizeof line, "%x\r\n", CHUNK);
    for (int sent = 0; sent < LARGE; sent += CHUNK) {
        if (in_chunks && !transmit(peer, line)) return 0;
        if (!transmit(peer, chunk)) return 0;
        if (in_chunks && !transmit(peer, "\r\n")) return 0;
    }
    return in_chunks ? transmit(peer, "0\r\n\r\n") : 1;
}

/* A part of a JWT. */
static void encode_part(const char *json, char *text) {
    int length = EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)json, (int)strlen(json));
    while (length > 0 && text[length - 1] == '=') text[--length] = '\0';
    for (char *byte = text; *byte != '\0'; byte++) *byte = *byte == '+' ? '-' : *byte == '/' ? '_' : *byte;
}

/* A token that nobody had before. */
static int transmit_new_token(struct peer *peer) {
    static atomic_ulong tokens;
    char claims[256], part[512], body[1024], answer[2048], date[64];
    struct timespec wait = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
    time_t seconds = time(NULL);
    struct tm fields;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&seconds, &fields));
    snprintf(claims, sizeof claims, "{\"sub\":\"tigergraph\",\"iat\":%ld,\"exp\":%ld,\"jti\":\"%lu\"}", (long)seconds,
             (long)seconds + lifetime_s, atomic_fetch_add(&tokens, 1));
    encode_part(claims, part);
    int length = snprintf(body, sizeof body, "{\"error\":false,\"message\":\"Generate new JWT token successfully.\","
                          "\"token\":\"eyJhbGciOiJIUzI1NiJ9.%s.c2lnbmF0dXJl\"}", part);
    snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: %s\r\nContent-Type: application/json\r\n"
             "Content-Length: %d\r\nConnection: keep-alive\r\n\r\n%s", date, length, body);
    return transmit(peer, answer);
}

static int starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* Whether the connection goes on. */
static int answer(struct peer *peer, const char *request) {
    if (starts_with(request, "GET /counters ")) return tell_counters(peer);
    requests++;
    if (starts_with(request, "GET /gsql/v1/large ")) return transmit_large(peer, 0);
    if (starts_with(request, "GET /gsql/v1/stream ")) return transmit_large(peer, 1);
    if (starts_with(request, "GET /gsql/")) return transmit(peer, small);
    if (!starts_with(request, "POST /gsql/v1/tokens "))
        return transmit(peer, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    if (lifetime_s > 0) return transmit_new_token(peer);
    return transmit(peer, answers[peer->port->closes]) && !peer->port->closes;
}

static void converse(struct peer *peer) {
    char request[8192];
    if (read_request(peer, request, sizeof request)) {
        /* Whoever asks for the counters is not counted. */
        if (!starts_with(request, "GET /counters ")) connections++;
        while (answer(peer, request) && read_request(peer, request, sizeof request)) continue;
    }
}

static void *serve(void *argument) {
    struct peer peer = *(struct peer *)argument;
    free(argument);
    if (peer.port->context != NULL) {
        peer.ssl = SSL_new(peer.port->context);
        SSL_set_fd(peer.ssl, peer.socket);
        if (SSL_accept(peer.ssl) == 1) {
            handshakes++;
            resumed += (unsigned long)SSL_session_reused(peer.ssl);
            converse(&peer);
            SSL_shutdown(peer.ssl);
        }
        SSL_free(peer.ssl);
    } else converse(&peer);
    close(peer.socket);
    return NULL;
}

static void *accept_all(void *argument) {
    struct port *port = argument;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    int client, on = 1;
    while ((client = accept(port->listener, NULL, NULL)) >= 0) {
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct peer *peer = malloc(sizeof *peer);
        *peer = (struct peer){.socket = client, .port = port};
        pthread_t thread;
        if (pthread_create(&thread, &small, serve, peer) != 0) fail("a thread");
    }
    fail("accept");
    return NULL;
}

static unsigned listen_on_loopback(struct port *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    port->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(port->listener, (struct sockaddr *)&address, length) != 0 || listen(port->listener, 1024) != 0) fail("listen");
    getsockname(port->listener, (struct sockaddr *)&address, &length);
    return ntohs(address.sin_port);
}

static void prepare_tls(struct port *port, const char *certificate, const char *key) {
    port->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(port->context, port->version);
    SSL_CTX_set_max_proto_version(port->context, port->version);
    /* Sessions can be resumed by a ticket and, for clients that take none, as libcurl with TLS 1.2, by their name. */
    SSL_CTX_set_session_cache_mode(port->context, port->resumes ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(port->context, (const unsigned char *)"benches", 7);
    if (!port->resumes) {
        SSL_CTX_set_options(port->context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(port->context, 0);
    }
    if (SSL_CTX_use_certificate_chain_file(port->context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(port->context, key, SSL_FILETYPE_PEM) != 1)
        fail("the certificate");
}

static void prepare_answers(void) {
    static const char body[] = "{\"expiration\":\"" EXPIRATION "\",\"error\":false,\"message\":\"Generate new JWT token "
                               "successfully.\",\"token\":\"" TOKEN "\"}";
    char date[64];
    time_t seconds = time(NULL);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&seconds));
    for (int closes = 0; closes < 2; closes++)
        snprintf(answers[closes], sizeof answers[closes],
                 "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: %s\r\nContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\nConnection: %s\r\n\r\n%s",
                 date, sizeof body - 1, closes ? "close" : "keep-alive", body);
}

int main(int argc, char **argv) {
    if (argc != 3 && argc != 5) fail("arguments: CERTIFICATE KEY [DELAY-MS LIFETIME-S]");
    int with_tls = strcmp(argv[1], "-") != 0;
    if (argc == 5) delay_ms = atol(argv[3]), lifetime_s = atol(argv[4]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    prepare_answers();
    for (size_t i = 0; i < PORTS && (with_tls || ports[i].version == 0); i++) {
        pthread_t thread;
        if (ports[i].version != 0) prepare_tls(&ports[i], argv[1], argv[2]);
        printf("%s\"%s\":%u", i == 0 ? "{" : ",", ports[i].name, listen_on_loopback(&ports[i]));
        if (pthread_create(&thread, NULL, accept_all, &ports[i]) != 0) fail("a thread");
    }
    puts("}");
    fflush(stdout);
    while (getchar() != EOF) continue;
    return 0;
}
