/* Whole life cycles of a connection, each in a process forked from here, where one thing goes wrong: a call of
 * the system, an allocation, the start of a thread; or where signals rain.
 *     life URL CA-FILE USER PASSWORD      CA-FILE "-": plain http
 * Commands come in, one a line: what fails, from which call on, how often, the error, and how many such lives
 * there shall be one after the other. Lines go out, fields divided by tabs; "end" with the status of the process is the last one of each life. */
#include "shim.h"
#include "../c/line.h"
#include "entries.h"
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <tigergraph_auth.h>
#include <unistd.h>

/* After this long a life hangs: it has 20 calls, and none of them may fail by running out of time. */
#define LIMIT_MS 60000
#define CALL_LIMIT_MS 10000

/* The aliases of both lives. */
#define FIRST "tortured"
#define SECOND "healthy"

static const struct shim *shim;
static const char *url, *ca_file, *user, *password;

/* Writes a line at once, so that it is there whatever happens next. Allocates nothing. */
static void say(const char *format, ...) {
    char line[4096];
    va_list values;
    va_start(values, format);
    write_line(1, line, sizeof line, format, values);
    va_end(values);
}

static void log_line(int32_t level, const char *message, void *unused) {
    (void)unused;
    say("log\t%" PRId32 "\t%s", level, message);
}

/* ---- A life ---- */

/* Tells what a call came to; the error is freed. Whether it succeeded. */
static int step(const char *name, tg_status status, tg_error *error, const char *told) {
    if ((status == TG_STATUS_OK) != (error == NULL)) say("BROKEN\t%s: its status and its error differ", name);
    say("step\t%s\t%s\t%s\t%s", name, status == TG_STATUS_OK ? "OK" : tg_error_reason(error),
        tg_error_message(error), told);
    tg_error_free(error);
    return status == TG_STATUS_OK;
}

static tg_conn *connected(void) {
    tg_conn *conn = NULL;
    tg_error *error = NULL;
    tg_config *config = tg_config_new(url);
    tg_config_set_password(config, user, password);
    tg_config_set_graph(config, "MyGraph");
    tg_config_set_timeouts(config, CALL_LIMIT_MS, CALL_LIMIT_MS);
    tg_config_set_log(config, TG_LOG_DEBUG, log_line, NULL, NULL);
    if (strcmp(ca_file, "-") != 0) tg_config_set_ca_file(config, ca_file);
    tg_status status = tg_conn_new(config, &conn, &error);
    tg_config_free(config);
    step("conn_new", status, error, "");
    return conn;
}

static void create_secret(tg_conn *conn, const char *alias) {
    tg_secrets *secrets = NULL;
    tg_error *error = NULL;
    tg_status status = tg_create_secret(conn, alias, NULL, NULL, &secrets, &error);
    if (status == TG_STATUS_OK && strcmp(tg_secrets_alias(secrets, 0), alias) != 0) say("BROKEN\tanother secret");
    if (status != TG_STATUS_OK && secrets) say("BROKEN\ta secret that was not created");
    step("create_secret", status, error, "");
    tg_secrets_free(secrets);
}

static void authorization(tg_conn *conn) {
    tg_token *token = NULL;
    tg_error *error = NULL;
    tg_status status = tg_authorization(conn, &token, &error);
    if ((status == TG_STATUS_OK) != (token != NULL)) say("BROKEN\tauthorization without a token");
    step("authorization", status, error, "");
    tg_token_free(token);
}

static tg_token *get_token(tg_conn *conn) {
    tg_token *token = NULL;
    tg_error *error = NULL;
    tg_status status = tg_get_token(conn, NULL, 3600, TG_TOKEN_KEEP_CURRENT, &token, &error);
    if ((status == TG_STATUS_OK) != (token != NULL)) say("BROKEN\tOK without a token");
    step("get_token", status, error, "");
    return token;
}

/* Whether the list holds the alias, as it does after a good creation. */
static void get_secrets(tg_conn *conn, const char *alias) {
    tg_secrets *secrets = NULL;
    tg_error *error = NULL;
    int held = 0;
    tg_status status = tg_get_secrets(conn, NULL, &secrets, &error);
    for (size_t i = 0; i < tg_secrets_count(secrets); i++) held |= !strcmp(tg_secrets_alias(secrets, i), alias);
    step("get_secrets", status, error, held ? "held" : "");
    tg_secrets_free(secrets);
}

static void check_jwt(tg_conn *conn, const tg_token *token) {
    int32_t valid = 0;
    tg_error *error = NULL;
    tg_status status = tg_check_jwt_token(conn, tg_token_value(token), &valid, &error);
    if (status == TG_STATUS_OK && !valid) say("BROKEN\ta good token is called bad");
    step("check_jwt", status, error, "");
}

static void server_version(tg_conn *conn) {
    int32_t major = 0;
    tg_error *error = NULL;
    tg_status status = tg_server_version(conn, &major, NULL, NULL, &error);
    if (status == TG_STATUS_OK && major < 3) say("BROKEN\tOK without a version");
    step("server_version", status, error, "");
}

static void delete_token(tg_conn *conn, const tg_token *token) {
    tg_error *error = NULL;
    tg_status status = tg_delete_token(conn, NULL, tg_token_value(token), TG_IGNORE_MISSING, &error);
    step("delete_token", status, error, "");
}

static void drop_secret(tg_conn *conn, const char *alias) {
    tg_error *error = NULL;
    tg_status status = tg_drop_secret(conn, alias, NULL, TG_IGNORE_MISSING, &error);
    step("drop_secret", status, error, "");
}

/* Everything that a connection is made for, up to its end; the handle is not freed yet. */
static tg_conn *live(const char *alias) {
    tg_conn *conn = connected();
    if (!conn) return NULL;
    create_secret(conn, alias);
    tg_token *token = get_token(conn);
    authorization(conn);
    get_secrets(conn, alias);
    server_version(conn);
    if (token) check_jwt(conn, token);
    if (token) delete_token(conn, token);
    drop_secret(conn, alias);
    tg_token_free(token);
    return conn;
}

/* ---- What is left ---- */

/* Threads, descriptors, bytes and blocks, once the library's threads have ended. */
static void tell_usage(void) {
    for (int ms = 0; ms < 3000 && entries("/proc/self/task") > 1; ms++) usleep(1000);
    say("left\t%ld\t%ld\t%ld\t%ld", entries("/proc/self/task"), entries("/proc/self/fd") - 1, shim->live_bytes(),
        shim->live_blocks());
}

static void tell_trace(int number) {
    const void *addresses[64];
    char line[64 * 20] = "";
    size_t count = shim->trace(addresses, 64), used = 0;
    for (size_t i = 0; i < count; i++) used += (size_t)snprintf(line + used, sizeof line - used, " %p", addresses[i]);
    /* On a line of its own, whatever Rust is writing meanwhile. */
    say("\nabort\t%s", line);
    signal(number, SIG_DFL);
}

static void ignore(int number) {
    (void)number;
}

/* SIGALRM at 1 kHz, without SA_RESTART. */
static void rain(int hertz) {
    struct sigaction action = {.sa_handler = ignore};
    struct itimerval timer = {{0, hertz ? 1000000 / hertz : 0}, {0, hertz ? 1000000 / hertz : 0}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* ---- Commands ---- */

static const char *const kinds[SHIM_KINDS] = {"system", "memory", "thread"};

static void plan(char **fields) {
    for (int i = 0; i < SHIM_KINDS; i++) {
        int fits = strcmp(kinds[i], fields[0]) == 0;
        shim->plan(i, atol(fields[1]), fits ? atol(fields[2]) : 0, atoi(fields[3]));
    }
}

static void tell_counts(void) {
    say("struck\t%s", shim->struck());
    for (int i = 0; i < SHIM_KINDS; i++) say("calls\t%s\t%ld", kinds[i], shim->calls(i));
}

/* The life that the command asks for, then proof that the handle is good once more, and that a second life
 * leaves nothing behind that a good one would not. */
static void in_child(char **fields) {
    int signals = strcmp(fields[0], "signals") == 0;
    signal(SIGABRT, tell_trace);
    for (int lives = atoi(fields[4]); lives > 0; lives--) {
        plan(fields);
        if (signals) rain(1000);
        tg_conn *conn = live(FIRST);
        if (signals) rain(0);
        tell_counts();
        for (int i = 0; i < SHIM_KINDS; i++) shim->plan(i, 0, 0, 0);
        say("healthy");
        if (!conn) conn = connected();
        tg_token_free(get_token(conn));
        tg_conn_free(conn);
    }
    /* Only now, because a failed life has left less than others in what the process keeps. */
    tg_conn_free(live(SECOND));
    tell_usage();
    _exit(0);
}

static void one_life(char **fields) {
    int status = 0;
    pid_t child = fork();
    if (child < 0) abort();
    if (child == 0) {
        dup2(1, 2);
        in_child(fields);
    }
    for (long ms = 0; waitpid(child, &status, WNOHANG) == 0; ms++) {
        if (ms == LIMIT_MS) kill(child, SIGKILL);
        usleep(1000);
    }
    say("\nend\t%d", status);
}

int main(int argc, char **argv) {
    char *line = NULL, *fields[5];
    size_t room = 0;
    shim = dlsym(RTLD_DEFAULT, "shim");
    if (argc != 5 || !shim) return 2;
    url = argv[1], ca_file = argv[2], user = argv[3], password = argv[4];
    while (getline(&line, &room, stdin) > 0) {
        char *rest = line;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < 5; i++) fields[i] = strsep(&rest, "\t");
        if (!fields[4]) return 2;
        one_life(fields);
    }
    free(line);
    return 0;
}
