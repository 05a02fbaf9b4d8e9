/* Many threads that work with managed tokens: each asks for the authorization before every request to the
 * database, and once more if the database refused the token.
 *
 *     threads HOST PORT USER PASSWORD GRAPH [SECONDS [THREADS]]      plain http; for a server on this machine
 *
 * Tokens live five seconds here, so that a minute sees a dozen renewals. Prints requests, renewals and failures.
 */

#define _POSIX_C_SOURCE 200809L
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <tigergraph_auth.h>
#include <time.h>
#include <unistd.h>

static tg_conn *conn;
static const char *host, *port, *graph;
static time_t end;
static atomic_int requests, renewals, rejections, failures;

/* One request for a token is one line of the log. */
static void count_renewals(int32_t level, const char *message, void *unused) {
    (void)unused;
    if (level == TG_LOG_DEBUG && strstr(message, "token") != NULL && strstr(message, "check") == NULL) renewals++;
}

static int dial(void) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &found) != 0) return -1;
    for (struct addrinfo *each = found; each != NULL && fd < 0; each = each->ai_next) {
        fd = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
        if (fd >= 0 && connect(fd, each->ai_addr, each->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

/* Asks the database for something with this authorization. 200, or what it said instead; 0: no answer.
 * A real program would leave HTTP to a library such as libcurl. */
static int ask_database(const char *authorization, char *answer, size_t size) {
    char request[10240];
    int length = snprintf(request, sizeof request,
                          "GET /restpp/graph/%s/vertices/Person HTTP/1.1\r\nHost: %s:%s\r\nAuthorization: %s\r\n"
                          "Connection: close\r\n\r\n", graph, host, port, authorization);
    int fd = dial(), status = 0;
    size_t got = 0;
    if (fd < 0) return 0;
    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) == length) {
        ssize_t more;
        while (got < size - 1 && (more = recv(fd, answer + got, size - 1 - got, 0)) > 0) got += (size_t)more;
    }
    close(fd);
    answer[got] = '\0';
    return sscanf(answer, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

/* Whether the database says that the token is bad, and not that its owner may not do this. */
static int is_bad_token(int status, const char *answer) {
    return (status == 401 || status == 403) &&
           (strstr(answer, "REST-10016") != NULL || strstr(answer, "REST-10019") != NULL);
}

/* The pattern for every request: authorize, ask, and on a refusal of the token reject it and ask once more. */
static int work_once(void) {
    char answer[4096];
    for (int attempt = 0; attempt < 2; attempt++) {
        tg_token *token = NULL;
        if (tg_authorization(conn, &token, NULL) != TG_STATUS_OK) {
            fprintf(stderr, "%s\n", tg_last_error_message());
            return 0;
        }
        int status = ask_database(tg_token_header(token), answer, sizeof answer);
        int bad = is_bad_token(status, answer);
        if (bad) {
            rejections++;
            tg_reject_token(conn, token);
        }
        tg_token_free(token);
        if (!bad) return status == 200;
    }
    return 0;
}

static void *work(void *unused) {
    while (time(NULL) < end) {
        requests++;
        failures += !work_once();
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return unused;
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: %s HOST PORT USER PASSWORD GRAPH [SECONDS [THREADS]]\n", argv[0]);
        return 2;
    }
    int seconds = argc > 6 ? atoi(argv[6]) : 60, count = argc > 7 ? atoi(argv[7]) : 64;
    char url[512];
    host = argv[1], port = argv[2], graph = argv[5];
    snprintf(url, sizeof url, "http://%s:%s", host, port);
    tg_config *config = tg_config_new(url);
    tg_config_set_password(config, argv[3], argv[4]);
    tg_config_set_graph(config, graph);
    tg_config_set_token_lifetime(config, 5, 0);
    tg_config_set_log(config, TG_LOG_DEBUG, count_renewals, NULL, NULL);
    tg_status status = tg_conn_new(config, &conn, NULL);
    tg_config_free(config);
    if (status != TG_STATUS_OK) {
        fprintf(stderr, "%s\n%s\n", tg_last_error_message(), tg_error_hint(tg_last_error()));
        return 1;
    }
    pthread_t *threads = calloc((size_t)count, sizeof *threads);
    end = time(NULL) + seconds;
    for (int i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0) return 1;
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    printf("%d requests in %d seconds by %d threads, %d requests for tokens, %d tokens rejected, %d failures\n", requests,
           seconds, count, renewals, rejections, failures);
    free(threads);
    tg_conn_free(conn);
    return failures == 0 ? 0 : 1;
}
