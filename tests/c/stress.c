/* Random calls, clones, cancels, frees and forks on many threads; at the end nothing is left of them.
 *     stress URL SECONDS FORKS      URL http://127.0.0.1:PORT; FORKS 1: a thread forks all the time */
#include "check.h"
#include "posix.h"
#ifdef _WIN32
#include <windows.h>

#include <tlhelp32.h>
#else
#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#endif
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define THREADS 16
#define FILES 4
#define SLEEPERS 8

static tg_conn *root;
static atomic_int stop, lines, released, calls, cancelled, wrong, children;
/* Wakeups: set, run, promised, released. */
static atomic_int set, rings, promised, let_go;

/* What a thread uses just now: a handle, for others to cancel, and files of the program, which children look at. */
static struct slot {
    pthread_mutex_t lock;
    tg_conn *conn;
    atomic_long files[FILES];
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

/* A wakeup owns its memory until it is released, and a sanitizer sees who comes later. */
static void wake(void *user_data) {
    atomic_fetch_add((atomic_int *)user_data, 1);
    rings++;
}

static void let_go_of(void *user_data) {
    free(user_data);
    let_go++;
}

static void set_wakeup(tg_conn *conn) {
    atomic_int *own = malloc(sizeof *own);
    if (own == NULL) return;
    *own = 0;
    set++;
    tg_conn_set_wakeup(conn, wake, own, let_go_of);
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
    case TG_STATUS_PENDING:
    case TG_STATUS_TIMEOUT:
    case TG_STATUS_CONNECT:
    case TG_STATUS_NOT_FOUND:
    case TG_STATUS_ALREADY_EXISTS:
    case TG_STATUS_UNKNOWN_OUTCOME:
    case TG_STATUS_UNAUTHENTICATED:
        return 1;
    case TG_STATUS_PROTOCOL:
        /* Tokens of two seconds, on a machine that stands still for so long. */
        return strstr(tg_last_error_message(), "has expired already") != NULL;
    default:
        return 0;
    }
}

static tg_status one_call(tg_conn *conn, unsigned *seed, const char *alias) {
    tg_token *token = NULL;
    tg_secrets *secrets = NULL;
    tg_status status;
    switch (rand_r(seed) % 10) {
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
    case 7:
    case 8:
        if (rand_r(seed) % 2 == 0) set_wakeup(conn);
        status = tg_try_authorization(conn, &token, NULL);
        promised += status == TG_STATUS_PENDING;
        break;
    default:
        status = tg_server_version(conn, NULL, NULL, NULL, NULL);
    }
    if (status != TG_STATUS_OK && token) wrong++;
    tg_token_free(token);
    tg_secrets_free(secrets);
    return status;
}

/* Opens files, which get the numbers of connections that other threads have just closed. */
static void open_files(struct slot *slot) {
    static atomic_long opened;
    /* With a number of its own, so that a file is not taken for the next one with its descriptor. */
    for (int i = 0; i < FILES; i++)
        slot->files[i] = (opened++ << 16) | open(NO_FILE, O_RDONLY | O_CLOEXEC);
}

static void close_files(struct slot *slot) {
    for (int i = 0; i < FILES; i++) close((int)(atomic_exchange(&slot->files[i], -1) & 0xffff));
}

static void *work(void *argument) {
    struct slot *slot = argument;
    unsigned seed = (unsigned)(slot - slots) + 1;
    char alias[32];
    snprintf(alias, sizeof alias, "stress_%u", seed);
    while (!stop) {
        tg_conn *conn = tg_conn_clone(root);
        tg_conn_set_timeout(conn, 20 + (uint32_t)rand_r(&seed) % 400);
        set_wakeup(conn);
        pthread_mutex_lock(&slot->lock);
        slot->conn = conn;
        pthread_mutex_unlock(&slot->lock);
        for (int i = rand_r(&seed) % 4; i >= 0; i--) {
            open_files(slot);
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
            close_files(slot);
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

#ifndef _WIN32
/* Children that do nothing until the end: connections of their parent would stay open in them. */
static pid_t sleepers[SLEEPERS];
static int end[2];

/* The files that were open before a fork. */
static long before_fork[THREADS * FILES];

static void note_files(void) {
    for (int i = 0; i < THREADS * FILES; i++) before_fork[i] = slots[i / FILES].files[i % FILES];
}

/* Files that were open before the fork and after it. Other threads go on while the system copies this process: first
 * its descriptors, then its memory. */
static int lacks_a_file(void) {
    for (int i = 0; i < THREADS * FILES; i++) {
        long file = slots[i / FILES].files[i % FILES];
        if (file >= 0 && file == before_fork[i] && fcntl((int)(file & 0xffff), F_GETFD) == -1) return 1;
    }
    return 0;
}

/* The program has no sockets but those of the library, and a child closes them before it goes on. */
static int has_a_socket(void) {
    struct stat about;
    for (int fd = 0; fd < 1024; fd++)
        if (fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode)) return 1;
    return 0;
}

/* Each child looks at its files; each tenth uses the handle that it inherited, with sockets of its own. */
static int in_child(int number) {
    if (lacks_a_file()) return 2;
    if (has_a_socket()) return 4;
    if (number % 10 != 0) return 0;
    tg_conn *own = tg_conn_clone(root);
    tg_conn_set_timeout(own, 100);
    tg_token *token = NULL;
    set_wakeup(own);
    tg_status status = tg_try_authorization(own, &token, NULL);
    if (status == TG_STATUS_PENDING) status = tg_authorization(own, &token, NULL);
    tg_token_free(token);
    tg_conn_free(own);
    if (is_expected(status)) return 0;
    fprintf(stderr, "a child's status: %s\n", tg_status_name(status));
    return 1;
}

static int sleep_to_the_end(void) {
    char byte;
    close(end[1]);
    return read(end[0], &byte, 1) == 0 ? 0 : 3;
}

static int ended_well(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0) return 1;
    printf("a child ended with status %#x\n", (unsigned)status);
    return 0;
}

static void *fork_all_the_time(void *unused) {
    for (int number = 0; !stop; number++) {
        int sleeper = number % 100 == 99 && number / 100 < SLEEPERS;
        note_files();
        pid_t child = fork();
        if (child == 0) _exit(sleeper ? sleep_to_the_end() : in_child(number));
        if (sleeper)
            sleepers[number / 100] = child;
        else if (!ended_well(child))
            wrong++;
        children++;
        usleep(500);
    }
    return unused;
}

static pthread_t forks;

static void start_forks(void) {
    CHECK(pthread_create(&forks, NULL, fork_all_the_time, NULL) == 0);
}

static void end_sleepers(void) {
    close(end[1]);
    for (int i = 0; i < SLEEPERS; i++) CHECK(sleepers[i] == 0 || ended_well(sleepers[i]));
    CHECK(children > 100 && sleepers[0] != 0);
}

/* Entries of a folder of this process. */
static int count(const char *path) {
    DIR *folder = opendir(path);
    int entries = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));) entries += entry->d_name[0] != '.';
    if (folder) closedir(folder);
    return entries;
}

static int count_descriptors(void) { return count("/proc/self/fd"); }

static int count_threads(void) { return count("/proc/self/task"); }

/* Connections to the server that are not closed at this end, by whatever process. */
static int connections(unsigned port) {
    FILE *table = fopen("/proc/net/tcp", "r");
    char line[512];
    int open = 0;
    while (table && fgets(line, sizeof line, table)) {
        unsigned from, state;
        if (sscanf(line, " %*d: %*x:%x %*x:%*x %x", &from, &state) == 2) open += from == port && state == 1;
    }
    if (table) fclose(table);
    return open;
}
#else
/* All handles of the process, sockets too. */
static int count_descriptors(void) {
    DWORD handles = 0;
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &handles));
    return (int)handles;
}

static int count_threads(void) {
    THREADENTRY32 thread = {.dwSize = sizeof thread};
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    int own = 0;
    for (BOOL more = Thread32First(all, &thread); more; more = Thread32Next(all, &thread))
        own += thread.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(all);
    return own;
}

/* A socket that is open is a handle. */
static int connections(unsigned port) {
    (void)port;
    return 0;
}
#endif

/* Waits up to two seconds until no more than so many are left, and tells how many are. */
static int falls_to(int (*count)(void), int most) {
    for (int waited = 0; waited < 2000 && count() > most; waited++) usleep(1000);
    return count();
}

static tg_config *new_config(const char *url) {
    tg_config *config = tg_config_new(url);
    tg_config_set_password(config, "alice", "opensesame");
    tg_config_set_server_version(config, "4.2");
    tg_config_set_token_lifetime(config, 2, 1);
    return config;
}

#ifdef _WIN32
/* What the system opens for a process that uses threads and sockets for the first time, it keeps. */
static void prepare(const char *url) {
    tg_config *config = new_config(url);
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_authorization(conn, NULL, NULL);
    tg_conn_free(conn);
    tg_config_free(config);
    falls_to(count_threads, 1);
}
#else
static void prepare(const char *url) {
    (void)url;
    CHECK(pipe(end) == 0);
}
#endif

int main(int argc, char **argv) {
    CHECK(argc == 4);
    prepare(argv[1]);
    int descriptors = count_descriptors(), threads = count_threads();
    tg_config *config = new_config(argv[1]);
    tg_config_set_log(config, TG_LOG_DEBUG, log_line, &lines, release);
    CHECK(tg_conn_new(config, &root, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    pthread_t workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_mutex_init(&slots[i].lock, NULL);
        for (int file = 0; file < FILES; file++) slots[i].files[file] = -1;
    }
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&workers[i], NULL, work, &slots[i]) == 0);
#ifndef _WIN32
    int forking = atoi(argv[3]);
    if (forking) start_forks();
#endif
    sleep((unsigned)atoi(argv[2]));
    stop = 1;
    for (int i = 0; i < THREADS; i++) pthread_join(workers[i], NULL);
#ifndef _WIN32
    if (forking) pthread_join(forks, NULL);
#endif
    CHECK(released == 0);
    tg_conn_free(root);
    int threads_left = falls_to(count_threads, threads), files_left = falls_to(count_descriptors, descriptors);
    unsigned port = (unsigned)atoi(strrchr(argv[1], ':') + 1);
    for (int waited = 0; waited < 2000 && connections(port) > 0; waited++) usleep(1000);
    int connections_left = connections(port);
#ifndef _WIN32
    if (forking) end_sleepers();
#endif
    printf("%d calls, %d of them cancelled; %d children; %d log lines\n", calls, cancelled, children, lines);
    printf("left: %d of %d threads, %d of %d descriptors, %d connections at the server; log released %d times\n",
        threads_left, threads, files_left, descriptors, connections_left, released);
    printf("%d wakeups set, %d released; %d promises, %d kept\n", set, let_go, promised, rings);
    CHECK(let_go == set);
    /* One may be for several promises, and none is without one. */
    CHECK(promised > 0 && rings > 0 && rings <= promised);
    CHECK(threads_left <= threads);
    CHECK(files_left <= descriptors);
    CHECK(connections_left == 0);
    CHECK(released == 1);
    CHECK(wrong == 0);
    CHECK(calls > 100 && cancelled > 0 && lines > 100);
    return finish();
}
