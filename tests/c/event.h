/* What a loop waits for, and a wakeup sets: an eventfd, or a semaphore of Windows. */
#ifndef EVENT_H
#define EVENT_H
#include <stdint.h>

#ifdef _WIN32
#include <limits.h>
#include <windows.h>

typedef HANDLE event;

static inline event event_new(void) { return CreateSemaphoreW(NULL, 0, LONG_MAX, NULL); }

/* Whether it could be. */
static inline int event_set(event event) { return ReleaseSemaphore(event, 1, NULL) != 0; }

/* How often it was set since somebody waited; waits for so many nanoseconds, in whole milliseconds here, for the first
 * time. */
static inline uint64_t event_wait(event event, int64_t limit_ns) {
    uint64_t count = 0;
    DWORD limit_ms = (DWORD)((limit_ns + 999999) / 1000000);
    while (WaitForSingleObject(event, count ? 0 : limit_ms) == WAIT_OBJECT_0) count++;
    return count;
}

static inline void event_free(event event) { CloseHandle(event); }
#else
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

typedef int event;

static inline event event_new(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/* Whether it could be. */
static inline int event_set(event event) {
    const uint64_t one = 1;
    return write(event, &one, sizeof one) == sizeof one;
}

/* How often it was set since somebody waited; waits for so many nanoseconds for the first time. */
static inline uint64_t event_wait(event event, int64_t limit_ns) {
    struct pollfd source = {.fd = event, .events = POLLIN};
    struct timespec limit = {.tv_sec = limit_ns / 1000000000, .tv_nsec = limit_ns % 1000000000};
    uint64_t count = 0;
    int is_set = ppoll(&source, 1, &limit, NULL) == 1 && read(event, &count, sizeof count) == sizeof count;
    return is_set ? count : 0;
}

static inline void event_free(event event) { close(event); }
#endif

#endif
