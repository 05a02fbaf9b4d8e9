/* Timers of an event loop while the server hangs: how late they go off in a loop that asks for a token at each of them,
 * beside the same loop without the library.
 *     timers URL SECRET      prints what it counted, and the lateness in microseconds */
#include <time.h>

#include "event.h"
#include "check.h"

#define TIMERS 10000
/* All of them within this. */
#define NANOSECONDS INT64_C(5000000000)

static int64_t lateness[TIMERS];
static event woken;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void wake(void *unused) {
    (void)unused;
    if (!event_set(woken)) abort();
}

static int by_size(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Waits until then or until the loop is woken; whether it was. */
static int wait_until(int64_t then) {
    int64_t left = then - now();
    return left > 0 && event_wait(woken, left) > 0;
}

/* Runs the timers; conn NULL: without the library. Counts the wakeups and how often the answer was PENDING. */
static void run(const char *name, tg_conn *conn) {
    int64_t began = now();
    int pending = 0, tokens = 0, wakeups = 0;
    for (int i = 0; i < TIMERS; i++) {
        int64_t then = began + NANOSECONDS * i / TIMERS;
        while (wait_until(then)) wakeups++;
        lateness[i] = now() - then;
        if (conn == NULL) continue;
        tg_token *token = NULL;
        tg_status status = tg_try_authorization(conn, &token, NULL);
        pending += status == TG_STATUS_PENDING;
        tokens += status == TG_STATUS_OK;
        tg_token_free(token);
    }
    qsort(lateness, TIMERS, sizeof *lateness, by_size);
    printf("%s: %d timers, late by %.1f us (median), %.1f us (99 %%), %.1f us (most)", name, TIMERS,
           (double)lateness[TIMERS / 2] / 1e3, (double)lateness[TIMERS / 100 * 99] / 1e3,
           (double)lateness[TIMERS - 1] / 1e3);
    if (conn != NULL) printf("; %d pending, %d tokens, %d wakeups", pending, tokens, wakeups);
    printf("\n");
    if (conn != NULL) CHECK(pending + tokens == TIMERS && pending > 0 && wakeups <= 1);
}

int main(int argc, char **argv) {
    CHECK(argc > 2);
    tg_config *config = tg_config_new(argv[1]);
    tg_conn *conn = NULL;
    tg_config_set_secret(config, argv[2]);
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    woken = event_new();
    tg_conn_set_wakeup(conn, wake, NULL, NULL);
    run("without the library", NULL);
    run("with it, while the server hangs", conn);
    /* The server answers at last. */
    tg_token *token = NULL;
    tg_status status = tg_try_authorization(conn, &token, NULL);
    if (status == TG_STATUS_PENDING) {
        CHECK(event_wait(woken, 20 * INT64_C(1000000000)) > 0);
        status = tg_try_authorization(conn, &token, NULL);
    }
    CHECK(status == TG_STATUS_OK);
    tg_token_free(token);
    tg_conn_free(conn);
    return finish();
}
