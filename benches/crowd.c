/* What many threads and many handles at once get. Prints JSON.
 *
 *     crowd storm URL HANDLES SECONDS     64 threads that call tg_authorization on handles by chance, once a millisecond;
 *                                         each handle has a token before that
 *     crowd wait URL THREADS              CPU time while so many threads wait for the same token, and how long after
 *                                         tg_conn_cancel the last of as many returns; beside a bare barrier
 */
#include "scale.h"

/* ---- Renewals ---- */

#define CALLERS 64
#define LONG_NS 10e6
#define PAUSE_MS 1

static tg_conn **handles;
static size_t handle_count;
static uint64_t ends_at;
static pthread_barrier_t barrier;

struct caller {
    size_t number;
    size_t calls, slow, slow_waiting, slow_clock, failed;
    double longest;
    char message[256];
};

/* How often this thread has waited by itself; not how often others took its processor. */
static long waits(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

static void note_failure(struct caller *caller) {
    if (caller->failed++ == 0) snprintf(caller->message, sizeof caller->message, "%s", tg_last_error_message());
}

static void measure_call(struct caller *caller, tg_conn *conn) {
    tg_token *token = NULL;
    long waited = waits();
    uint64_t start = now();
    tg_status status = tg_authorization(conn, &token, NULL);
    double took = (double)(now() - start);
    if (status != TG_STATUS_OK) note_failure(caller);
    tg_token_free(token);
    caller->calls++;
    if (took > caller->longest) caller->longest = took;
    if (took <= LONG_NS) return;
    caller->slow++;
    caller->slow_waiting += waits() > waited;
}

/* What the system alone makes slow. */
static void measure_clock(struct caller *caller) {
    uint64_t start = now();
    waits();
    caller->slow_clock += (double)(now() - start) > LONG_NS;
}

static void *storm_caller(void *argument) {
    struct caller *caller = argument;
    uint64_t random = 88172645463325252u + caller->number;
    /* Not by tg_authorization, which has few threads for first tokens. */
    for (size_t i = caller->number; i < handle_count; i += CALLERS)
        if (tg_get_token(handles[i], NULL, 0, 0, NULL, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    while (now() < ends_at) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        measure_call(caller, handles[random % handle_count]);
        measure_clock(caller);
        sleep_ms(PAUSE_MS);
    }
    return NULL;
}

static void print_storm(struct caller *callers, double first_tokens, double cpu) {
    struct caller all = {0};
    for (size_t i = 0; i < CALLERS; i++) {
        struct caller *caller = &callers[i];
        if (caller->failed > 0 && all.failed == 0) fprintf(stderr, "the first that failed: %s\n", caller->message);
        all.calls += caller->calls, all.failed += caller->failed, all.slow += caller->slow;
        all.slow_waiting += caller->slow_waiting, all.slow_clock += caller->slow_clock;
        if (caller->longest > all.longest) all.longest = caller->longest;
    }
    printf("{\"calls\":%zu,\"failed\":%zu,\"slow\":%zu,\"slow_waiting\":%zu,\"slow_clock\":%zu,\"longest_ns\":%.0f,"
           "\"first_tokens_ns\":%.0f,\"cpu_ns\":%.0f}\n",
           all.calls, all.failed, all.slow, all.slow_waiting, all.slow_clock, all.longest, first_tokens, cpu);
}

static void storm(const char *url, size_t count, long seconds) {
    struct caller *callers = calloc(CALLERS, sizeof *callers);
    handle_count = count;
    handles = calloc(count, sizeof *handles);
    for (size_t i = 0; i < count; i++) handles[i] = connect_to(url);
    for (size_t i = 0; i < CALLERS; i++) callers[i].number = i;
    pthread_barrier_init(&barrier, NULL, CALLERS + 1);
    uint64_t start = now();
    pthread_t *threads = start_threads(CALLERS, storm_caller, callers, sizeof *callers);
    pthread_barrier_wait(&barrier);
    double first_tokens = (double)(now() - start), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    ends_at = now() + (uint64_t)seconds * 1000000000u;
    pthread_barrier_wait(&barrier);
    join_threads(threads, CALLERS);
    print_storm(callers, first_tokens, clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    for (size_t i = 0; i < count; i++) tg_conn_free(handles[i]);
    free(handles);
    free(callers);
}

/* ---- Waiting ---- */

/* One crowd: what its threads do together, and what they get. */
struct crowd {
    tg_conn *conn; /* NULL: they only wait for the barrier */
    tg_status expected;
    size_t count;
    pthread_barrier_t gate;
    atomic_size_t returned, other;
    double last, last_cpu;
};

static void *one_of_crowd(void *argument) {
    struct crowd *crowd = *(struct crowd **)argument;
    tg_token *token = NULL;
    pthread_barrier_wait(&crowd->gate);
    if (crowd->conn != NULL && tg_authorization(crowd->conn, &token, NULL) != crowd->expected) crowd->other++;
    if (++crowd->returned == crowd->count) {
        crowd->last = (double)now();
        crowd->last_cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    }
    tg_token_free(token);
    return NULL;
}

struct span {
    double wall, cpu;
    size_t other;
};

/* From when the crowd may begin, or, with a time, from when it is cancelled so much later, until its last returns. */
static struct span run_crowd(const char *url, size_t count, long cancel_after_ms) {
    struct crowd crowd = {.conn = url != NULL ? connect_to(url) : NULL, .count = count,
                          .expected = cancel_after_ms > 0 ? TG_STATUS_CANCELLED : TG_STATUS_OK};
    struct crowd **pointers = calloc(count, sizeof *pointers);
    for (size_t i = 0; i < count; i++) pointers[i] = &crowd;
    pthread_barrier_init(&crowd.gate, NULL, (unsigned)count + 1);
    pthread_t *threads = start_threads(count, one_of_crowd, pointers, sizeof *pointers);
    sleep_ms(300); /* until all of them sleep at the gate */
    struct span span = {.wall = (double)now(), .cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
    pthread_barrier_wait(&crowd.gate);
    if (cancel_after_ms > 0) {
        sleep_ms(cancel_after_ms);
        span.wall = (double)now();
        tg_conn_cancel(crowd.conn);
    }
    join_threads(threads, count);
    span = (struct span){.wall = crowd.last - span.wall, .cpu = crowd.last_cpu - span.cpu, .other = crowd.other};
    tg_conn_free(crowd.conn);
    pthread_barrier_destroy(&crowd.gate);
    free(pointers);
    return span;
}

static void wait_for_one_token(const char *url, size_t count) {
    struct span bare = run_crowd(NULL, count, 0), waited = run_crowd(url, count, 0);
    struct span cancelled = run_crowd(url, count, 500);
    printf("{\"bare_ns\":%.0f,\"bare_cpu_ns\":%.0f,\"waited_ns\":%.0f,\"cpu_ns\":%.0f,\"cancel_ns\":%.0f,\"other\":%zu}\n",
           bare.wall, bare.cpu, waited.wall, waited.cpu, cancelled.wall, waited.other + cancelled.other);
}

int main(int argc, char **argv) {
    raise_files();
    if (argc == 5 && strcmp(argv[1], "storm") == 0) storm(argv[2], strtoul(argv[3], NULL, 10), atol(argv[4]));
    else if (argc == 4 && strcmp(argv[1], "wait") == 0) wait_for_one_token(argv[2], strtoul(argv[3], NULL, 10));
    else fail("arguments: storm URL HANDLES SECONDS | wait URL THREADS");
    return 0;
}
