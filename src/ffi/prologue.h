/* tigergraph_auth.h - secrets and tokens of TigerGraph 2.x to 4.x
 *
 * Generated from src/ffi; edit there. Licence: Apache-2.0 OR MIT.
 *
 * A whole program, but for its main() and <stdio.h> and <stdlib.h>, linked with -ltigergraph_auth:
 *
 *     tg_config *config = tg_config_new("https://db.example.com");
 *     tg_config_set_secret(config, getenv("TG_SECRET"));
 *     tg_conn *conn = NULL;
 *     tg_token *token = NULL;
 *     tg_status status = tg_conn_new(config, &conn, NULL);
 *     tg_config_free(config);
 *     if (status == TG_STATUS_OK) status = tg_authorization(conn, &token, NULL);
 *     if (status == TG_STATUS_OK) puts(tg_token_header(token));
 *     else fprintf(stderr, "%s\n", tg_last_error_message());
 *     tg_token_free(token);
 *     tg_conn_free(conn);
 *
 * CONVENTIONS, which apply to every function and are not repeated below
 *
 * Success and failure. A function that can fail returns a tg_status, 0 for success. Its inputs come
 * first, then its outputs, and last a tg_error **. The outputs are always written: with the result if
 * the call succeeds, with NULL or 0 if it fails. So they can always be freed.
 *
 * Two ways to get the error. If you pass the address of a tg_error * as the last argument, the error is
 * stored there; you can read and free it on any thread. If you pass NULL, call tg_last_error() or
 * tg_last_error_message() on the same thread, before its next call. Either way the error has a status
 * for the program to act on, a reason that says exactly what happened, a message for a person, and a
 * hint that says what to do.
 *
 * NULL. A pointer must be valid unless its function says what NULL means; any other NULL is
 * refused with the reason argument.null, and the message names the parameter. Freeing NULL does nothing.
 * Accessors accept NULL and return "" or 0; for a time to wait, -1.
 *
 * Strings are NUL-terminated UTF-8, at most 64 KiB (certificates 4 MiB). Arguments are copied. A string that
 * you get belongs to the object that you got it from and is valid as long as that object. It is never NULL.
 * Do not free it.
 *
 * Ownership. Free every tg_X * that a function gives you with tg_X_free(), once, on any thread.
 * Freeing wipes the credentials in it.
 *
 * Threads. Any number of threads can use a tg_conn at once. Results (tg_token, tg_secrets, tg_response,
 * tg_error) are immutable and can be read on any thread. A tg_config is for one thread at a time. Do not
 * free a handle that another thread is still using.
 *
 * Time. Every call that sends something ends within its time limit (tg_config_set_timeouts). The limit
 * includes name lookup, waiting and repeated requests. The library starts threads for three purposes only,
 * and each thread ends when its work is done: to look up host names, at most 16 threads in a process, and one
 * for all callers that look up the same name; to renew tokens (tg_authorization), at most 8 in a process, or
 * up to 64 if renewals have to wait for a thread; and to run a token provider (tg_config_set_token_provider),
 * at most one for a connection, with one that waits for it.
 *
 * Retries. A request that failed on the network, or that the server could not serve at the moment (408, 429,
 * 502, 503, 504), is repeated, at most twice in a call, after a short wait or the wait that the server asks
 * for. A request that the server refused is not repeated. Nor is the creation of a secret, once its request
 * has begun: if no answer comes, the status is UNKNOWN_OUTCOME and the message names the alias to look for.
 * Nor is a request of your own, once it has begun: see tg_send().
 *
 * Forks. A child process can use the handles it inherits. It opens its own network connections and closes
 * the inherited ones without using them; its handles keep the token they had. A call that is running when
 * the process forks continues in the parent only.
 *
 * Memory. Passwords, secrets and tokens, and every block of memory that this library frees, are overwritten.
 * The library cannot wipe your own copies, the system's buffers, or memory that was swapped out.
 *
 * Side effects. Nothing is written to stdout or stderr, no signal handler is installed, the environment
 * is not changed, and nothing is done at load time. Errors and log lines never contain a credential.
 * Certificates are always verified unless you turn that off (tg_config_set_insecure_tls). If the server
 * refuses a credential, no other credential is tried.
 *
 * Stability. Numbers never change their meaning and functions are never removed. Later versions may add
 * flags, statuses and reasons: treat a status or a reason that you do not know as a failure.
 */

#ifndef TIGERGRAPH_AUTH_H
#define TIGERGRAPH_AUTH_H

#include <stddef.h>
#include <stdint.h>

/* The version of this header; tg_version() returns the version of the library. */
#define TIGERGRAPH_AUTH_VERSION_MAJOR @MAJOR@
#define TIGERGRAPH_AUTH_VERSION_MINOR @MINOR@
#define TIGERGRAPH_AUTH_VERSION_PATCH @PATCH@

/* Deprecated functions make the compiler warn, unless TIGERGRAPH_AUTH_ALLOW_DEPRECATED is defined. */
#if defined(TIGERGRAPH_AUTH_ALLOW_DEPRECATED)
#define TIGERGRAPH_AUTH_DEPRECATED_NOTE(note)
#elif defined(__GNUC__) || defined(__clang__)
#define TIGERGRAPH_AUTH_DEPRECATED_NOTE(note) __attribute__((deprecated(note)))
#elif defined(_MSC_VER)
#define TIGERGRAPH_AUTH_DEPRECATED_NOTE(note) __declspec(deprecated(note))
#else
#define TIGERGRAPH_AUTH_DEPRECATED_NOTE(note)
#endif

#ifdef __cplusplus
extern "C" {
#endif
