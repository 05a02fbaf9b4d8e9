/* Forks of a process with busy threads: the child uses the inherited handle with sockets of its own, and
 * the parent's connection is not disturbed.
 *     fork URL CA-FILE SECRET FORKS      CA-FILE "-": plain http */
#include "check.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUSY 64

static tg_conn *conn;
static const char *secret, *token_value;
static atomic_int stop;

/* The longest call of this process since the last fork, in microseconds: it tells how busy the machine is. */
static atomic_long longest;

/* Asks the server something for which it looks at the token. No server before 4.1 checks tokens. */
static tg_status use_token(const char *value) {
    int32_t valid = 0;
    tg_status status = tg_check_jwt_token(conn, value, &valid, NULL);
    if (status == TG_STATUS_UNSUPPORTED) return tg_server_version(conn, &valid, NULL, NULL, NULL);
    return status == TG_STATUS_OK && !valid ? TG_STATUS_UNAUTHENTICATED : status;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void *keep_busy(void *unused) {
    while (!stop) {
        double began = now();
        use_token(token_value);
        long took = (long)(1e6 * (now() - began)), known = longest;
        while (took > known && !atomic_compare_exchange_weak(&longest, &known, took)) {}
        usleep(50000);
    }
    return unused;
}

/* What the child does; its exit code says what went wrong. */
static int in_child(int number) {
    tg_token *token = NULL;
    if (tg_current_token(conn, &token, NULL) != TG_STATUS_OK) return 1;
    if (strcmp(tg_token_value(token), token_value) != 0) return 2;
    tg_token_free(token);
    /* The managed token is in the child as well; without it, the child gets one of its own. */
    if (tg_authorization(conn, &token, NULL) != TG_STATUS_OK) return 6;
    if (strcmp(tg_token_value(token), token_value) != 0) return 7;
    if (number % 10 == 0) {
        tg_reject_token(conn, token);
        tg_token *own = NULL;
        if (tg_authorization(conn, &own, NULL) != TG_STATUS_OK) return 8;
        if (strcmp(tg_token_value(own), token_value) == 0) return 9;
        tg_token_free(own);
    }
    tg_status status = use_token(tg_token_value(token));
    tg_token_free(token);
    /* Not every child, because servers keep all tokens. */
    if (status == TG_STATUS_OK && number % 10 == 0) status = tg_get_token(conn, secret, 60, 0, NULL, NULL);
    if (status != TG_STATUS_OK) {
        fprintf(stderr, "child: %s\n", tg_last_error_message());
        return 3;
    }
    tg_conn *clone = tg_conn_clone(conn);
    if (tg_get_token(clone, "wrong", 0, 0, NULL, NULL) != TG_STATUS_UNAUTHENTICATED) return 4;
    tg_conn_free(clone);
    tg_conn_free(conn);
    return 0;
}

int main(int argc, char **argv) {
    CHECK(argc > 4);
    tg_config *config = tg_config_new(argv[1]);
    if (strcmp(argv[2], "-") != 0) tg_config_set_ca_file(config, argv[2]);
    secret = argv[3];
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    tg_token *token = NULL;
    CHECK(tg_get_token(conn, secret, 3600, 0, &token, NULL) == TG_STATUS_OK);
    token_value = tg_token_value(token);
    pthread_t threads[BUSY];
    for (int i = 0; i < BUSY; i++) CHECK(pthread_create(&threads[i], NULL, keep_busy, NULL) == 0);
    for (int i = 0, forks = atoi(argv[4]); i < forks; i++) {
        longest = 0;
        double began = now();
        pid_t child = fork();
        if (child == 0) _exit(in_child(i));
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child);
        /* A second for its five requests, and as much for each as one takes here. */
        double took = now() - began, allowed = 1.0 + 5e-6 * (double)longest;
        CHECK(took < allowed);
        if (took >= allowed) printf("fork %d: %f s, %f are allowed\n", i, took, allowed);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) printf("fork %d: status %#x\n", i, (unsigned)status);
    }
    stop = 1;
    for (int i = 0; i < BUSY; i++) pthread_join(threads[i], NULL);
    /* The parent's handle and its own connections go on. */
    tg_token *own = NULL;
    CHECK(tg_current_token(conn, &own, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_token_value(own), tg_token_value(token));
    CHECK(tg_get_token(conn, secret, 60, 0, NULL, NULL) == TG_STATUS_OK);
    tg_token_free(own);
    tg_token_free(token);
    tg_conn_free(conn);
    return finish();
}
