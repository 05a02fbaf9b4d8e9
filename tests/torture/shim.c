/* Makes what the library asks of the system fail on command. Loaded by LD_PRELOAD, it stands between the
 * library as it ships and the C library; only calls that come from the library's own code are counted and can
 * fail, whatever thread makes them.
 *
 * Not here are calls that cannot fail with the arguments they get (clocks, signal masks, thread attributes). */
#include "shim.h"
#include "../c/interpose.h"
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <linux/futex.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* ---- Whose call it is ---- */

static uintptr_t library, library_end;

static int find_library(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size, (void)unused;
    if (!strstr(info->dlpi_name, "libtigergraph_auth")) return 0;
    library = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t end = library + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && end > library_end) library_end = end;
    }
    return 1;
}

#define FROM_LIBRARY ((uintptr_t)__builtin_return_address(0) - library < library_end - library)

__attribute__((constructor)) static void begin(void) {
    void *frames[1];
    dl_iterate_phdr(find_library, NULL);
    /* The first one allocates. */
    backtrace(frames, 1);
}

/* ---- Which call fails ---- */

static struct {
    long calls, first, times;
    int error;
} plans[SHIM_KINDS];

static const char *struck = "";

static void set_plan(enum shim_kind kind, long first, long times, int error) {
    plans[kind].first = first;
    plans[kind].times = times;
    plans[kind].error = error;
    __atomic_store_n(&plans[kind].calls, 0, __ATOMIC_SEQ_CST);
    struck = "";
}

static long calls(enum shim_kind kind) {
    return __atomic_load_n(&plans[kind].calls, __ATOMIC_SEQ_CST);
}

static const char *last_struck(void) {
    return struck;
}

/* Counts a call of the library's; tells whether it fails, with errno set. */
static int strikes(enum shim_kind kind, int from_library, const char *name) {
    if (!from_library) return 0;
    long call = __atomic_add_fetch(&plans[kind].calls, 1, __ATOMIC_SEQ_CST);
    if (call < plans[kind].first || call - plans[kind].first >= plans[kind].times) return 0;
    struck = name;
    errno = plans[kind].error;
    return 1;
}

#define STRIKES(name) strikes(SHIM_SYSTEM, FROM_LIBRARY, name)

/* ---- Calls of the system ---- */

/* A function that fails with its value for failures before it does anything. */
#define FAILING(type, function, failure, parameters, arguments) \
    type function parameters {                                  \
        NEXT(function)                                          \
        return STRIKES(#function) ? failure : real arguments;   \
    }

FAILING(int, socket, -1, (int domain, int type, int protocol), (domain, type, protocol))
FAILING(ssize_t, send, -1, (int fd, const void *bytes, size_t length, int flags), (fd, bytes, length, flags))
FAILING(ssize_t, recv, -1, (int fd, void *bytes, size_t length, int flags), (fd, bytes, length, flags))
FAILING(ssize_t, read, -1, (int fd, void *bytes, size_t length), (fd, bytes, length))
FAILING(ssize_t, write, -1, (int fd, const void *bytes, size_t length), (fd, bytes, length))
FAILING(ssize_t, readv, -1, (int fd, const struct iovec *parts, int count), (fd, parts, count))
FAILING(ssize_t, writev, -1, (int fd, const struct iovec *parts, int count), (fd, parts, count))
FAILING(int, poll, -1, (struct pollfd *polled, nfds_t count, int timeout), (polled, count, timeout))
FAILING(int, getsockopt, -1, (int fd, int level, int name, void *value, socklen_t *length),
        (fd, level, name, value, length))
FAILING(int, setsockopt, -1, (int fd, int level, int name, const void *value, socklen_t length),
        (fd, level, name, value, length))
FAILING(int, fstat64, -1, (int fd, struct stat64 *status), (fd, status))
FAILING(int, stat64, -1, (const char *path, struct stat64 *status), (path, status))
FAILING(int, statx, -1, (int fd, const char *path, int flags, unsigned mask, struct statx *status),
        (fd, path, flags, mask, status))
FAILING(off64_t, lseek64, -1, (int fd, off64_t offset, int whence), (fd, offset, whence))
FAILING(ssize_t, getrandom, -1, (void *bytes, size_t length, unsigned flags), (bytes, length, flags))
FAILING(int, getaddrinfo, EAI_SYSTEM,
        (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result),
        (node, service, hints, result))

/* glibc declares addresses as a union of pointers, to which these are compatible in all but name. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
FAILING(int, getpeername, -1, (int fd, struct sockaddr *address, socklen_t *length), (fd, address, length))

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    NEXT(connect)
    int error = STRIKES("connect") ? errno : 0;
    /* A connect that a signal interrupts goes on by itself. */
    int status = error && error != EINTR ? -1 : real(fd, address, length);
    if (error) errno = error;
    return error ? -1 : status;
}
#pragma GCC diagnostic pop

/* Whatever it says, the descriptor is gone afterwards: that is how Linux does it. */
int close(int fd) {
    NEXT(close)
    int error = STRIKES("close") ? errno : 0;
    int status = real(fd);
    if (error) errno = error;
    return error ? -1 : status;
}

static int opened(int (*real)(const char *, int, ...), int strike, const char *path, int flags, va_list rest) {
    if (strike) return -1;
    return real(path, flags, flags & O_CREAT ? va_arg(rest, mode_t) : 0);
}

#define OPENING(function)                                                       \
    int function(const char *path, int flags, ...) {                            \
        NEXT(function)                                                          \
        va_list rest;                                                           \
        va_start(rest, flags);                                                  \
        int fd = opened(real, STRIKES(#function), path, flags, rest);           \
        va_end(rest);                                                           \
        return fd;                                                              \
    }
OPENING(open)
OPENING(open64)

/* Only a signal can end it early, and then it tells what is left. It returns its error. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest) {
    NEXT(clock_nanosleep)
    if (FROM_LIBRARY && plans[SHIM_SYSTEM].error == EINTR && STRIKES("clock_nanosleep")) {
        if (rest) *rest = *time;
        return EINTR;
    }
    return real(clock, flags, time, rest);
}

/* Rust asks the kernel by this for random numbers, and to wait for locks: a wait can be interrupted, or found to
 * be too late, and nothing else; waking others cannot fail. */
long syscall(long number, ...) {
    NEXT(syscall)
    long values[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++) values[i] = va_arg(rest, long);
    va_end(rest);
    int error = plans[SHIM_SYSTEM].error;
    if (number == SYS_getrandom && STRIKES("getrandom")) return -1;
    int waits = number == SYS_futex && ((values[1] & FUTEX_CMD_MASK) == FUTEX_WAIT ||
                                        (values[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET);
    if (waits && (error == EINTR || error == EAGAIN) && STRIKES("futex")) return -1;
    return real(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

/* It returns its error, and has but one. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    NEXT(pthread_create)
    int from_library = FROM_LIBRARY;
    return strikes(SHIM_THREAD, from_library, "pthread_create") ? EAGAIN : real(thread, attributes, run, argument);
}

/* ---- Memory ---- */

#define MOST_FRAMES 64

static void *frames[MOST_FRAMES];
static int frame_count;

static int memory_strikes(int from_library) {
    if (!strikes(SHIM_MEMORY, from_library, "malloc")) return 0;
    frame_count = backtrace(frames, MOST_FRAMES);
    errno = ENOMEM;
    return 1;
}

#define REFUSES memory_strikes(FROM_LIBRARY)
#include "../c/heap.h"

static size_t trace(const void **addresses, size_t most) {
    size_t count = 0;
    for (int i = 0; i < frame_count && count < most; i++) {
        uintptr_t address = (uintptr_t)frames[i];
        if (address >= library && address < library_end) addresses[count++] = (void *)(address - library);
    }
    return count;
}

static long live_bytes(void) {
    return __atomic_load_n(&live, __ATOMIC_SEQ_CST);
}

static long live_blocks(void) {
    return __atomic_load_n(&blocks, __ATOMIC_SEQ_CST);
}

/* ---- Clocks ---- */

static long ahead;

int clock_gettime(clockid_t clock, struct timespec *time) {
    NEXT(clock_gettime)
    int status = real(clock, time);
    /* Not the clock that waits are measured by, in the kernel too. */
    if (clock != CLOCK_MONOTONIC) time->tv_sec += __atomic_load_n(&ahead, __ATOMIC_SEQ_CST);
    return status;
}

static void advance(long seconds) {
    __atomic_store_n(&ahead, seconds, __ATOMIC_SEQ_CST);
}

const struct shim shim = {
    .plan = set_plan,
    .calls = calls,
    .struck = last_struck,
    .trace = trace,
    .live_bytes = live_bytes,
    .live_blocks = live_blocks,
    .advance = advance,
};
