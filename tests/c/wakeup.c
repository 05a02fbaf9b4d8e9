/* Chapter wakeup: a token, an error or PENDING, at once; each promised wakeup comes once, and is released after that.
 *     wakeup URL SECRET [fork]      a server whose tokens take a moment; "fork": forks alone */
#ifndef _WIN32
#include "interpose.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "check.h"
#include "event.h"

static const char *url, *secret;
/* What goes wrong in a wakeup, whose thread must not count as the others do. */
static atomic_int wrong;

#ifndef _WIN32
static atomic_int no_threads;

/* The library's threads are made by this. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    NEXT(pthread_create)
    return no_threads ? EAGAIN : real(thread, attributes, start, argument);
}
#endif

/* Counts its runs and releases, and does something more in a run. */
struct bell {
    event event;
    atomic_int rings, releases;
    void (*then)(struct bell *);
    tg_conn *conn;
};

static void wake(void *user_data) {
    struct bell *bell = user_data;
    if (bell->releases != 0) wrong++;
    if (bell->then != NULL) bell->then(bell);
    bell->rings++;
    if (!event_set(bell->event)) wrong++;
}

static void release(void *user_data) {
    struct bell *bell = user_data;
    bell->releases++;
}

static struct bell new_bell(void) { return (struct bell){.event = event_new()}; }

static tg_conn *connect_anew(void) {
    tg_config *config = tg_config_new(url);
    tg_conn *conn = NULL;
    tg_config_set_secret(config, secret);
    tg_config_set_server_version(config, "4.2");
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return conn;
}

/* Whether the bell rings once within so many milliseconds, as a loop hears it. */
static int rings(struct bell *bell, int limit_ms) {
    return event_wait(bell->event, limit_ms * INT64_C(1000000)) == 1;
}

/* Whether the counter gets there: another thread may be the last to let go. */
static int becomes(atomic_int *counter, int wanted) {
    for (int waited = 0; waited < 5000 && *counter < wanted; waited++) nanosleep(&(struct timespec){0, 1000000}, NULL);
    return *counter == wanted;
}

static void assert_pending(tg_conn *conn) {
    tg_token *token = (tg_token *)(void *)&token;
    CHECK_FAILS(tg_try_authorization(conn, &token, &error), TG_STATUS_PENDING, "pending");
    CHECK(token == NULL);
    CHECK(tg_error_retry_after_ms(tg_last_error()) == -1 && tg_error_hint(tg_last_error())[0] != '\0');
}

static void assert_token(tg_conn *conn) {
    tg_token *token = NULL;
    tg_error *error = (tg_error *)(void *)&token;
    CHECK(tg_try_authorization(conn, &token, &error) == TG_STATUS_OK);
    CHECK(error == NULL && tg_error_status(tg_last_error()) == TG_STATUS_OK);
    CHECK(strncmp(tg_token_header(token), "Bearer ", 7) == 0);
    tg_token_free(token);
}

static void a_token_after_a_wakeup(void) {
    struct bell bell = new_bell();
    tg_conn *conn = connect_anew();
    tg_conn_set_wakeup(conn, wake, &bell, release);
    for (int i = 0; i < 10; i++) assert_pending(conn);
    CHECK(rings(&bell, 5000));
    assert_token(conn);
    assert_token(conn);
    CHECK(!rings(&bell, 100) && bell.rings == 1 && bell.releases == 0);
    tg_conn_free(conn);
    CHECK(becomes(&bell.releases, 1));
    event_free(bell.event);
}

static void released_at_once(void) {
    struct bell bell = new_bell();
    tg_conn *conn = connect_anew();
    tg_conn_set_wakeup(NULL, wake, &bell, release);
    CHECK(bell.releases == 1);
    tg_conn_set_wakeup(conn, NULL, &bell, release);
    CHECK(bell.releases == 2);
    tg_conn_set_wakeup(conn, NULL, NULL, NULL);
    bell.releases = 0;
    tg_conn_set_wakeup(conn, wake, &bell, release);
    tg_conn_set_wakeup(conn, wake, &bell, NULL);
    CHECK(bell.releases == 1);
    tg_conn_free(conn);
    CHECK(bell.releases == 1 && bell.rings == 0);
    event_free(bell.event);
}

static void replaced_while_it_is_owed(void) {
    struct bell first = new_bell(), second = new_bell();
    tg_conn *conn = connect_anew();
    tg_conn_set_wakeup(conn, wake, &first, release);
    assert_pending(conn);
    tg_conn_set_wakeup(conn, wake, &second, release);
    CHECK(first.releases == 1);
    CHECK(rings(&second, 5000) && first.rings == 0);
    assert_token(conn);
    tg_conn_free(conn);
    CHECK(becomes(&second.releases, 1));
    event_free(first.event);
    event_free(second.event);
}

static void cancelled_and_freed(void) {
    struct bell bell = new_bell(), of_clone = new_bell();
    tg_conn *conn = connect_anew(), *clone = tg_conn_clone(conn);
    tg_conn_set_wakeup(conn, wake, &bell, release);
    assert_pending(conn);
    tg_conn_cancel(conn);
    CHECK(rings(&bell, 0));
    tg_conn_cancel(conn);
    CHECK(!rings(&bell, 50));
    /* The clone has none until it gets one. */
    assert_pending(clone);
    tg_conn_set_wakeup(clone, wake, &of_clone, release);
    assert_pending(conn);
    tg_conn_free(conn);
    CHECK(rings(&bell, 0) && becomes(&bell.releases, 1) && bell.rings == 2);
    CHECK(rings(&of_clone, 5000));
    assert_token(clone);
    tg_conn_free(clone);
    CHECK(becomes(&of_clone.releases, 1));
    event_free(bell.event);
    event_free(of_clone.event);
}

static void replace_from_within(struct bell *bell) {
    struct bell *next = (struct bell *)(void *)bell->conn;
    bell->then = NULL;
    tg_conn_set_wakeup(next->conn, wake, next, release);
}

static void free_from_within(struct bell *bell) {
    tg_conn_free(bell->conn);
    if (bell->releases != 0) wrong++;
}

static void calls_from_within(void) {
    struct bell first = new_bell(), second = new_bell();
    tg_conn *conn = connect_anew();
    first.then = replace_from_within;
    first.conn = (tg_conn *)(void *)&second;
    second.conn = conn;
    second.then = free_from_within;
    tg_conn_set_wakeup(conn, wake, &first, release);
    assert_pending(conn);
    CHECK(rings(&first, 5000) && becomes(&first.releases, 1));
    tg_token *token = NULL;
    CHECK(tg_try_authorization(conn, &token, NULL) == TG_STATUS_OK);
    tg_reject_token(conn, token);
    tg_token_free(token);
    assert_pending(conn);
    /* The last that its wakeup does is to free it. */
    CHECK(rings(&second, 5000) && becomes(&second.releases, 1));
    CHECK(first.rings == 1 && second.rings == 1);
    event_free(first.event);
    event_free(second.event);
}

#ifndef _WIN32
static void where_no_thread_can_be_made(void) {
    struct bell bell = new_bell();
    tg_conn *conn = connect_anew();
    tg_token *token = NULL;
    tg_conn_set_wakeup(conn, wake, &bell, release);
    no_threads = 1;
    for (int i = 0; i < 3; i++) {
        CHECK_FAILS(tg_try_authorization(conn, &token, &error), TG_STATUS_CONNECT, "connect.resource");
        CHECK(token == NULL && tg_error_retry_after_ms(tg_last_error()) > 0);
    }
    no_threads = 0;
    CHECK(!rings(&bell, 50));
    assert_pending(conn);
    CHECK(rings(&bell, 5000));
    assert_token(conn);
    tg_conn_free(conn);
    CHECK(becomes(&bell.releases, 1));
    event_free(bell.event);
}

/* A child whose parent was promised a wakeup hears nothing of it, and gets its own for what it asks itself. */
static int in_child(tg_conn *conn, struct bell *bell) {
    bell->event = event_new();
    CHECK(!rings(bell, 700) && bell->rings == 0);
    assert_pending(conn);
    CHECK(rings(bell, 5000) && bell->rings == 1);
    assert_token(conn);
    tg_conn_free(conn);
    CHECK(becomes(&bell->releases, 1));
    return failures + wrong != 0;
}

static void forks(void) {
    for (int i = 0; i < 5; i++) {
        struct bell bell = new_bell();
        tg_conn *conn = connect_anew();
        tg_conn_set_wakeup(conn, wake, &bell, release);
        assert_pending(conn);
        pid_t child = fork();
        if (child == 0) {
            int failed = in_child(conn, &bell);
            fflush(stdout);
            _exit(failed);
        }
        int status = -1;
        CHECK(rings(&bell, 5000));
        assert_token(conn);
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
        tg_conn_free(conn);
        CHECK(becomes(&bell.releases, 1) && bell.rings == 1);
        event_free(bell.event);
    }
}
#endif

int main(int argc, char **argv) {
    CHECK(argc > 2);
    url = argv[1];
    secret = argv[2];
#ifndef _WIN32
    if (argc > 3) {
        forks();
        CHECK(wrong == 0);
        return finish();
    }
    where_no_thread_can_be_made();
#endif
    a_token_after_a_wakeup();
    released_at_once();
    replaced_while_it_is_owed();
    cancelled_and_freed();
    calls_from_within();
    CHECK(wrong == 0);
    return finish();
}
