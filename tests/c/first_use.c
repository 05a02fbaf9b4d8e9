/* Forks while the library is used for the first time in a process: what it makes only once is being made by other threads,
 * which the child does not have.
 *     first_use PROCESSES */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <tigergraph_auth.h>
#include <unistd.h>

#define THREADS 4
#define CHILDREN 6

static atomic_int ready;

/* Nothing listens there. */
static void use(void) {
    tg_config *config = tg_config_new("http://localhost:1");
    tg_conn *conn = NULL;
    tg_config_set_password(config, "alice", "opensesame");
    tg_config_set_server_version(config, "4.2");
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) abort();
    tg_config_free(config);
    tg_conn_set_timeout(conn, 2000);
    if (tg_try_authorization(conn, NULL, NULL) == TG_STATUS_INTERNAL) abort();
    if (tg_authorization(conn, NULL, NULL) == TG_STATUS_INTERNAL) abort();
    tg_conn_free(conn);
}

static void *use_with_others(void *unused) {
    ready++;
    while (ready < THREADS + 1) continue;
    use();
    return unused;
}

/* A process that has not used the library yet. */
static int first_use(unsigned number) {
    pthread_t threads[THREADS];
    pid_t children[CHILDREN];
    int failed = 0;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, use_with_others, NULL) != 0) abort();
    while (ready < THREADS) continue;
    ready++;
    for (int i = 0; i < CHILDREN; i++) {
        for (volatile unsigned wait = number % 64 * 200; wait > 0; wait--) continue;
        children[i] = fork();
        if (children[i] == 0) {
            /* Ends one that waits for ever. */
            alarm(20);
            use();
            _exit(0);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status = 0;
        waitpid(children[i], &status, 0);
        failed |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    return failed;
}

int main(int argc, char **argv) {
    int processes = argc == 2 ? atoi(argv[1]) : 0, hung = 0;
    for (int number = 0; number < processes; number++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) _exit(first_use((unsigned)number));
        waitpid(child, &status, 0);
        hung += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    printf("%d of %d processes had a child that did not end\n", hung, processes);
    return processes == 0 || hung != 0;
}
