/* Names and connections of driver.c, which are as commands say.
 *
 * No packet leaves the machine: names that no command knows do not exist, and an address that is neither
 * loopback nor routed there by a command is refused and reported. */
#include "network.h"
#include "driver.h"
#include "posix.h"
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

/* ---- Errors ---- */

#ifdef _WIN32
#define OF_SOCKETS(name) {#name, WSA##name}
#else
#define OF_SOCKETS(name) {#name, name}
#endif

static const struct {
    const char *name;
    int number;
} errors[] = {
    OF_SOCKETS(ECONNRESET),   OF_SOCKETS(EMFILE),        OF_SOCKETS(ENOBUFS),
    OF_SOCKETS(ENETUNREACH),  OF_SOCKETS(EHOSTUNREACH),  OF_SOCKETS(EADDRNOTAVAIL),
    OF_SOCKETS(ECONNREFUSED), {"EAI_AGAIN", EAI_AGAIN},  {"EAI_NONAME", EAI_NONAME},
    {"EAI_FAIL", EAI_FAIL},   {"EAI_MEMORY", EAI_MEMORY}, {"EINTR", EINTR},
    {"EAGAIN", EAGAIN},       {"EPIPE", EPIPE},          {"ENFILE", ENFILE},
    {"ENOMEM", ENOMEM},       {"EIO", EIO},              {"EPERM", EPERM},
};

int error_number(const char *name) {
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(errors[i].name, name) == 0) return errors[i].number;
    }
    say("BROKEN\tthe driver knows no error %s", name);
    return 0;
}

/* What a look-up that fails gives; of Windows, Rust's standard library asks for its last error. */
static int failure_of_look_up(int error) {
#ifdef _WIN32
    WSASetLastError(error);
#endif
    return error;
}

static int fail_to_connect(int error) {
#ifdef _WIN32
    WSASetLastError(error);
#else
    errno = error;
#endif
    return -1;
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
    if (number <= names.times) return failure_of_look_up(names.error);
    struct addrinfo **end = result;
    for (size_t i = 0; i < names.count; i++) {
        *end = answer(names.addresses[i], service ? (uint16_t)atoi(service) : 0);
        end = &(*end)->ai_next;
    }
    return 0;
}

int look_up_as_told(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result,
                    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **)) {
    if (!names.known && node && strcmp(node, "localhost") == 0) return real(node, service, hints, result);
    if (!names.known) return failure_of_look_up(EAI_NONAME);
    long busy = __atomic_add_fetch(&names.busy, 1, __ATOMIC_SEQ_CST);
    if (busy > names.busiest) names.busiest = busy;
    int status = planned_answer(service, result);
    __atomic_sub_fetch(&names.busy, 1, __ATOMIC_SEQ_CST);
    return status;
}

void free_as_told(struct addrinfo *list, void (*real)(struct addrinfo *)) {
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

/* ---- Connections ---- */

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

/* IPv6 addresses that stand for one of IPv4 are connected to; on Windows only if a socket is told so. */
static void allow_both(socket_number socket) {
#ifdef _WIN32
    DWORD no = 0;
    setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&no, sizeof no);
#else
    (void)socket;
#endif
}

static int is_loopback(const char *address) {
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

int connect_as_told(socket_number socket, const struct sockaddr *address, socklen_t length,
                    int (*real)(socket_number, const struct sockaddr *, socklen_t)) {
    char text[INET6_ADDRSTRLEN] = "";
    unsigned port = 0;
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6) return real(socket, address, length);
    address_text(address, text, &port);
    if (connect_count < MOST_CONNECTS) {
        snprintf(connects[connect_count].address, INET6_ADDRSTRLEN, "%s", text);
        connects[connect_count++].port = port;
    }
    for (size_t i = 0; i < route_count; i++) {
        int fits = strcmp(routes[i].address, text) == 0 || (!is_loopback(text) && strcmp(routes[i].address, "*") == 0);
        if (!fits) continue;
        if (routes[i].error) return fail_to_connect(routes[i].error);
        struct sockaddr_storage there;
        memcpy(&there, address, (size_t)length);
        to_loopback(&there, routes[i].port);
        allow_both(socket);
        return real(socket, (struct sockaddr *)&there, length);
    }
    if (is_loopback(text)) return real(socket, address, length);
    say("BROKEN\ta connection to %s, which is not loopback", text);
    return fail_to_connect(error_number("ENETUNREACH"));
}

/* ---- What was counted since the last time ---- */

void tell_network(void) {
    for (size_t i = 0; i < connect_count; i++) say("connect\t%s\t%u", connects[i].address, connects[i].port);
    say("count\tlook_ups\t%ld", names.look_ups);
    say("count\tbusiest\t%ld", names.busiest);
    connect_count = 0;
    names.look_ups = names.busiest = 0;
}
