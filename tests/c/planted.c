/* One defect each, named by the argument, of the kinds that programs of this library may have: tests/planted.rs wants
 * every tool to catch its own. "none" has none, and no tool may say anything. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tigergraph_auth.h>

/* Nothing listens there. */
static const char nowhere[] = "http://127.0.0.1:1";

static tg_conn *connect_to(const char *url, tg_log_fn log, void *user_data) {
    tg_config *config = tg_config_new(url);
    tg_conn *conn = NULL;
    tg_config_set_server_version(config, "4.2");
    tg_config_set_password(config, "alice", "opensesame");
    tg_config_set_log(config, TG_LOG_DEBUG, log, user_data, NULL);
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) abort();
    tg_config_free(config);
    return conn;
}

static tg_error *some_error(void) {
    tg_error *error = NULL;
    tg_conn_new(NULL, NULL, &error);
    /* The thread's own reference goes. */
    tg_conn *conn = connect_to(nowhere, NULL, NULL);
    tg_conn_free(conn);
    return error;
}

/* Starts it on two threads. */
static void twice(void *(*work)(void *), void *argument) {
    pthread_t other;
    if (pthread_create(&other, NULL, work, argument) != 0) abort();
    work(argument);
    pthread_join(other, NULL);
}

static void none(void) {
    tg_error_free(some_error());
}

static void leak(void) {
    char *volatile block = malloc(40);
    block[0] = 1;
    block = NULL;
}

static void lost_connection(void) {
    tg_conn *volatile conn = connect_to(nowhere, NULL, NULL);
    conn = NULL;
    (void)conn;
}

static void overflow(void) {
    volatile size_t length = 8;
    volatile char *block = malloc(length);
    block[length] = 1;
    free((void *)block);
}

/* The library's memory, read by the program. */
static void freed_message(void) {
    tg_error *error = some_error();
    const char *volatile message = tg_error_message(error);
    tg_error_free(error);
    if (message[0] == '?') puts("read");
}

static void undefined(void) {
    volatile int number = 0x7fffffff;
    number = number + 1;
}

static void uninitialized(void) {
    char *volatile block = malloc(8);
    if (block[3] == 7) puts("read");
    free(block);
}

static int counter;

static void *count(void *unused) {
    for (int i = 0; i < 1000; i++) counter++;
    return unused;
}

static void race(void) {
    twice(count, NULL);
}

static void count_line(int32_t level, const char *message, void *user_data) {
    (void)message;
    *(int *)user_data += level;
}

static void *fail_to_ask(void *conn) {
    for (int i = 0; i < 20; i++) tg_get_token(conn, "asecret", 0, 0, NULL, NULL);
    return NULL;
}

/* The library calls on any thread, so what it calls has to be ready for that. */
static void log_race(void) {
    int lines = 0;
    tg_conn *conn = connect_to(nowhere, count_line, &lines);
    twice(fail_to_ask, conn);
    tg_conn_free(conn);
    if (lines == 0) puts("no line");
}

/* The program's own mistakes that the library walks into: inside of it they must be seen too. */
static void freed_error_in_the_library(void) {
    tg_error *volatile error = some_error();
    tg_error_free(error);
    if (tg_error_http_status(error) == 999) puts("read");
}

static void overread_in_the_library(void) {
    const char **aliases = malloc(2 * sizeof *aliases);
    tg_conn *conn = connect_to(nowhere, NULL, NULL);
    aliases[0] = aliases[1] = "alias";
    tg_drop_secrets(conn, aliases, 3, NULL, 0, NULL, NULL);
    tg_conn_free(conn);
    free(aliases);
}

/* The text is longer for the library than it is. What reads it first is in Rust's standard library: is it UTF-8? */
static void overread_in_std(void) {
    size_t length = 40;
    char *body = malloc(length);
    memset(body, 'x', length);
    if (tg_is_token_refused(TG_SERVER_RESTPP, 401, body, length + 1)) puts("refused");
    free(body);
}

static void *set_timeouts_often(void *config) {
    for (uint32_t i = 1; i <= 1000; i++) tg_config_set_timeouts(config, i, i);
    return NULL;
}

/* A config is for one thread at a time. */
static void config_race_in_the_library(void) {
    tg_config *config = tg_config_new(nowhere);
    twice(set_timeouts_often, config);
    tg_config_free(config);
}

static const struct {
    const char *name;
    void (*commit)(void);
} defects[] = {
    {"none", none},
    {"leak", leak},
    {"lost_connection", lost_connection},
    {"overflow", overflow},
    {"freed_message", freed_message},
    {"undefined", undefined},
    {"uninitialized", uninitialized},
    {"race", race},
    {"log_race", log_race},
    {"freed_error_in_the_library", freed_error_in_the_library},
    {"overread_in_the_library", overread_in_the_library},
    {"overread_in_std", overread_in_std},
    {"config_race_in_the_library", config_race_in_the_library},
};

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < sizeof defects / sizeof *defects; i++) {
        if (strcmp(argv[1], defects[i].name) != 0) continue;
        defects[i].commit();
        puts("done");
        return 0;
    }
    return 2;
}
