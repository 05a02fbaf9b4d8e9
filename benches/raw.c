/* The limit: a socket, a request that is ready, the shortest look at the answer; for https OpenSSL on the
 * socket, with verification. One of the clients that are measured (bench.h). */
#include "bench.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY "{\"secret\":\"" SECRET "\"}"

static const char request[] = "POST /gsql/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                              "Content-Length: 45\r\n\r\n" BODY;
_Static_assert(sizeof BODY - 1 == 45, "the Content-Length of the request");

static struct sockaddr_in address;
static SSL_CTX *context;
static SSL *ssl;
static SSL_SESSION *session;
static int connection = -1;

static void connect_client(void) {
    int on = 1;
    connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (context == NULL) return;
    ssl = SSL_new(context);
    SSL_set_fd(ssl, connection);
    SSL_set1_host(ssl, "localhost");
    SSL_set_tlsext_host_name(ssl, "localhost");
    if (session != NULL) SSL_set_session(ssl, session);
    if (SSL_connect(ssl) != 1) fail("SSL_connect");
}

static void disconnect(void) {
    if (ssl != NULL) {
        SSL_SESSION_free(session);
        session = SSL_get1_session(ssl);
        SSL_shutdown(ssl);
        SSL_free(ssl);
        ssl = NULL;
    }
    if (connection >= 0) close(connection);
    connection = -1;
}

static void open_client(const char *url, const char *ca) {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
    if (strncmp(url, "https", 5) == 0) {
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1) fail("the CA file");
    }
    connect_client();
}

static int receive(char *into, int room) {
    return ssl != NULL ? SSL_read(ssl, into, room) : (int)recv(connection, into, (size_t)room, 0);
}

static void call(void) {
    char answer[4096], *body;
    int length = 0, more, expected;
    if (connection < 0) connect_client();
    if (ssl != NULL) SSL_write(ssl, request, sizeof request - 1);
    else if (send(connection, request, sizeof request - 1, MSG_NOSIGNAL) < 0) fail("send");
    do {
        more = receive(answer + length, (int)sizeof answer - 1 - length);
        if (more <= 0) fail("recv");
        length += more;
        answer[length] = '\0';
        body = strstr(answer, "\r\n\r\n");
        const char *field = strstr(answer, "Content-Length: ");
        expected = field == NULL ? 0 : atoi(field + 16);
    } while (body == NULL || answer + length - (body + 4) < expected);
    const char *token = strstr(body, "\"token\":\"");
    if (token == NULL || strncmp(token + 9, TOKEN, sizeof TOKEN - 1) != 0) fail("another token");
    if (strstr(answer, "Connection: close") != NULL) disconnect();
}

static void close_client(void) {
    disconnect();
    SSL_SESSION_free(session);
    session = NULL;
    SSL_CTX_free(context);
    context = NULL;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    return measure_client(argc, argv, (struct client){open_client, call, close_client});
}
