/* The system calls of driver.c, which fail on command. A program's own definitions come before those of
 * the C library for the shared library too, so that no tool and no privilege is needed. */
#include "driver.h"
#include "interpose.h"
#include "network.h"
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Which call fails ---- */

enum { SOCKET, CONNECT, SEND, RECV, POLL, GETSOCKOPT, SETSOCKOPT, THREAD, RANDOM, MEMORY, POINTS };

static struct {
    const char *name;
    long calls;
    long first, times; /* from the first-th call on, so many fail; 0: none */
    int error;
} points[POINTS] = {
    [SOCKET] = {.name = "socket"},         [CONNECT] = {.name = "connect"},
    [SEND] = {.name = "send"},             [RECV] = {.name = "recv"},
    [POLL] = {.name = "poll"},             [GETSOCKOPT] = {.name = "getsockopt"},
    [SETSOCKOPT] = {.name = "setsockopt"}, [THREAD] = {.name = "pthread_create"},
    [RANDOM] = {.name = "getrandom"},      [MEMORY] = {.name = "malloc"},
};

/* Counts a call; tells whether it fails, with errno set. */
static int strikes(int point) {
    long call = __atomic_add_fetch(&points[point].calls, 1, __ATOMIC_SEQ_CST);
    if (call < points[point].first || call >= points[point].first + points[point].times) return 0;
    errno = points[point].error;
    return 1;
}

/* function, first call, error, number of calls */
void fail_command(char **fields, size_t count) {
    (void)count;
    for (int i = 0; i < POINTS; i++) {
        if (strcmp(points[i].name, fields[1]) != 0) continue;
        points[i].first = atol(fields[2]);
        points[i].error = error_number(fields[3]);
        points[i].times = atol(fields[4]);
        __atomic_store_n(&points[i].calls, 0, __ATOMIC_SEQ_CST);
        return;
    }
    say("BROKEN\tno call of %s can fail", fields[1]);
}

/* ---- Names and sockets ---- */

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    NEXT(getaddrinfo)
    return look_up_as_told(node, service, hints, result, real);
}

void freeaddrinfo(struct addrinfo *list) {
    NEXT(freeaddrinfo)
    free_as_told(list, real);
}

/* glibc declares the address as a union of pointers, to which this is compatible in all but name. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
int connect(int fd, const struct sockaddr *address, socklen_t length) {
    NEXT(connect)
    int struck = strikes(CONNECT) ? errno : 0;
    /* A connect that a signal interrupts goes on by itself. */
    int status = struck && struck != EINTR ? -1 : connect_as_told(fd, address, length, real);
    if (struck) errno = struck;
    return struck ? -1 : status;
}
#pragma GCC diagnostic pop

int socket(int domain, int type, int protocol) {
    NEXT(socket)
    return strikes(SOCKET) ? -1 : real(domain, type, protocol);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    NEXT(send)
    return strikes(SEND) ? -1 : real(fd, bytes, length, flags);
}

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    NEXT(recv)
    return strikes(RECV) ? -1 : real(fd, bytes, length, flags);
}

int poll(struct pollfd *polled, nfds_t count, int timeout) {
    NEXT(poll)
    return strikes(POLL) ? -1 : real(polled, count, timeout);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
    NEXT(getsockopt)
    return strikes(GETSOCKOPT) ? -1 : real(fd, level, name, value, length);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
    NEXT(setsockopt)
    return strikes(SETSOCKOPT) ? -1 : real(fd, level, name, value, length);
}

/* ---- Threads and random numbers ---- */

int real_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg) {
    NEXT(pthread_create)
    return real(thread, attributes, run, arg);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg) {
    return strikes(THREAD) ? points[THREAD].error : real_thread(thread, attributes, run, arg);
}

ssize_t getrandom(void *bytes, size_t length, unsigned flags) {
    NEXT(getrandom)
    return strikes(RANDOM) ? -1 : real(bytes, length, flags);
}

/* ---- Clocks ---- */

static long wall_ahead, boot_ahead;

int real_clock(clockid_t clock, struct timespec *time) {
    NEXT(clock_gettime)
    return real(clock, time);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int status = real_clock(clock, time);
    if (clock == CLOCK_REALTIME) time->tv_sec += __atomic_load_n(&wall_ahead, __ATOMIC_SEQ_CST);
    if (clock == CLOCK_BOOTTIME || clock == CLOCK_MONOTONIC) {
        time->tv_sec += __atomic_load_n(&boot_ahead, __ATOMIC_SEQ_CST);
    }
    return status;
}

/* Rust programs ask the kernel by this for random numbers, and to wait until a moment of their clock. */
long syscall(long number, ...) {
    NEXT(syscall)
    long values[6];
    struct timespec until;
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++) values[i] = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_getrandom && strikes(RANDOM)) return -1;
    if (number == SYS_futex && (values[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && values[3] != 0) {
        /* The kernel's own clock is not ahead. */
        until = *(const struct timespec *)values[3];
        until.tv_sec -= __atomic_load_n(values[1] & FUTEX_CLOCK_REALTIME ? &wall_ahead : &boot_ahead, __ATOMIC_SEQ_CST);
        if (until.tv_sec < 0) until = (struct timespec){0, 0};
        values[3] = (long)&until;
    }
    return real(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

/* "wall", or "boot" for all that only goes on; seconds ahead of the real one */
void clock_command(char **fields, size_t count) {
    (void)count;
    long *clock = strcmp(fields[1], "wall") == 0 ? &wall_ahead : &boot_ahead;
    __atomic_store_n(clock, atol(fields[2]), __ATOMIC_SEQ_CST);
}

/* ---- Memory, where no sanitizer counts it ---- */

#define REFUSES strikes(MEMORY)
#include "heap.h"

/* ---- What was counted since the last time ---- */

void counts_command(char **fields, size_t count) {
    (void)fields, (void)count;
    tell_network();
    say("count\tpeak\t%ld", peak - live);
    for (int i = 0; i < POINTS; i++) {
        say("count\t%s\t%ld", points[i].name, points[i].calls);
        points[i].calls = 0;
    }
    peak = live;
}
