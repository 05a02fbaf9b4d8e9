/* What scale.c and crowd.c share: handles, and threads by the thousand. */
#ifndef SCALE_H
#define SCALE_H
#include "bench.h"
#include <pthread.h>
#include <stdatomic.h>
#include <tigergraph_auth.h>
#include <unistd.h>

/* As many files as the system allows: each handle keeps a connection. */
static inline void raise_files(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static inline tg_config *config_for(const char *url) {
    tg_config *config = tg_config_new(url);
    tg_config_set_secret(config, SECRET);
    tg_config_set_server_version(config, "4.2");
    /* Names that are made up here lead to this machine. */
    tg_config_set_allow_http(config, 1);
    return config;
}

static inline tg_conn *connect_with(const tg_config *config) {
    tg_conn *conn = NULL;
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    return conn;
}

static inline tg_conn *connect_to(const char *url) {
    tg_config *config = config_for(url);
    tg_conn *conn = connect_with(config);
    tg_config_free(config);
    return conn;
}

static inline tg_token *authorize(tg_conn *conn) {
    tg_token *token = NULL;
    if (tg_authorization(conn, &token, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    return token;
}

/* Starts so many threads; each gets its element of an array. */
static inline pthread_t *start_threads(size_t count, void *(*run)(void *), void *elements, size_t size) {
    pthread_t *threads = calloc(count, sizeof *threads);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    for (size_t i = 0; i < count; i++)
        if (pthread_create(&threads[i], &small, run, (char *)elements + i * size) != 0) fail("a thread");
    pthread_attr_destroy(&small);
    return threads;
}

static inline void join_threads(pthread_t *threads, size_t count) {
    for (size_t i = 0; i < count; i++) pthread_join(threads[i], NULL);
    free(threads);
}

static inline void sleep_ms(long ms) {
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static inline double clock_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

#endif
