/* What Go cannot say itself: macros, callbacks, and several steps in one crossing into C. */

#ifndef TIGERGRAPHAUTH_BRIDGE_H
#define TIGERGRAPHAUTH_BRIDGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tigergraph_auth.h>

#if TIGERGRAPH_AUTH_VERSION_MAJOR != 0 || TIGERGRAPH_AUTH_VERSION_MINOR != 1
#error "this Go package is for tigergraph_auth 0.1: install that version of the library and its header"
#endif

/* Written in Go, in log.go. */
extern void tigergraphauthLog(int32_t level, char *message, uintptr_t log);
extern void tigergraphauthRelease(uintptr_t handle);
/* Written in Go, in provider.go. */
extern void tigergraphauthProvide(tg_provider_request *request, uintptr_t provider);

static inline void tga_log(int32_t level, const char *message, void *user_data) {
    tigergraphauthLog(level, (char *)message, (uintptr_t)user_data);
}

static inline void tga_release(void *user_data) {
    tigergraphauthRelease((uintptr_t)user_data);
}

/* A cgo.Handle is a number: converted to a pointer in Go, the garbage collector would look at it. */
static inline void tga_set_log(tg_config *config, int32_t max_level, uintptr_t log) {
    tg_config_set_log(config, max_level, tga_log, (void *)log, tga_release);
}

static inline void tga_provide(tg_provider_request *request, void *user_data) {
    tigergraphauthProvide(request, (uintptr_t)user_data);
}

static inline void tga_set_token_provider(tg_config *config, uintptr_t provider) {
    tg_config_set_token_provider(config, tga_provide, (void *)provider, tga_release);
}

/* Frees a copy of an argument. Through volatile, or the compiler leaves the wiping out. */
static inline void tga_wipe(char *text) {
    for (volatile char *at = text; at && *at; at++) *at = 0;
    free(text);
}

/* Where a body of no bytes is: NULL would be none. */
static inline const char *tga_empty(void) {
    return "";
}

/* A handle of its own for one call; total_ms 0: with the limit of conn. */
static inline tg_conn *tga_clone(const tg_conn *conn, uint32_t total_ms) {
    tg_conn *clone = tg_conn_clone(conn);
    if (total_ms) tg_conn_set_timeout(clone, total_ms);
    return clone;
}

#endif
