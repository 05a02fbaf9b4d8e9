/* One of many processes that share a token cache: HOST VERSION LOGIN CREDENTIAL FOLDER LIFETIME RENEW_BEFORE. LOGIN is a
 * user name, or "secret". It says "ready" and then answers each line on its standard input with one line. */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <tigergraph_auth.h>
#include <time.h>
#include <unistd.h>

static tg_conn *conn;
static tg_token *last;

static void log_line(int32_t level, const char *message, void *user_data) {
    (void)user_data;
    fprintf(stderr, "%" PRId32 " %s\n", level, message);
}

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void get(void) {
    tg_error *error = NULL;
    tg_token *token = NULL;
    int64_t before = now_us();
    tg_status status = tg_authorization(conn, &token, &error);
    int64_t after = now_us();
    if (status == TG_STATUS_OK) {
        printf("token %s %" PRId64 " %" PRId64 " %" PRId64 "\n", tg_token_value(token), after, after - before,
               tg_token_expires_at(token));
        tg_token_free(last);
        last = token;
    } else {
        printf("failed %s %" PRId64 " %" PRId64 " 0\n", tg_error_reason(error), after, after - before);
    }
    tg_error_free(error);
}

static void delete(void) {
    tg_error *error = NULL;
    tg_status status = tg_delete_token(conn, NULL, tg_token_value(last), 0, &error);
    puts(status == TG_STATUS_OK ? "deleted" : tg_error_reason(error));
    tg_error_free(error);
}

static void *get_in_background(void *unused) {
    tg_token *token = NULL;
    tg_authorization(conn, &token, NULL);
    tg_token_free(token);
    return unused;
}

/* A child that holds what it inherited until it is killed. */
static void fork_and_stay(void) {
    pid_t child = fork();
    if (child == 0) {
        close(0), close(1), close(2);
        for (;;) pause();
    }
    printf("child %d\n", (int)child);
}

/* A child that asks for a token itself. */
static void get_in_child(void) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        get();
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void report(void) {
    tg_report *made = NULL;
    tg_diagnose(conn, TG_REPORT_OFFLINE, &made, NULL);
    printf("report %s\n", tg_report_json(made));
    tg_report_free(made);
}

static void limit_files(void) {
    struct rlimit none = {0, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &none) != 0) abort();
    puts("limited");
}

static int connect_to(char **argv) {
    tg_error *error = NULL;
    tg_config *config = tg_config_new(argv[1]);
    tg_config_set_server_version(config, argv[2]);
    tg_config_set_graph(config, argv[2][0] < '4' ? "MyGraph" : NULL);
    if (strcmp(argv[3], "secret") == 0) tg_config_set_secret(config, argv[4]);
    else tg_config_set_password(config, argv[3], argv[4]);
    tg_config_set_token_cache(config, argv[5]);
    tg_config_set_token_lifetime(config, atol(argv[6]), atol(argv[7]));
    tg_config_set_log(config, TG_LOG_WARN, log_line, NULL, NULL);
    tg_status status = tg_conn_new(config, &conn, &error);
    tg_config_free(config);
    if (status == TG_STATUS_OK) puts("ready");
    else printf("failed %s %s\n", tg_error_reason(error), tg_error_message(error));
    tg_error_free(error);
    return status == TG_STATUS_OK;
}

int main(int argc, char **argv) {
    char line[64];
    pthread_t thread;
    if (argc < 8) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!connect_to(argv)) return 1;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "get") == 0) get();
        else if (strcmp(line, "get in child") == 0) get_in_child();
        else if (strcmp(line, "fork") == 0) fork_and_stay();
        else if (strcmp(line, "report") == 0) report();
        else if (strcmp(line, "limit files") == 0) limit_files();
        else if (strcmp(line, "reject") == 0) tg_reject_token(conn, last), puts("rejected");
        else if (strcmp(line, "delete") == 0) delete();
        else if (strcmp(line, "begin") == 0) puts(pthread_create(&thread, NULL, get_in_background, NULL) ? "no thread" : "begun");
        else if (strcmp(line, "new") == 0) tg_conn_free(conn), connect_to(argv);
        else return 3;
    }
    tg_token_free(last);
    tg_conn_free(conn);
    return 0;
}
