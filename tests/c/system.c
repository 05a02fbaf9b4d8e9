/* The system calls of driver.c, which fail on command. A program's own definitions come before those of
 * the C library for the shared library too, so that no tool and no privilege is needed.
 *
 * No packet leaves the machine: names that no command knows do not exist, and an address that is neither
 * loopback nor routed there by a command is refused and reported. */
#include "driver.h"
#include "interpose.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/futex.h>
#include <netdb.h>
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

static const struct {
    const char *name;
    int number;
} errors[] = {
    {"EINTR", EINTR},           {"EAGAIN", EAGAIN},
    {"ECONNRESET", ECONNRESET}, {"EPIPE", EPIPE},
    {"EMFILE", EMFILE},         {"ENFILE", ENFILE},
    {"ENOBUFS", ENOBUFS},       {"ENOMEM", ENOMEM},
    {"EIO", EIO},               {"EPERM", EPERM},
    {"ENETUNREACH", ENETUNREACH}, {"EHOSTUNREACH", EHOSTUNREACH},
    {"EADDRNOTAVAIL", EADDRNOTAVAIL}, {"ECONNREFUSED", ECONNREFUSED},
    {"EAI_AGAIN", EAI_AGAIN},   {"EAI_NONAME", EAI_NONAME},
    {"EAI_FAIL", EAI_FAIL},     {"EAI_MEMORY", EAI_MEMORY},
};

static int error_number(const char *name) {
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(errors[i].name, name) == 0) return errors[i].number;
    }
    say("BROKEN\tthe driver knows no error %s", name);
    return 0;
}

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

/* ---- Names ---- */

#define MOST_ADDRESSES 512

static struct {
    long plan;     /* counts the commands, so that a hanging look-up sees a new one */
    int known;     /* whether a command told what names there are */
    long delay_ms; /* of every look-up */
    int error;     /* of the first look-ups, so many times */
    long times;
    size_t count;
    char addresses[MOST_ADDRESSES][INET6_ADDRSTRLEN];
    long look_ups, busy, busiest;
} names;

/* delay in milliseconds, error, how often it comes first, addresses divided by commas */
void names_command(char **fields, size_t count) {
    (void)count;
    names.known = 1;
    names.delay_ms = atol(fields[1]);
    names.times = atol(fields[3]);
    names.error = names.times ? error_number(fields[2]) : 0;
    names.count = 0;
    for (char *rest = fields[4]; rest && *rest && names.count < MOST_ADDRESSES;) {
        snprintf(names.addresses[names.count++], INET6_ADDRSTRLEN, "%s", strsep(&rest, ","));
    }
    __atomic_add_fetch(&names.plan, 1, __ATOMIC_SEQ_CST);
}

/* An answer of one address. Marked, because freeaddrinfo meets the system's own too. */
struct answer {
    struct addrinfo info;
    struct sockaddr_storage address;
};

static char marked[] = "";

static struct addrinfo *answer(const char *text, uint16_t port) {
    struct answer *it = calloc(1, sizeof *it);
    if (!it) abort();
    struct sockaddr_in *v4 = (struct sockaddr_in *)&it->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&it->address;
    int is_v4 = inet_pton(AF_INET, text, &v4->sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) abort();
    it->address.ss_family = is_v4 ? AF_INET : AF_INET6;
    if (is_v4) v4->sin_port = htons(port);
    else v6->sin6_port = htons(port);
    it->info = (struct addrinfo){.ai_family = it->address.ss_family, .ai_socktype = SOCK_STREAM,
                                 .ai_protocol = IPPROTO_TCP, .ai_canonname = marked,
                                 .ai_addr = (struct sockaddr *)&it->address,
                                 .ai_addrlen = is_v4 ? sizeof *v4 : sizeof *v6};
    return &it->info;
}

static int planned_answer(const char *service, struct addrinfo **result) {
    long number = __atomic_add_fetch(&names.look_ups, 1, __ATOMIC_SEQ_CST);
    long plan = __atomic_load_n(&names.plan, __ATOMIC_SEQ_CST);
    for (long ms = 0; ms < names.delay_ms && plan == __atomic_load_n(&names.plan, __ATOMIC_SEQ_CST); ms++) {
        usleep(1000);
    }
    *result = NULL;
    if (number <= names.times) return names.error;
    struct addrinfo **end = result;
    for (size_t i = 0; i < names.count; i++) {
        *end = answer(names.addresses[i], service ? (uint16_t)atoi(service) : 0);
        end = &(*end)->ai_next;
    }
    return 0;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    NEXT(getaddrinfo)
    if (!names.known) return node && strcmp(node, "localhost") == 0 ? real(node, service, hints, result) : EAI_NONAME;
    long busy = __atomic_add_fetch(&names.busy, 1, __ATOMIC_SEQ_CST);
    if (busy > names.busiest) names.busiest = busy;
    int status = planned_answer(service, result);
    __atomic_sub_fetch(&names.busy, 1, __ATOMIC_SEQ_CST);
    return status;
}

void freeaddrinfo(struct addrinfo *list) {
    NEXT(freeaddrinfo)
    if (list && list->ai_canonname != marked) {
        real(list);
        return;
    }
    while (list) {
        struct addrinfo *after = list->ai_next;
        free(list);
        list = after;
    }
}

/* ---- Sockets ---- */

#define MOST_ROUTES 8
#define MOST_CONNECTS 256

static struct {
    char address[INET6_ADDRSTRLEN];
    uint16_t port; /* on loopback; 0: the error */
    int error;
} routes[MOST_ROUTES];
static size_t route_count;

static struct {
    char address[INET6_ADDRSTRLEN];
    unsigned port;
} connects[MOST_CONNECTS];
static size_t connect_count;

/* address ("*": any that is not loopback), then a port on loopback or an error; "clear" forgets all */
void route_command(char **fields, size_t count) {
    (void)count;
    if (strcmp(fields[1], "clear") == 0 || route_count == MOST_ROUTES) route_count = 0;
    if (strcmp(fields[1], "clear") == 0) return;
    int port = atoi(fields[2]);
    snprintf(routes[route_count].address, INET6_ADDRSTRLEN, "%s", fields[1]);
    routes[route_count].port = (uint16_t)port;
    routes[route_count].error = port ? 0 : error_number(fields[2]);
    route_count++;
}

static void address_text(const struct sockaddr *address, char *text, unsigned *port) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    int is_v4 = address->sa_family == AF_INET;
    *port = ntohs(is_v4 ? v4->sin_port : v6->sin6_port);
    inet_ntop(address->sa_family, is_v4 ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr, text,
              INET6_ADDRSTRLEN);
}

/* The same family, so that the socket fits: 127.0.0.1, or the IPv6 address that stands for it. */
static void to_loopback(struct sockaddr_storage *address, uint16_t port) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET) {
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        v4->sin_port = htons(port);
    } else {
        inet_pton(AF_INET6, "::ffff:127.0.0.1", &v6->sin6_addr);
        v6->sin6_port = htons(port);
    }
}

/* glibc declares the address as a union of pointers, to which this is compatible in all but name. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
static int connect_there(int fd, const struct sockaddr *address, socklen_t length) {
    NEXT(connect)
    char text[INET6_ADDRSTRLEN] = "";
    unsigned port = 0;
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6) return real(fd, address, length);
    address_text(address, text, &port);
    if (connect_count < MOST_CONNECTS) {
        snprintf(connects[connect_count].address, INET6_ADDRSTRLEN, "%s", text);
        connects[connect_count++].port = port;
    }
    int is_loopback = strncmp(text, "127.", 4) == 0 || strcmp(text, "::1") == 0;
    for (size_t i = 0; i < route_count; i++) {
        int fits = strcmp(routes[i].address, text) == 0 || (!is_loopback && strcmp(routes[i].address, "*") == 0);
        if (!fits) continue;
        if (routes[i].error) {
            errno = routes[i].error;
            return -1;
        }
        struct sockaddr_storage there;
        memcpy(&there, address, length);
        to_loopback(&there, routes[i].port);
        return real(fd, (struct sockaddr *)&there, length);
    }
    if (is_loopback) return real(fd, address, length);
    say("BROKEN\ta connection to %s, which is not loopback", text);
    errno = EACCES;
    return -1;
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    int struck = strikes(CONNECT) ? errno : 0;
    /* A connect that a signal interrupts goes on by itself. */
    int status = struck && struck != EINTR ? -1 : connect_there(fd, address, length);
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
    for (size_t i = 0; i < connect_count; i++) say("connect\t%s\t%u", connects[i].address, connects[i].port);
    say("count\tlook_ups\t%ld", names.look_ups);
    say("count\tbusiest\t%ld", names.busiest);
    say("count\tpeak\t%ld", peak - live);
    for (int i = 0; i < POINTS; i++) {
        say("count\t%s\t%ld", points[i].name, points[i].calls);
        points[i].calls = 0;
    }
    connect_count = 0;
    names.look_ups = names.busiest = 0;
    peak = live;
}
