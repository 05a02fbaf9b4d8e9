/* One handle whose token is renewed again and again, by threads that ask for it as a program would before each
 * of its requests.
 *     soak URL CA-FILE SECRET LIFETIME THREADS
 * A number comes in, one a line: so many seconds ahead the clocks are from then on. Then all threads ask for the
 * token until it is not the one of before or ends later (before 4.1 a refresh lets the token live on), or so many
 * milliseconds have passed as stand beside it. The answer:
 *     renewed (0 or 1), kilobytes resident, bytes and blocks held, descriptors, threads of its own */
#include "shim.h"
#include "entries.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tigergraph_auth.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 64
/* A caller's own work between two requests. */
#define PAUSE_US 2000

static const struct shim *shim;
static tg_conn *conn;
static char before[16384];
static int64_t end_before;
static atomic_int renewed, failures, over;
static long limit_ms;
/* All threads and the main one, before and after each renewal. */
static pthread_barrier_t step;

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void ask_until_renewed(void) {
    for (long end = now_ms() + limit_ms; !renewed && now_ms() < end; usleep(PAUSE_US)) {
        tg_token *token = NULL;
        if (tg_authorization(conn, &token, NULL) != TG_STATUS_OK) {
            failures++;
            fprintf(stderr, "%s\n", tg_last_error_message());
        } else if (strcmp(tg_token_value(token), before) != 0 || tg_token_expires_at(token) > end_before) {
            renewed = 1;
        }
        tg_token_free(token);
    }
}

static void *ask(void *unused) {
    for (;;) {
        pthread_barrier_wait(&step);
        if (over) return unused;
        ask_until_renewed();
        pthread_barrier_wait(&step);
    }
}

static long resident_kilobytes(void) {
    long pages = 0;
    FILE *usage = fopen("/proc/self/statm", "r");
    if (!usage || fscanf(usage, "%*d %ld", &pages) != 1) abort();
    fclose(usage);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void remember_token(void) {
    tg_token *token = NULL;
    if (tg_current_token(conn, &token, NULL) == TG_STATUS_OK) {
        snprintf(before, sizeof before, "%s", tg_token_value(token));
        end_before = tg_token_expires_at(token);
    }
    tg_token_free(token);
}

static void tell(int own_threads) {
    /* The thread that renewed may still be on its way out. */
    for (int ms = 0; ms < 3000 && entries("/proc/self/task") > own_threads; ms++) usleep(1000);
    long bytes = shim->live_bytes(), blocks = shim->live_blocks();
    printf("%d\t%ld\t%ld\t%ld\t%ld\t%ld\n", renewed, resident_kilobytes(), bytes, blocks, entries("/proc/self/fd") - 1,
           entries("/proc/self/task") - own_threads);
    fflush(stdout);
}

int main(int argc, char **argv) {
    long ahead;
    pthread_t threads[MOST_THREADS];
    shim = dlsym(RTLD_DEFAULT, "shim");
    if (argc != 6 || !shim) return 2;
    int count = atoi(argv[5]) < MOST_THREADS ? atoi(argv[5]) : MOST_THREADS;
    tg_config *config = tg_config_new(argv[1]);
    if (strcmp(argv[2], "-") != 0) tg_config_set_ca_file(config, argv[2]);
    tg_config_set_secret(config, argv[3]);
    tg_config_set_token_lifetime(config, atol(argv[4]), 0);
    tg_status status = tg_conn_new(config, &conn, NULL);
    tg_config_free(config);
    if (status != TG_STATUS_OK) return 1;
    pthread_barrier_init(&step, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, ask, NULL) != 0) abort();
    }
    while (scanf("%ld\t%ld", &ahead, &limit_ms) == 2) {
        shim->advance(ahead);
        renewed = 0;
        pthread_barrier_wait(&step);
        pthread_barrier_wait(&step);
        remember_token();
        tell(count + 1);
    }
    over = 1;
    pthread_barrier_wait(&step);
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
    tg_conn_free(conn);
    return failures ? 1 : 0;
}
