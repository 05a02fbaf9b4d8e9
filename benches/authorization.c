/* What a managed token costs. Prints JSON.
 *
 *     authorization cached CALLS          nanoseconds of a call while the token is fresh, on one and on two threads,
 *                                         beside other ways to read a shared token and beside bare work
 *     authorization calls COUNT           only that many calls, for tools that count
 *     authorization herd URL THREADS      how many requests so many threads without a token cause, and how long after
 *                                         the first the last has its token, beside waking as many from a barrier
 */
#include "bench.h"
#include <pthread.h>
#include <stdatomic.h>
#include <tigergraph_auth.h>

#define ROUNDS 9
#define BATCH 64

static tg_conn *conn;
static size_t calls;

/* The token as a program without this library would share it. */
static char shared[512] = "Bearer " TOKEN;
static _Thread_local char copy[512];
static const time_t ends = 4102444800;

static void authorize(void) {
    tg_token *token = NULL;
    if (tg_authorization(conn, &token, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    tg_token_free(token);
}

static void read_clock(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
}

static void read_clock_and_count(void) {
    static _Thread_local atomic_uint counter;
    read_clock();
    atomic_fetch_add(&counter, 1);
}

static void copy_if_fresh(void) {
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    if (time.tv_sec > ends) fail("the token has ended");
    memcpy(copy, shared, sizeof "Bearer " TOKEN);
}

static void mutex_and_copy(void) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    copy_if_fresh();
    pthread_mutex_unlock(&mutex);
}

static void rwlock_and_copy(void) {
    static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    pthread_rwlock_rdlock(&lock);
    copy_if_fresh();
    pthread_rwlock_unlock(&lock);
}

static const struct way {
    const char *name;
    void (*call)(void);
} ways[] = {
    {"ours", authorize},
    {"clock", read_clock},
    {"clock_and_count", read_clock_and_count},
    {"mutex", mutex_and_copy},
    {"rwlock", rwlock_and_copy},
};
#define WAYS (sizeof ways / sizeof *ways)

struct work {
    void (*call)(void);
    double mean;
    double p50;
};

/* Mean and median of a call; the median is that of small batches, since one call is shorter than a clock's tick. */
static void *measure(void *argument) {
    struct work *work = argument;
    size_t count = calls / BATCH;
    double *batches = malloc(count * sizeof *batches);
    uint64_t began = now();
    for (size_t i = 0; i < count; i++) {
        uint64_t start = now();
        for (int k = 0; k < BATCH; k++) work->call();
        batches[i] = (double)(now() - start) / BATCH;
    }
    work->mean = (double)(now() - began) / (double)(count * BATCH);
    work->p50 = median(batches, count);
    free(batches);
    return NULL;
}

static struct work on_one(void (*call)(void)) {
    struct work work = {.call = call};
    measure(&work);
    return work;
}

/* What a call takes on each of two threads at once. */
static double on_two(void (*call)(void)) {
    struct work works[2] = {{.call = call}, {.call = call}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, measure, &works[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    return (works[0].mean + works[1].mean) / 2;
}

/* Medians over rounds that take turns, so that what disturbs one disturbs all. */
static void fresh_token(void) {
    static double mean[WAYS][ROUNDS], p50[WAYS][ROUNDS], two[WAYS][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < WAYS; i++) {
            struct work work = on_one(ways[i].call);
            mean[i][round] = work.mean;
            p50[i][round] = work.p50;
            two[i][round] = on_two(ways[i].call);
        }
    }
    for (size_t i = 0; i < WAYS; i++)
        printf("%s\"%s\":{\"mean_ns\":%.1f,\"p50_ns\":%.1f,\"two_threads_ns\":%.1f}", i == 0 ? "{" : ",", ways[i].name,
               median(mean[i], ROUNDS), median(p50[i], ROUNDS), median(two[i], ROUNDS));
    puts("}");
}

static atomic_int requests;

static void count_requests(int32_t level, const char *message, void *unused) {
    (void)unused;
    if (level == TG_LOG_DEBUG && strncmp(message, "POST ", 5) == 0) requests++;
}

static pthread_barrier_t barrier;

static void *first_call(void *argument) {
    pthread_barrier_wait(&barrier);
    authorize();
    *(uint64_t *)argument = now();
    return NULL;
}

/* What the system itself needs to wake so many threads. */
static void *only_woken(void *argument) {
    pthread_barrier_wait(&barrier);
    *(uint64_t *)argument = now();
    return NULL;
}

/* How many nanoseconds after the first thread the last one is done. */
static uint64_t spread(unsigned count, void *(*run)(void *)) {
    pthread_t *threads = calloc(count, sizeof *threads);
    uint64_t *ended = calloc(count, sizeof *ended), first = UINT64_MAX, last = 0;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    pthread_barrier_init(&barrier, NULL, count);
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i], &small, run, &ended[i]) != 0) fail("a thread");
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        if (ended[i] < first) first = ended[i];
        if (ended[i] > last) last = ended[i];
    }
    pthread_barrier_destroy(&barrier);
    pthread_attr_destroy(&small);
    free(threads);
    free(ended);
    return last - first;
}

static void herd(const char *url, unsigned count) {
    tg_config *config = tg_config_new(url);
    tg_config_set_secret(config, SECRET);
    tg_config_set_server_version(config, "4.2");
    tg_config_set_log(config, TG_LOG_DEBUG, count_requests, NULL, NULL);
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    tg_config_free(config);
    uint64_t ours = spread(count, first_call), woken = spread(count, only_woken);
    printf("{\"requests\":%d,\"spread_ns\":%" PRIu64 ",\"woken_ns\":%" PRIu64 "}\n", (int)requests, ours, woken);
    tg_conn_free(conn);
}

/* With a token that is given, so that no server is needed. */
static void connect_with_jwt(void) {
    tg_config *config = tg_config_new("http://localhost:1");
    tg_config_set_jwt(config, TOKEN);
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    tg_config_free(config);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "herd") == 0) {
        herd(argv[2], (unsigned)atoi(argv[3]));
        return 0;
    }
    if (argc != 3) fail("arguments: cached CALLS | calls COUNT | herd URL THREADS");
    calls = strtoul(argv[2], NULL, 10);
    connect_with_jwt();
    if (strcmp(argv[1], "cached") == 0) fresh_token();
    else
        for (size_t i = 0; i < calls; i++) authorize();
    tg_conn_free(conn);
    return 0;
}
