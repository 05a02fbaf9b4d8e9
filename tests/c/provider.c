/* Chapter token providers: who answers, when, with what, and what becomes of it. Arguments: a stand-in of 4.2 and a
 * secret of alice there. */
#ifndef _WIN32
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "check.h"

static const char *url;
static tg_conn *issuer;

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What the provider does, and what it saw. */
struct plan {
    void (*act)(tg_provider_request *request, struct plan *plan);
    tg_conn *own;
    atomic_int asked, running, returned, released, go, saw_cancel;
    int status, retry_ms;
    const char *words;
};

static void provide(tg_provider_request *request, void *user_data) {
    struct plan *plan = user_data;
    CHECK(plan->released == 0);
    CHECK(plan->running++ == 0);
    plan->asked++;
    plan->act(request, plan);
    plan->running--;
    plan->returned++;
}

static void release(void *user_data) {
    struct plan *plan = user_data;
    CHECK(plan->running == 0);
    plan->released++;
}

static tg_conn *connect_to(struct plan *plan, uint32_t total_ms) {
    tg_config *config = tg_config_new(url);
    tg_config_set_timeouts(config, 0, total_ms);
    tg_config_set_token_provider(config, provide, plan, release);
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    CHECK(plan->released == 0);
    return conn;
}

/* Frees the last handle; the provider may still be on its way out. */
static void released_once(tg_conn *conn, struct plan *plan) {
    tg_conn_free(conn);
    for (int waited = 0; waited < 3000 && plan->released == 0; waited++) pause_ms(1);
    pause_ms(5);
    CHECK(plan->released == 1);
}

static tg_status ask(tg_conn *conn) {
    tg_token *token = NULL;
    tg_status status = tg_authorization(conn, &token, NULL);
    CHECK((token != NULL) == (status == TG_STATUS_OK));
    tg_token_free(token);
    return status;
}

#define ASKS(conn, wanted_status, wanted_reason)                               \
    do {                                                                       \
        tg_token *none = NULL;                                                 \
        CHECK_FAILS(tg_authorization((conn), &none, &error), (wanted_status), (wanted_reason)); \
        CHECK(none == NULL);                                                   \
    } while (0)

/* A token of the server's that lives for so many seconds. */
static void issue(tg_provider_request *request, int64_t lifetime_s) {
    tg_token *token = NULL;
    CHECK(tg_get_token(issuer, NULL, lifetime_s, TG_TOKEN_KEEP_CURRENT, &token, NULL) == TG_STATUS_OK);
    CHECK(tg_provider_request_set_token(request, tg_token_value(token), 0, NULL) == TG_STATUS_OK);
    tg_token_free(token);
}

static void good(tg_provider_request *request, struct plan *plan) {
    (void)plan;
    int64_t left = tg_provider_request_time_left_ms(request);
    CHECK(left > 0 && left <= 5000);
    CHECK(tg_provider_request_is_cancelled(request) == 0);
    issue(request, 3600);
}

static void the_usual(void) {
    struct plan plan = {.act = good};
    tg_conn *conn = connect_to(&plan, 5000);
    CHECK(plan.asked == 0);
    tg_secrets *secrets = NULL;
    CHECK(tg_get_secrets(conn, NULL, &secrets, NULL) == TG_STATUS_OK);
    CHECK(tg_secrets_count(secrets) == 1);
    tg_secrets_free(secrets);
    tg_token *token = NULL, *current = NULL;
    CHECK(tg_authorization(conn, &token, NULL) == TG_STATUS_OK);
    CHECK(tg_current_token(conn, &current, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_token_value(token), tg_token_value(current));
    CHECK(tg_token_expires_at(token) > time(NULL) + 3000);
    int32_t valid = 0;
    CHECK(tg_check_token(conn, token, &valid, NULL) == TG_STATUS_OK && valid == 1);
    CHECK(plan.asked == 1);
    tg_reject_token(conn, token);
    CHECK(ask(conn) == TG_STATUS_OK && plan.asked == 2);
    tg_token_free(current);

    current = NULL;
    CHECK_FAILS(tg_get_token(conn, NULL, 60, 0, &current, &error), TG_STATUS_INVALID_ARGUMENT, "argument.range");
    CHECK_FAILS(tg_get_token(conn, NULL, 0, TG_TOKEN_GLOBAL, &current, &error), TG_STATUS_INVALID_ARGUMENT,
                "argument.flags");
    CHECK_FAILS(tg_refresh_token(conn, NULL, NULL, 0, 0, &current, &error), TG_STATUS_UNSUPPORTED,
                "unsupported.refresh");
    CHECK(plan.asked == 2 && current == NULL);
    CHECK(tg_refresh_token(conn, NULL, NULL, 0, TG_TOKEN_OR_NEW, NULL, NULL) == TG_STATUS_OK);
    CHECK(tg_get_token(conn, NULL, 0, TG_TOKEN_KEEP_CURRENT, &current, NULL) == TG_STATUS_OK);
    CHECK(plan.asked == 4);
    tg_token_free(current);
    tg_token_free(token);
    released_once(conn, &plan);
}

static void *answer_twice(void *request) {
    const char *words = "too late";
    CHECK(tg_provider_request_set_token(request, "the-first-token", 0, NULL) == TG_STATUS_OK);
    CHECK_FAILS(tg_provider_request_set_token(request, "the-second-token", 0, &error), TG_STATUS_INVALID_ARGUMENT,
                "argument.range");
    CHECK_FAILS(tg_provider_request_fail(request, TG_STATUS_CONNECT, words, -1, &error), TG_STATUS_INVALID_ARGUMENT,
                "argument.range");
    return NULL;
}

static void from_another_thread(tg_provider_request *request, struct plan *plan) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, answer_twice, request) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    while (!plan->go) pause_ms(1);
}

static void the_first_answer_counts(void) {
    struct plan plan = {.act = from_another_thread};
    tg_conn *conn = connect_to(&plan, 5000);
    tg_token *token = NULL;
    CHECK(tg_authorization(conn, &token, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_token_value(token), "the-first-token");
    CHECK(tg_token_expires_at(token) == 0 && plan.returned == 0);
    tg_token_free(token);
    plan.go = 1;
    released_once(conn, &plan);
}

static void says_nothing(tg_provider_request *request, struct plan *plan) {
    (void)request;
    (void)plan;
}

static void fails(tg_provider_request *request, struct plan *plan) {
    CHECK(tg_provider_request_fail(request, plan->status, plan->words, plan->retry_ms, NULL) == TG_STATUS_OK);
}

static void failures_of_the_provider(void) {
    struct plan silent = {.act = says_nothing};
    tg_conn *conn = connect_to(&silent, 5000);
    ASKS(conn, TG_STATUS_UNAVAILABLE, "provider.unavailable");
    released_once(conn, &silent);
    for (int status = -1; status < 25; status++) {
        struct plan plan = {.act = fails, .status = status, .words = "secret=canary-of-more-than-20-letters", .retry_ms = 7000};
        conn = connect_to(&plan, 5000);
        int refused = status == TG_STATUS_UNAUTHENTICATED || status == TG_STATUS_FORBIDDEN;
        for (int times = 0; times < 2; times++) {
            if (refused) ASKS(conn, TG_STATUS_UNAUTHENTICATED, "provider.refused");
            else ASKS(conn, TG_STATUS_UNAVAILABLE, "provider.unavailable");
            CHECK(strstr(tg_last_error_message(), "canary") == NULL);
            CHECK(strstr(tg_last_error_message(), "secret=") != NULL);
            CHECK(tg_error_retry_after_ms(tg_last_error()) > 6000);
        }
        CHECK(plan.asked == 1);
        released_once(conn, &plan);
    }
}

static void wrong_arguments(tg_provider_request *request, struct plan *plan) {
    CHECK_FAILS(tg_provider_request_set_token(NULL, "a-good-token", 0, &error), TG_STATUS_INVALID_ARGUMENT,
                "argument.null");
    CHECK_FAILS(tg_provider_request_set_token(request, NULL, 0, &error), TG_STATUS_INVALID_ARGUMENT, "argument.null");
    CHECK_FAILS(tg_provider_request_fail(request, 12, NULL, -1, &error), TG_STATUS_INVALID_ARGUMENT, "argument.null");
    CHECK_FAILS(tg_provider_request_fail(request, 12, "\xff", -1, &error), TG_STATUS_INVALID_ARGUMENT, "argument.utf8");
    CHECK_FAILS(tg_provider_request_set_token(request, "a-good-token", -1, &error), TG_STATUS_INVALID_ARGUMENT,
                "argument.range");
    CHECK_FAILS(tg_provider_request_set_token(request, plan->words, 0, &error), TG_STATUS_PROTOCOL, "protocol.shape");
}

static void what_is_no_token(void) {
    const char *words[] = {"", "1234567", "Bearer 12345678", "12345678\n", "1234,5678"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct plan plan = {.act = wrong_arguments, .words = words[i]};
        tg_conn *conn = connect_to(&plan, 5000);
        ASKS(conn, TG_STATUS_PROTOCOL, "protocol.shape");
        released_once(conn, &plan);
    }
}

static void asks_itself(tg_provider_request *request, struct plan *plan) {
    tg_conn *clone = tg_conn_clone(plan->own);
    tg_token *token = NULL;
    ASKS(plan->own, TG_STATUS_INVALID_ARGUMENT, "argument.recursion");
    ASKS(clone, TG_STATUS_INVALID_ARGUMENT, "argument.recursion");
    CHECK_FAILS(tg_get_token(clone, NULL, 0, 0, &token, &error), TG_STATUS_INVALID_ARGUMENT, "argument.recursion");
    CHECK_FAILS(tg_refresh_token(clone, NULL, NULL, 0, TG_TOKEN_OR_NEW, &token, &error), TG_STATUS_INVALID_ARGUMENT,
                "argument.recursion");
    tg_conn_free(clone);
    /* Another connection has its own login. */
    CHECK(ask(issuer) == TG_STATUS_OK);
    issue(request, 3600);
}

static void recursion(void) {
    struct plan plan = {.act = asks_itself};
    tg_conn *conn = plan.own = connect_to(&plan, 5000);
    CHECK(ask(conn) == TG_STATUS_OK && plan.asked == 1);
    /* Also where the connection holds a good token. */
    CHECK(tg_get_token(conn, NULL, 0, 0, NULL, NULL) == TG_STATUS_OK && plan.asked == 2);
    released_once(conn, &plan);
}

static void waits_until_it_is_cancelled(tg_provider_request *request, struct plan *plan) {
    while (!tg_provider_request_is_cancelled(request)) pause_ms(1);
    CHECK(tg_provider_request_time_left_ms(request) == 0);
    CHECK_FAILS(tg_provider_request_set_token(request, "a-token-too-late", 0, &error), TG_STATUS_CANCELLED, "cancelled");
    CHECK_FAILS(tg_provider_request_fail(request, 12, "too late", -1, &error), TG_STATUS_CANCELLED, "cancelled");
    plan->saw_cancel++;
    while (!plan->go) pause_ms(1);
}

static void *ask_and_tell(void *conn) {
    return (void *)(intptr_t)ask(conn);
}

static void cancellation(void) {
    struct plan plan = {.act = waits_until_it_is_cancelled};
    tg_conn *conn = connect_to(&plan, 20000);
    pthread_t thread;
    void *status;
    CHECK(pthread_create(&thread, NULL, ask_and_tell, conn) == 0);
    while (plan.running == 0) pause_ms(1);
    pause_ms(20);
    int64_t began = now_ms();
    tg_conn_cancel(conn);
    CHECK(pthread_join(thread, &status) == 0);
    CHECK((intptr_t)status == TG_STATUS_CANCELLED && now_ms() - began < 100);
    while (plan.saw_cancel == 0) pause_ms(1);
    /* Freed while it runs: nothing waits, and it is released when it has returned. */
    began = now_ms();
    tg_conn_free(conn);
    CHECK(now_ms() - began < 100 && plan.released == 0);
    plan.go = 1;
    released_once(NULL, &plan);
    CHECK(plan.asked == 1);
}

static void freed_while_it_runs(void) {
    struct plan plan = {.act = waits_until_it_is_cancelled, .go = 1};
    tg_conn *conn = connect_to(&plan, 20000);
    tg_conn *clone = tg_conn_clone(conn);
    tg_conn_set_timeout(clone, 100);
    CHECK(ask(clone) == TG_STATUS_TIMEOUT);
    CHECK(plan.running == 1);
    tg_conn_free(clone);
    pause_ms(20);
    CHECK(plan.saw_cancel == 0);
    released_once(conn, &plan);
    CHECK(plan.saw_cancel == 1 && plan.asked == 1);
}

static void overstaying(void) {
    struct plan plan = {.act = waits_until_it_is_cancelled};
    tg_conn *conn = connect_to(&plan, 200);
    ASKS(conn, TG_STATUS_TIMEOUT, "timeout.response");
    for (int times = 0; times < 4; times++) {
        ASKS(conn, TG_STATUS_UNAVAILABLE, "provider.unavailable");
        CHECK_FAILS(tg_get_token(conn, NULL, 0, 0, NULL, &error), TG_STATUS_UNAVAILABLE, "provider.unavailable");
        pause_ms(250);
    }
    CHECK(plan.asked == 1);
    plan.act = good;
    plan.go = 1;
    while (plan.running) pause_ms(1);
    tg_conn_set_timeout(conn, 5000);
    CHECK(tg_get_token(conn, NULL, 0, 0, NULL, NULL) == TG_STATUS_OK && plan.asked == 2);
    released_once(conn, &plan);
}

static void slow(tg_provider_request *request, struct plan *plan) {
    (void)plan;
    pause_ms(100);
    issue(request, 3600);
}

static void many_threads(void) {
    struct plan plan = {.act = slow};
    tg_conn *conn = connect_to(&plan, 20000);
    pthread_t threads[64];
    for (int i = 0; i < 64; i++) CHECK(pthread_create(&threads[i], NULL, ask_and_tell, conn) == 0);
    for (int i = 0; i < 64; i++) {
        void *status = NULL;
        CHECK(pthread_join(threads[i], &status) == 0);
        CHECK((intptr_t)status == TG_STATUS_OK);
    }
    CHECK(plan.asked == 1);
    released_once(conn, &plan);
}

/* The threads of this process with that name; where there is no such list, as many as there should be. */
#ifdef _WIN32
static int threads_named(const char *wanted, int should) {
    (void)wanted;
    return should;
}
#else
static int threads_named(const char *wanted, int should) {
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    if (tasks == NULL) return should;
    for (struct dirent *task = readdir(tasks); task; task = readdir(tasks)) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL) continue;
        if (fgets(name, sizeof name, file)) name[strcspn(name, "\n")] = '\0';
        fclose(file);
        count += strcmp(name, wanted) == 0;
    }
    closedir(tasks);
    return count;
}
#endif

/* Takes a megabyte of stack, or nearly. */
__attribute__((noinline)) static int deep(void) {
    volatile char room[800 * 1024];
    for (size_t i = 0; i < sizeof room; i += 512) room[i] = (char)i;
    return room[512 * 7];
}

static void looks_at_its_thread(tg_provider_request *request, struct plan *plan) {
#ifndef _WIN32
    sigset_t blocked;
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0);
    CHECK(sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGUSR1) == 1);
#endif
    CHECK(threads_named("tg-provider", 1) == 1);
    deep();
    plan->saw_cancel = 1;
    issue(request, 3600);
}

static void its_thread(void) {
    struct plan plan = {.act = looks_at_its_thread};
    tg_conn *conn = connect_to(&plan, 5000);
    CHECK(ask(conn) == TG_STATUS_OK && plan.saw_cancel == 1);
    released_once(conn, &plan);
    for (int waited = 0; waited < 2000 && threads_named("tg-provider", 0); waited++) pause_ms(1);
    CHECK(threads_named("tg-provider", 0) == 0);
}

#ifndef _WIN32
static void fork_while_it_runs(void) {
    struct plan plan = {.act = from_another_thread};
    tg_conn *conn = connect_to(&plan, 5000);
    CHECK(ask(conn) == TG_STATUS_OK);
    while (plan.running == 0) pause_ms(1);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        /* None runs here: this one is asked anew, with the token of its parent in hand. */
        failures = 0;
        plan.running = 0;
        plan.asked = 0;
        plan.act = good;
        CHECK(ask(conn) == TG_STATUS_OK && plan.asked == 0);
        CHECK(tg_get_token(conn, NULL, 0, 0, NULL, NULL) == TG_STATUS_OK && plan.asked == 1);
        tg_conn_free(conn);
        fflush(stdout);
        _exit(failures != 0);
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(plan.released == 0);
    plan.go = 1;
    released_once(conn, &plan);
}
#endif

static void short_lived(tg_provider_request *request, struct plan *plan) {
    (void)plan;
    issue(request, 3);
}

static void renewals(void) {
    struct plan plan = {.act = short_lived};
    tg_conn *conn = connect_to(&plan, 5000);
    for (int64_t end = now_ms() + 5000; now_ms() < end; pause_ms(10)) CHECK(ask(conn) == TG_STATUS_OK);
    CHECK(plan.asked >= 2 && plan.asked <= 6);
    released_once(conn, &plan);
}

static void settings(void) {
    struct plan plan = {.act = good};
    tg_config *config = tg_config_new(url);
    tg_config_set_token_provider(config, provide, &plan, release);
    tg_config_set_token_provider(config, provide, &plan, release);
    CHECK(plan.released == 1);
    tg_config_set_secret(config, "asecret");
    tg_conn *conn = NULL;
    CHECK_FAILS(tg_conn_new(config, &conn, &error), TG_STATUS_INVALID_ARGUMENT, "config.conflict");
    CHECK(strstr(tg_last_error_message(), "\"secret\"") && strstr(tg_last_error_message(), "\"token_provider\""));
    tg_config_set_token_provider(config, NULL, &plan, release);
    CHECK(plan.released == 3);
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_conn_free(conn);
    tg_config_set_token_provider(NULL, provide, &plan, release);
    CHECK(plan.released == 4);
    tg_config_set_token_provider(config, provide, &plan, release);
    tg_config_set_token_provider(config, NULL, NULL, NULL);
    CHECK(plan.released == 5);
    tg_config_set_token_provider(config, provide, &plan, NULL);
    tg_config_set_token_provider(config, provide, &plan, release);
    tg_config_free(config);
    CHECK(plan.released == 6);
    CHECK(tg_provider_request_time_left_ms(NULL) == 0 && tg_provider_request_is_cancelled(NULL) == 0);
}

int main(int argc, char **argv) {
    CHECK(argc > 2);
    url = argv[1];
    tg_config *config = tg_config_new(url);
    tg_config_set_secret(config, argv[2]);
    CHECK(tg_conn_new(config, &issuer, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    settings();
    the_usual();
    the_first_answer_counts();
    failures_of_the_provider();
    what_is_no_token();
    recursion();
    cancellation();
    freed_while_it_runs();
    overstaying();
    many_threads();
    its_thread();
    renewals();
#ifndef _WIN32
    /* The sanitizers do not follow a process with threads into its children. */
    if (argc > 3) fork_while_it_runs();
#endif
    tg_conn_free(issuer);
    return finish();
}
