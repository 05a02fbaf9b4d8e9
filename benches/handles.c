/* What handles cost.
 *
 *     handles new URL CA-FILE|system          nanoseconds of the first and of the second tg_conn_new
 *     handles idle|live URL CA-FILE COUNT     bytes of resident memory per handle, of COUNT with equal trust;
 *                                             live: each with a token and a connection that is kept
 */
#include "bench.h"
#include <tigergraph_auth.h>
#include <unistd.h>

static tg_conn *connect_to(const char *url, const char *ca) {
    tg_conn *conn = NULL;
    tg_config *config = tg_config_new(url);
    tg_config_set_secret(config, SECRET);
    tg_config_set_server_version(config, "4.2");
    if (strcmp(ca, "system") != 0) tg_config_set_ca_file(config, ca);
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    tg_config_free(config);
    return conn;
}

static void first_and_second(const char *url, const char *ca) {
    uint64_t began = now();
    tg_conn *first = connect_to(url, ca);
    uint64_t between = now();
    tg_conn *second = connect_to(url, ca);
    uint64_t ended = now();
    printf("{\"first_ns\":%" PRIu64 ",\"second_ns\":%" PRIu64 "}\n", between - began, ended - between);
    tg_conn_free(first);
    tg_conn_free(second);
}

static double resident(void) {
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &pages, &resident) != 2) fail("/proc/self/statm");
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static tg_conn *used(const char *url, const char *ca, int live) {
    tg_conn *conn = connect_to(url, ca);
    if (live && tg_get_token(conn, NULL, 0, 0, NULL, NULL) != TG_STATUS_OK) fail(tg_last_error_message());
    return conn;
}

/* One handle comes first, for what is there once in a process. */
static void per_handle(const char *url, const char *ca, int live, size_t count) {
    tg_conn **handles = calloc(count, sizeof *handles);
    memset(handles, 1, count * sizeof *handles);
    tg_conn *first = used(url, ca, live);
    double before = resident();
    for (size_t i = 0; i < count; i++) handles[i] = used(url, ca, live);
    printf("{\"bytes\":%.0f}\n", (resident() - before) / (double)count);
    for (size_t i = 0; i < count; i++) tg_conn_free(handles[i]);
    tg_conn_free(first);
    free(handles);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "new") == 0) first_and_second(argv[2], argv[3]);
    else if (argc == 5) per_handle(argv[2], argv[3], strcmp(argv[1], "live") == 0, strtoul(argv[4], NULL, 10));
    else fail("arguments");
    return 0;
}
