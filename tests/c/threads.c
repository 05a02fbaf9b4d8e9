/* Handles and threads: clones, cancellation, and handles freed while calls are running on them.
 * The server here reads requests and never answers, so it knows how many calls have begun. */
#include "check.h"
#include "sockets.h"
#include <pthread.h>

#define THREADS 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t heard_more = PTHREAD_COND_INITIALIZER;
static int heard;

/* Reads one connection to its end; its first bytes are the sign that a call has begun. */
static void *hear(void *arg) {
    int fd = (int)(intptr_t)arg;
    char bytes[4096];
    int begun = 0;
    while (recv(fd, bytes, sizeof bytes, 0) > 0) {
        if (begun++) continue;
        pthread_mutex_lock(&lock);
        heard++;
        pthread_cond_signal(&heard_more);
        pthread_mutex_unlock(&lock);
    }
    close_socket(fd);
    return NULL;
}

static void *serve(void *arg) {
    for (;;) {
        int fd = (int)accept((int)(intptr_t)arg, NULL, NULL);
        pthread_t thread;
        if (fd < 0 || pthread_create(&thread, NULL, hear, (void *)(intptr_t)fd) != 0) abort();
        pthread_detach(thread);
    }
    return NULL;
}

/* Starts the server; its port. */
static int start_server(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    start_sockets();
    int listener = (int)socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, length) == 0);
    CHECK(listen(listener, 2 * THREADS) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    CHECK(pthread_create(&thread, NULL, serve, (void *)(intptr_t)listener) == 0);
    pthread_detach(thread);
    return ntohs(address.sin_port);
}

static void wait_until_heard(int count) {
    pthread_mutex_lock(&lock);
    while (heard < count) pthread_cond_wait(&heard_more, &lock);
    heard = 0;
    pthread_mutex_unlock(&lock);
}

static void *ask(void *conn) {
    tg_error *error = NULL;
    tg_status status = tg_get_token(conn, "canarysecret", 0, 0, NULL, &error);
    if (status != TG_STATUS_CANCELLED || strcmp(tg_error_reason(error), "cancelled") != 0) {
        printf("%s\n", tg_error_message(error));
        abort();
    }
    tg_error_free(error);
    return NULL;
}

static tg_conn *connect_to(const char *url) {
    tg_config *config = tg_config_new(url);
    tg_config_set_server_version(config, "4.2");
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return conn;
}

/* A call that ends while it waits for the answer. Where everything is slow, it ends before it has sent anything,
 * and takes another, longer attempt. */
static void wait_in_vain(tg_conn *conn) {
    int has_sent = 0;
    for (uint32_t timeout = 100; !has_sent && timeout <= 25600; timeout *= 2) {
        tg_error *error = NULL;
        tg_conn_set_timeout(conn, timeout);
        CHECK(tg_get_token(conn, "s", 0, 0, NULL, &error) == TG_STATUS_TIMEOUT);
        has_sent = strcmp(tg_error_reason(error), "timeout.response") == 0;
        tg_error_free(error);
    }
    /* Nothing would ever be heard. */
    if (!has_sent) abort();
}

int main(void) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", start_server());
    CHECK(tg_conn_clone(NULL) == NULL);
    tg_conn_cancel(NULL);
    tg_conn_set_timeout(NULL, 1);

    tg_conn *conn = connect_to(url);
    tg_conn *clone = tg_conn_clone(conn);
    CHECK(clone != NULL && clone != conn);
    wait_in_vain(clone);
    tg_conn_free(clone);
    wait_until_heard(1);

    pthread_t threads[THREADS];
    for (int round = 0; round < 10; round++) {
        clone = tg_conn_clone(conn);
        for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, ask, clone) == 0);
        wait_until_heard(THREADS);
        /* Half of the rounds free the handle under the running calls. */
        if (round % 2) tg_conn_free(clone);
        else tg_conn_cancel(clone);
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        if (round % 2 == 0) tg_conn_free(clone);
    }
    tg_conn_free(conn);
    return finish();
}
