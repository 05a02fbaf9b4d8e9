/* What life.c and soak.c know of shim.c, which comes into their process by LD_PRELOAD. */
#ifndef SHIM_H
#define SHIM_H

#include <stddef.h>

/* What can fail: calls of the system, allocations, and starts of threads. All of them are the library's own. */
enum shim_kind { SHIM_SYSTEM, SHIM_MEMORY, SHIM_THREAD, SHIM_KINDS };

struct shim {
    /* From the first-th call of this kind from now on, so many fail with this error. 0 times: none, only count. */
    void (*plan)(enum shim_kind kind, long first, long times, int error);
    /* How many calls of a kind there were since its last plan. */
    long (*calls)(enum shim_kind kind);
    /* The name of the last call that failed by a plan; "" if none did. */
    const char *(*struck)(void);
    /* Where the last allocation failed by a plan: return addresses, the innermost first, from where the
     * library is loaded. */
    size_t (*trace)(const void **addresses, size_t most);
    /* Bytes and blocks that the process holds. */
    long (*live_bytes)(void);
    long (*live_blocks)(void);
    /* From now on the clocks that tokens end by are so many seconds ahead. */
    void (*advance)(long seconds);
};

#endif
