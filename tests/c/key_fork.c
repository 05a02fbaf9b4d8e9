/* A fork that falls into the making of a key for values of threads. Up to musl 1.2.3 the child inherits a lock there that
 * nobody opens, and waits for it when it makes a key itself. So no fork may fall into it. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "interpose.h"

static atomic_int has_begun, is_making, has_forked;

int pthread_key_create(pthread_key_t *key, void (*destroy)(void *)) {
    NEXT(pthread_key_create)
    atomic_store(&is_making, 1);
    atomic_store(&has_begun, 1);
    for (int ms = 0; ms < 20 && !atomic_load(&has_forked); ms++) usleep(1000);
    int outcome = real(key, destroy);
    atomic_store(&is_making, 0);
    return outcome;
}

/* The child tells whether a key was being made when it was forked. */
static void *fork_meanwhile(void *unused) {
    (void)unused;
    while (!atomic_load(&has_begun)) usleep(100);
    pid_t child = fork();
    if (child == 0) _exit(atomic_load(&is_making));
    atomic_store(&has_forked, 1);
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return NULL;
}

int main(void) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, fork_meanwhile, NULL) == 0);
    tg_config *config = tg_config_new("http://localhost:1");
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    CHECK(atomic_load(&has_begun));
    pthread_join(thread, NULL);
    tg_conn_free(conn);
    return finish();
}
