/* What Go cannot say itself: macros, callbacks, and several steps in one crossing into C.
 *
 * A header of the same name in the temporary folder comes first for cgo, so nobody else's should have this name. */

#ifndef TIGERGRAPHAUTH_H
#define TIGERGRAPHAUTH_H

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef TIGERGRAPHAUTH_NOT_BUNDLED
#error "no library for this system comes with the tag tigergraph_bundled: install one and build without the tag"
#endif
#ifdef TIGERGRAPHAUTH_BUNDLED
#if defined __has_include
#if !__has_include("bundled/tigergraph_auth.h")
#error "this copy of the Go package has no library for the tag tigergraph_bundled: use one that packaging/packages made"
#endif
#endif
#if defined __GLIBC__ && defined TIGERGRAPHAUTH_MUSL
#error "the tag musl is for a C compiler for musl, and this one is for glibc: build with -tags tigergraph_bundled"
#elif !defined __GLIBC__ && !defined TIGERGRAPHAUTH_MUSL
#error "this C compiler is not for glibc; if it is for musl: build with -tags tigergraph_bundled,musl"
#endif
#endif

#include <tigergraph_auth.h>

#if TIGERGRAPH_AUTH_VERSION_MAJOR != 0 || TIGERGRAPH_AUTH_VERSION_MINOR != 1
#error "this Go package is for tigergraph_auth 0.1: install that version of the library and its header"
#endif

/* Written in Go, in log.go. */
extern void tigergraphauthLog(int32_t level, char *message, uintptr_t log);
extern void tigergraphauthRelease(uintptr_t handle);
/* Written in Go, in provider.go. */
extern void tigergraphauthProvide(tg_provider_request *request, uintptr_t provider);

/* A Go function that the library calls. */
typedef struct tga_callee {
    /* A cgo.Handle, which is a number: converted to a pointer in Go, the garbage collector would look at it. */
    uintptr_t handle;
    /* What the program's threads block. The library's threads block all signals. A process that Go starts there would
     * inherit all those that Go does not need itself, such as SIGPIPE, SIGALRM and SIGUSR1. */
    sigset_t signals;
} tga_callee;

static inline void tga_log(int32_t level, const char *message, void *user_data) {
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, &((tga_callee *)user_data)->signals, &before);
    tigergraphauthLog(level, (char *)message, ((tga_callee *)user_data)->handle);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static inline void tga_release(void *user_data) {
    tigergraphauthRelease(((tga_callee *)user_data)->handle);
    free(user_data);
}

static inline void tga_set_log(tg_config *config, int32_t max_level, tga_callee *log) {
    pthread_sigmask(SIG_SETMASK, NULL, &log->signals);
    tg_config_set_log(config, max_level, tga_log, log, tga_release);
}

static inline void tga_provide(tg_provider_request *request, void *user_data) {
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, &((tga_callee *)user_data)->signals, &before);
    tigergraphauthProvide(request, ((tga_callee *)user_data)->handle);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static inline void tga_set_token_provider(tg_config *config, tga_callee *provider) {
    pthread_sigmask(SIG_SETMASK, NULL, &provider->signals);
    tg_config_set_token_provider(config, tga_provide, provider, tga_release);
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

/* Threads can have different handles of the same token. */
static inline int tga_is_same(const tg_token *token, const tg_token *known) {
    if (token == known || !token || !known) return token == known;
    return tg_token_expires_at(token) == tg_token_expires_at(known) &&
           strcmp(tg_token_value(token), tg_token_value(known)) == 0;
}

/* Whether the token is fresh, and still the known one. Takes addresses, because cgo looks into each pointer that it
 * passes on, which costs more than the call. */
static inline int tga_is_known(uintptr_t conn, uintptr_t known) {
    tg_token *token = NULL;
    tg_try_authorization((tg_conn *)conn, &token, NULL);
    int is_known = token && tga_is_same(token, (const tg_token *)known);
    tg_token_free(token);
    return is_known;
}

/* A handle of its own for one call; total_ms 0: with the limit of conn. */
static inline tg_conn *tga_clone(const tg_conn *conn, uint32_t total_ms) {
    tg_conn *clone = tg_conn_clone(conn);
    if (total_ms) tg_conn_set_timeout(clone, total_ms);
    return clone;
}

#endif
