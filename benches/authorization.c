/* What a managed token costs, as ratios within one run.
 *
 *     authorization [URL USER PASSWORD]
 *
 * Without arguments: the cost of tg_authorization and tg_token_free while the token is fresh, on one and
 * on two threads, beside one reading of the same clock and one atomic increment, and beside a mutex around
 * a counted reference. With a server: how many requests 64 and 1000 threads without a token cause, and how
 * long after the first of them the last one has its token, beside waking as many from a barrier.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tigergraph_auth.h>
#include <time.h>

#define ROUNDS 9
#define CALLS 1000000
#define BATCH 64

static tg_conn *conn;

static uint64_t nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void authorize(void) {
    tg_token *token = NULL;
    if (tg_authorization(conn, &token, NULL) != TG_STATUS_OK) abort();
    tg_token_free(token);
}

static void read_clock(void) {
    static _Thread_local atomic_uint counter;
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    atomic_fetch_add(&counter, 1);
}

static void lock_and_count(void) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static atomic_uint references;
    struct timespec time;
    pthread_mutex_lock(&mutex);
    clock_gettime(CLOCK_BOOTTIME, &time);
    atomic_fetch_add(&references, 1);
    pthread_mutex_unlock(&mutex);
    atomic_fetch_sub(&references, 1);
}

struct work {
    void (*call)(void);
    double nanoseconds;
    double p50;
};

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mean and median of a call; the median is that of small batches, since one call is shorter than a clock's tick. */
static void *measure(void *argument) {
    struct work *work = argument;
    double *batches = malloc(CALLS / BATCH * sizeof *batches);
    uint64_t began = nanoseconds();
    for (size_t i = 0; i < CALLS / BATCH; i++) {
        uint64_t start = nanoseconds();
        for (int k = 0; k < BATCH; k++) work->call();
        batches[i] = (double)(nanoseconds() - start) / BATCH;
    }
    work->nanoseconds = (double)(nanoseconds() - began) / CALLS;
    qsort(batches, CALLS / BATCH, sizeof *batches, compare);
    work->p50 = batches[CALLS / BATCH / 2];
    free(batches);
    return NULL;
}

/* The same on two threads at once: what a call takes on each. */
static struct work on_two(void (*call)(void)) {
    struct work works[2] = {{.call = call}, {.call = call}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, measure, &works[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    works[0].nanoseconds = (works[0].nanoseconds + works[1].nanoseconds) / 2;
    return works[0];
}

static struct work on_one(void (*call)(void)) {
    struct work work = {.call = call};
    measure(&work);
    return work;
}

/* Medians over rounds that take turns, so that what disturbs one disturbs all. */
static void fresh_token(void) {
    void (*calls[])(void) = {read_clock, authorize, lock_and_count};
    double one[3][ROUNDS], p50[3][ROUNDS], two[3][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 3; i++) {
            struct work work = on_one(calls[i]);
            one[i][round] = work.nanoseconds;
            p50[i][round] = work.p50;
            two[i][round] = on_two(calls[i]).nanoseconds;
        }
    }
    for (int i = 0; i < 3; i++) {
        qsort(one[i], ROUNDS, sizeof(double), compare);
        qsort(p50[i], ROUNDS, sizeof(double), compare);
        qsort(two[i], ROUNDS, sizeof(double), compare);
    }
    double unit = one[0][ROUNDS / 2], ours = one[1][ROUNDS / 2], mutex = one[2][ROUNDS / 2];
    double ours_two = two[1][ROUNDS / 2], mutex_two = two[2][ROUNDS / 2];
    printf("a fresh token                        one thread      two threads, both together\n");
    printf("  clock + atomic increment           %5.1f ns\n", unit);
    printf("  tg_authorization + tg_token_free   %5.1f ns, p50 %.1f ns = %.2f of the above (at most 2)\n", ours,
           p50[1][ROUNDS / 2], ours / unit);
    printf("                                                     %.2f of one thread's rate (at least 1)\n", 2 * ours / ours_two);
    printf("  mutex, clock, counted reference    %5.1f ns        %.2f of one thread's rate\n", mutex, 2 * mutex / mutex_two);
}

static atomic_int requests;

static void count_requests(int32_t level, const char *message, void *unused) {
    (void)unused;
    if (level == TG_LOG_DEBUG && strncmp(message, "POST ", 5) == 0) requests++;
}

static pthread_barrier_t barrier;

static void *first_call(void *argument) {
    tg_token *token = NULL;
    pthread_barrier_wait(&barrier);
    if (tg_authorization(conn, &token, NULL) != TG_STATUS_OK) abort();
    *(uint64_t *)argument = nanoseconds();
    tg_token_free(token);
    return NULL;
}

/* What the system itself needs to wake so many threads. */
static void *only_woken(void *argument) {
    pthread_barrier_wait(&barrier);
    *(uint64_t *)argument = nanoseconds();
    return NULL;
}

/* How many milliseconds after the first thread the last one is done. */
static double spread(unsigned count, void *(*run)(void *)) {
    pthread_t *threads = calloc(count, sizeof *threads);
    uint64_t *ended = calloc(count, sizeof *ended), first = UINT64_MAX, last = 0;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    pthread_barrier_init(&barrier, NULL, count);
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i], &small, run, &ended[i]) != 0) abort();
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        if (ended[i] < first) first = ended[i];
        if (ended[i] > last) last = ended[i];
    }
    pthread_barrier_destroy(&barrier);
    pthread_attr_destroy(&small);
    free(threads);
    free(ended);
    return (double)(last - first) / 1e6;
}

static void without_token(char **server, unsigned count) {
    tg_config *config = tg_config_new(server[0]);
    tg_config_set_password(config, server[1], server[2]);
    tg_config_set_server_version(config, "4.2");
    tg_config_set_log(config, TG_LOG_DEBUG, count_requests, NULL, NULL);
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) abort();
    tg_config_free(config);
    requests = 0;
    double ours = spread(count, first_call), woken = spread(count, only_woken);
    printf("%4u threads without a token           %d request (exactly 1), the last has it %.1f ms after the first\n", count,
           (int)requests, ours);
    printf("                                       %.2f of what it takes to wake as many from a barrier, %.1f ms\n",
           ours / woken, woken);
    tg_conn_free(conn);
}

/* A JWT that ends in the year 2100, so that no server is needed. */
static void connect_with_jwt(void) {
    tg_config *config = tg_config_new("http://localhost:1");
    tg_config_set_jwt(config, "eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.c2lnbmF0dXJl");
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) abort();
    tg_config_free(config);
}

int main(int argc, char **argv) {
    connect_with_jwt();
    fresh_token();
    tg_conn_free(conn);
    if (argc > 3) {
        without_token(argv + 1, 64);
        without_token(argv + 1, 1000);
    }
    return 0;
}
