/* What the programs here share: the clock, the loop that is measured, and the lines they print. */
#ifndef BENCH_H
#define BENCH_H
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* The token that the server hands out; it ends with the year 2099. */
#define TOKEN                                                                                                   \
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0aWdlcmdyYXBoIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDAsImlzcyI6IlR" \
    "pZ2VyR3JhcGgifQ.c2lnbmF0dXJlLW9mLXRoZS1iZW5jaC1zZXJ2ZXIhAAA"
#define EXPIRATION "Fri Jan 01 00:00:00 UTC 2100"
#define SECRET "j2qho3smncbk4g5cg4airige8up5bqn2"

/* More calls than this are not measured one by one. */
#define MAX_CALLS 200000

static inline void fail(const char *what) {
    fprintf(stderr, "failed: %s\n", what);
    exit(1);
}

/* A variable of the environment that has to be there. */
static inline const char *variable(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) fail(name);
    return value;
}

static inline uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static inline int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

/* User and system time of this process. */
static inline double cpu_ns(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

/* The most memory that this program had resident. Not ru_maxrss, which begins with that of whoever started it. */
static inline long peak_kb(void) {
    char line[256];
    long peak = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %ld", &peak) == 1) break;
    if (peak == 0) fail("/proc/self/status");
    fclose(file);
    return peak;
}

/* A way to get a token, or an answer. `call` fails the program if it gets none. */
struct client {
    void (*open)(const char *url, const char *ca);
    void (*call)(void);
    void (*close)(void);
};

/* PROGRAM warm|cold|first URL CA-FILE COUNT
 *
 * warm: COUNT calls on one handle that was used before. cold: COUNT times a new handle, one call, the handle
 * freed, after one such round. first: the same without anything before. */
static inline int measure_client(int argc, char **argv, struct client client) {
    static double times[MAX_CALLS];
    if (argc != 5) fail("arguments: warm|cold|first URL CA-FILE COUNT");
    const char *url = argv[2], *ca = argv[3];
    int warm = strcmp(argv[1], "warm") == 0, first = strcmp(argv[1], "first") == 0;
    size_t count = strtoul(argv[4], NULL, 10);
    if (count == 0 || count > MAX_CALLS) fail("COUNT");
    if (!first) {
        client.open(url, ca);
        client.call();
        if (!warm) client.close();
    }
    double cpu = cpu_ns();
    uint64_t began = now();
    for (size_t i = 0; i < count; i++) {
        uint64_t start = now();
        if (!warm) client.open(url, ca);
        client.call();
        if (!warm) client.close();
        times[i] = (double)(now() - start);
    }
    double mean = (double)(now() - began) / (double)count;
    cpu = (cpu_ns() - cpu) / (double)count;
    if (warm) client.close();
    printf("{\"median_ns\":%.0f,\"mean_ns\":%.0f,\"cpu_ns\":%.0f,\"peak_kb\":%ld}\n", median(times, count), mean, cpu, peak_kb());
    return 0;
}

#endif
