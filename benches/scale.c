/* How costs grow with what there is, or was, in a process. Prints JSON.
 *
 *     scale threads URL COUNT...     after each COUNT of threads that lived at once, each with one tg_authorization, and
 *                                    ended: nanoseconds of tg_conn_free, and CPU time of a warm tg_get_token
 *     scale handles URL COUNT [cold]     what each of COUNT handles with managed tokens costs; cold: where the processor's
 *                                    caches hold nothing of them, as if there were many
 *     scale names PORT COUNT         calls that fail where COUNT threads want tokens of servers with as many names, each of
 *                                    which takes 100 ms to look up; what a new name takes while 15 others hang
 */
#include "scale.h"
#include "../tests/c/interpose.h"
#include <netdb.h>

/* ---- Threads that ever lived ---- */

#define FREED 201
#define BLOCKS 15
#define BLOCK 40

static pthread_barrier_t all_alive;

static void *authorize_once(void *argument) {
    tg_token_free(authorize(*(tg_conn **)argument));
    pthread_barrier_wait(&all_alive);
    return NULL;
}

/* All at once: what is kept for a thread that has ended may serve the next. */
static void let_live(size_t count, tg_conn *conn) {
    if (count == 0) return;
    pthread_barrier_init(&all_alive, NULL, (unsigned)count);
    join_threads(start_threads(count, authorize_once, &conn, 0), count);
    pthread_barrier_destroy(&all_alive);
    /* The system itself is not done with them at once, and takes its time from whoever runs. */
    sleep_ms(500);
}

/* Of handles that have handed out a token; without a server, so that no connection is closed with them. */
static double time_of_free(void) {
    static double times[FREED];
    tg_config *config = tg_config_new("http://localhost:1");
    tg_config_set_jwt(config, TOKEN);
    for (size_t i = 0; i < FREED; i++) {
        tg_conn *conn = connect_with(config);
        tg_token_free(authorize(conn));
        uint64_t start = now();
        tg_conn_free(conn);
        times[i] = (double)(now() - start);
    }
    tg_config_free(config);
    return median(times, FREED);
}

static double cpu_of_get_token(tg_conn *conn) {
    double times[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        double start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t k = 0; k < BLOCK; k++)
            if (tg_get_token(conn, NULL, 0, 0, NULL, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
        times[i] = (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start) / BLOCK;
    }
    return median(times, BLOCKS);
}

static void threads_that_lived(const char *url, char **counts, int steps) {
    tg_conn *conn = connect_to(url);
    tg_token_free(authorize(conn));
    cpu_of_get_token(conn);
    for (int i = 0; i < steps; i++) {
        size_t lived = strtoul(counts[i], NULL, 10);
        let_live(lived, conn);
        double freed = time_of_free(), cpu = cpu_of_get_token(conn);
        printf("%s{\"threads\":%zu,\"free_ns\":%.0f,\"get_token_cpu_ns\":%.0f}", i == 0 ? "[" : ",", lived, freed, cpu);
    }
    puts("]");
    tg_conn_free(conn);
}

/* ---- Handles ---- */

/* So many handles are measured as one. */
#define BATCH 100
#define MOST_BATCHES 100
/* More than the caches of a processor. */
#define CACHES (64 * 1024 * 1024)

struct handle {
    tg_conn *conn, *clone;
};

static const tg_config *settings;

static void make(struct handle *handle) { handle->conn = connect_with(settings); }
static void get_first(struct handle *handle) { tg_token_free(authorize(handle->conn)); }
static void clone_it(struct handle *handle) { handle->clone = tg_conn_clone(handle->conn); }
static void free_clone(struct handle *handle) { tg_conn_free(handle->clone); }
static void free_it(struct handle *handle) { tg_conn_free(handle->conn); }

static void renew(struct handle *handle) {
    tg_token *token = authorize(handle->conn);
    tg_reject_token(handle->conn, token);
    tg_token_free(token);
    tg_token_free(authorize(handle->conn));
}

/* In the order in which they are done to all handles. */
static struct step {
    const char *name;
    void (*call)(struct handle *);
    double wall[MOST_BATCHES], cpu[MOST_BATCHES];
    size_t batches;
} steps[] = {
    {.name = "new", .call = make},
    {.name = "first token", .call = get_first},
    {.name = "clone", .call = clone_it},
    {.name = "renew", .call = renew},
    {.name = "free of the clone", .call = free_clone},
    {.name = "free", .call = free_it},
};
#define STEPS (sizeof steps / sizeof *steps)

static void empty_caches(void) {
    char *memory = malloc(CACHES);
    if (memory == NULL) fail("memory");
    memset(memory, 1, CACHES);
    /* So that the compiler does not leave it out. */
    if (((volatile char *)memory)[CACHES / 2] != 1) fail("memory");
    free(memory);
}

static void do_step(struct step *step, struct handle *handles, size_t count) {
    for (size_t first = 0; first < count; first += BATCH, step->batches++) {
        size_t end = first + BATCH < count ? first + BATCH : count;
        if (step->batches == MOST_BATCHES) fail("too many handles");
        double cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        uint64_t start = now();
        for (size_t i = first; i < end; i++) step->call(&handles[i]);
        step->wall[step->batches] = (double)(now() - start) / (double)(end - first);
        step->cpu[step->batches] = (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)(end - first);
    }
}

static void life_of_handles(size_t count, int cold) {
    struct handle *handles = calloc(count, sizeof *handles);
    for (size_t i = 0; i < STEPS; i++) {
        if (cold) empty_caches();
        do_step(&steps[i], handles, count);
    }
    free(handles);
}

/* Medians over all batches. A first handle is for what is done once in a process. */
static void many_handles(const char *url, size_t count, int cold) {
    tg_config *config = config_for(url);
    settings = config;
    life_of_handles(1, cold);
    for (size_t i = 0; i < STEPS; i++) steps[i].batches = 0;
    life_of_handles(count, cold);
    for (size_t i = 0; i < STEPS; i++)
        printf("%s\"%s\":{\"wall_ns\":%.0f,\"cpu_ns\":%.0f}", i == 0 ? "{" : ",", steps[i].name,
               median(steps[i].wall, steps[i].batches), median(steps[i].cpu, steps[i].batches));
    puts("}");
    tg_config_free(config);
}

/* ---- Names ---- */

#define HANGING 15
#define ROUNDS 31
#define NAMES 20
#define LOOKUP_MS 100

static const char *port;
static atomic_int asked;
/* Held while names are to hang. */
static pthread_mutex_t hanging = PTHREAD_MUTEX_INITIALIZER;

/* Names that begin with "slow" take a while, those with "hang" until they are released; all lead to this machine. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    NEXT(getaddrinfo)
    int hangs = node != NULL && strncmp(node, "hang", 4) == 0;
    if (node != NULL && strncmp(node, "slow", 4) == 0) sleep_ms(LOOKUP_MS);
    if (hangs) {
        asked++;
        pthread_mutex_lock(&hanging);
        pthread_mutex_unlock(&hanging);
        asked--;
    }
    return real("127.0.0.1", service, hints, result);
}

static tg_conn *connect_to_name(const char *kind, size_t number) {
    char url[128];
    snprintf(url, sizeof url, "http://%s-%zu.invalid:%s", kind, number, port);
    return connect_to(url);
}

struct caller {
    tg_conn *conn;
    int managed;
    int failed;
    char message[256];
};

static void *call_once(void *argument) {
    struct caller *caller = argument;
    tg_token *token = NULL;
    tg_status status = caller->managed ? tg_authorization(caller->conn, &token, NULL)
                                       : tg_get_token(caller->conn, NULL, 0, 0, &token, NULL);
    caller->failed = status != TG_STATUS_OK;
    if (caller->failed) snprintf(caller->message, sizeof caller->message, "%s", tg_last_error_message());
    tg_token_free(token);
    return NULL;
}

/* So many threads at once, each with a handle and a name of its own. */
static void many_names(size_t count, int managed) {
    struct caller *callers = calloc(count, sizeof *callers);
    size_t failed = 0;
    for (size_t i = 0; i < count; i++)
        callers[i] = (struct caller){.conn = connect_to_name(managed ? "slow-managed" : "slow", i), .managed = managed};
    uint64_t start = now();
    join_threads(start_threads(count, call_once, callers, sizeof *callers), count);
    uint64_t ended = now();
    for (size_t i = 0; i < count; i++) {
        if (callers[i].failed && failed++ == 0) fprintf(stderr, "the first that failed: %s\n", callers[i].message);
        tg_conn_free(callers[i].conn);
    }
    free(callers);
    printf("\"%s\":{\"failed\":%zu,\"wall_ns\":%" PRIu64 "}", managed ? "authorization" : "get_token", failed, ended - start);
}

/* The median of first tokens of servers whose names nobody has looked up. */
static double time_of_new_names(void) {
    static size_t names;
    double times[NAMES];
    for (size_t i = 0; i < NAMES; i++) {
        struct caller caller = {.conn = connect_to_name("good", names++)};
        uint64_t start = now();
        call_once(&caller);
        times[i] = (double)(now() - start);
        if (caller.failed) fail(caller.message);
        tg_conn_free(caller.conn);
    }
    return median(times, NAMES);
}

/* Rounds of both take turns, so that what disturbs one disturbs both. */
static void names_that_hang(void) {
    double alone[ROUNDS], beside[ROUNDS], ratios[ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        struct caller callers[HANGING];
        alone[round] = time_of_new_names();
        for (size_t i = 0; i < HANGING; i++) callers[i] = (struct caller){.conn = connect_to_name("hang", round * HANGING + i)};
        pthread_mutex_lock(&hanging);
        pthread_t *threads = start_threads(HANGING, call_once, callers, sizeof *callers);
        while (asked < HANGING) sleep_ms(1);
        beside[round] = time_of_new_names();
        ratios[round] = beside[round] / alone[round];
        pthread_mutex_unlock(&hanging);
        join_threads(threads, HANGING);
        for (size_t i = 0; i < HANGING; i++) tg_conn_free(callers[i].conn);
    }
    printf("\"alone_ns\":%.0f,\"beside_hanging_ns\":%.0f,\"x\":%.3f", median(alone, ROUNDS), median(beside, ROUNDS),
           median(ratios, ROUNDS));
}

static void names(size_t count) {
    printf("{");
    many_names(count, 0);
    printf(",");
    many_names(count, 1);
    printf(",");
    names_that_hang();
    puts("}");
}

int main(int argc, char **argv) {
    raise_files();
    if (argc > 3 && strcmp(argv[1], "threads") == 0) threads_that_lived(argv[2], argv + 3, argc - 3);
    else if (argc >= 4 && strcmp(argv[1], "handles") == 0) many_handles(argv[2], strtoul(argv[3], NULL, 10), argc == 5);
    else if (argc == 4 && strcmp(argv[1], "names") == 0) {
        port = argv[2];
        names(strtoul(argv[3], NULL, 10));
    } else fail("arguments: threads URL COUNT... | handles URL COUNT [cold] | names PORT COUNT");
    return 0;
}
