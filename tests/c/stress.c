/* Random calls, clones, cancels, frees and forks on many threads; at the end nothing is left of them.
 *     stress URL SECONDS FORKS      FORKS 1: a thread forks all the time */
#include "check.h"
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 16

static tg_conn *root;
static atomic_int stop, lines, released, calls, cancelled, wrong;

/* The handle that a thread uses just now, for others to cancel. */
static struct slot {
    pthread_mutex_t lock;
    tg_conn *conn;
} slots[THREADS];

static void log_line(int32_t level, const char *message, void *user_data) {
    (void)level, (void)message, (void)user_data;
    if (released) wrong++;
    lines++;
}

static void release(void *user_data) {
    (void)user_data;
    released++;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* What may come of a call that others disturb: no failure of another kind, no result that is none. */
static int is_expected(tg_status status) {
    switch (status) {
    case TG_STATUS_OK:
    case TG_STATUS_CANCELLED:
    case TG_STATUS_TIMEOUT:
    case TG_STATUS_CONNECT:
    case TG_STATUS_NOT_FOUND:
    case TG_STATUS_ALREADY_EXISTS:
    case TG_STATUS_UNKNOWN_OUTCOME:
    case TG_STATUS_UNAUTHENTICATED:
        return 1;
    default:
        return 0;
    }
}

static tg_status one_call(tg_conn *conn, unsigned *seed, const char *alias) {
    tg_token *token = NULL;
    tg_secrets *secrets = NULL;
    tg_status status;
    switch (rand_r(seed) % 8) {
    case 0:
    case 1:
    case 2:
        status = tg_authorization(conn, &token, NULL);
        if (status == TG_STATUS_OK && tg_token_header(token)[0] == '\0') wrong++;
        if (status == TG_STATUS_OK && rand_r(seed) % 4 == 0) tg_reject_token(conn, token);
        break;
    case 3:
        status = tg_get_token(conn, NULL, 60, TG_TOKEN_KEEP_CURRENT, &token, NULL);
        break;
    case 4:
        status = tg_get_secrets(conn, NULL, &secrets, NULL);
        break;
    case 5:
        status = tg_create_secret(conn, alias, NULL, NULL, &secrets, NULL);
        break;
    case 6:
        status = tg_drop_secret(conn, alias, NULL, TG_IGNORE_MISSING, NULL);
        break;
    default:
        status = tg_server_version(conn, NULL, NULL, NULL, NULL);
    }
    if (status != TG_STATUS_OK && token) wrong++;
    tg_token_free(token);
    tg_secrets_free(secrets);
    return status;
}

static void *work(void *argument) {
    struct slot *slot = argument;
    unsigned seed = (unsigned)(slot - slots) + 1;
    char alias[32];
    snprintf(alias, sizeof alias, "stress_%u", seed);
    while (!stop) {
        tg_conn *conn = tg_conn_clone(root);
        tg_conn_set_timeout(conn, 20 + (uint32_t)rand_r(&seed) % 400);
        pthread_mutex_lock(&slot->lock);
        slot->conn = conn;
        pthread_mutex_unlock(&slot->lock);
        for (int i = rand_r(&seed) % 4; i >= 0; i--) {
            double began = now();
            tg_status status = one_call(conn, &seed, alias);
            calls++;
            if (status == TG_STATUS_CANCELLED) cancelled++;
            if (!is_expected(status)) {
                printf("status %s: %s\n", tg_status_name(status), tg_last_error_message());
                wrong++;
            }
            /* The longest limit, and a machine that has other things to do. */
            if (now() - began > 5) wrong++;
        }
        /* Somebody else's call ends. */
        struct slot *other = &slots[rand_r(&seed) % THREADS];
        pthread_mutex_lock(&other->lock);
        if (other->conn) tg_conn_cancel(other->conn);
        pthread_mutex_unlock(&other->lock);
        pthread_mutex_lock(&slot->lock);
        slot->conn = NULL;
        pthread_mutex_unlock(&slot->lock);
        tg_conn_free(conn);
    }
    return NULL;
}

/* Children use the handle that they inherited, with sockets of their own. */
static void *fork_all_the_time(void *unused) {
    while (!stop) {
        pid_t child = fork();
        if (child == 0) {
            tg_conn *own = tg_conn_clone(root);
            tg_conn_set_timeout(own, 2000);
            tg_token *token = NULL;
            tg_status status = tg_authorization(own, &token, NULL);
            tg_token_free(token);
            tg_conn_free(own);
            _exit(is_expected(status) ? 0 : 1);
        }
        int status = 0;
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) wrong++;
        usleep(2000);
    }
    return unused;
}

/* Entries of a folder of this process: its descriptors or its threads. */
static int count(const char *path) {
    DIR *folder = opendir(path);
    int entries = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));) entries += entry->d_name[0] != '.';
    if (folder) closedir(folder);
    return entries;
}

/* Waits up to two seconds until no more than so many are left. */
static int falls_to(const char *path, int most) {
    for (int waited = 0; waited < 2000 && count(path) > most; waited++) usleep(1000);
    return count(path) <= most;
}

int main(int argc, char **argv) {
    CHECK(argc == 4);
    int descriptors = count("/proc/self/fd"), threads = count("/proc/self/task");
    tg_config *config = tg_config_new(argv[1]);
    tg_config_set_password(config, "alice", "opensesame");
    tg_config_set_server_version(config, "4.2");
    tg_config_set_token_lifetime(config, 2, 1);
    tg_config_set_log(config, TG_LOG_DEBUG, log_line, &lines, release);
    CHECK(tg_conn_new(config, &root, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    pthread_t workers[THREADS], forks;
    for (int i = 0; i < THREADS; i++) pthread_mutex_init(&slots[i].lock, NULL);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&workers[i], NULL, work, &slots[i]) == 0);
    int forking = atoi(argv[3]);
    if (forking) CHECK(pthread_create(&forks, NULL, fork_all_the_time, NULL) == 0);
    sleep((unsigned)atoi(argv[2]));
    stop = 1;
    for (int i = 0; i < THREADS; i++) pthread_join(workers[i], NULL);
    if (forking) pthread_join(forks, NULL);
    CHECK(released == 0);
    tg_conn_free(root);
    CHECK(falls_to("/proc/self/task", threads));
    CHECK(falls_to("/proc/self/fd", descriptors));
    CHECK(released == 1);
    CHECK(wrong == 0);
    CHECK(calls > 100 && cancelled > 0 && lines > 100);
    printf("%d calls, %d of them cancelled\n", calls, cancelled);
    return finish();
}
