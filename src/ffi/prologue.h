/* tigergraph_auth.h - secrets and tokens of TigerGraph 2.x to 4.x
 *
 * Generated from src/ffi; edit there. Licence: Apache-2.0 OR MIT.
 *
 * A whole program, linked with -ltigergraph_auth:
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
 * CONVENTIONS, which hold for every function and are not repeated below
 *
 * Success and failure. A function that can fail returns a tg_status, 0 for success. Its inputs come
 * first, then its outputs, and last a tg_error **. The outputs are written on every path: the result
 * if the call succeeds, NULL or 0 if it does not, so they may always be freed.
 *
 * Two ways to one error. If you pass the address of a tg_error * as the last argument, it gets the
 * error, which is yours to read and to free on any thread. If you pass NULL, ask tg_last_error()
 * or tg_last_error_message() on the same thread, before its next call. Either way there is a status
 * to act on, a reason that says exactly what happened, a sentence for a person, and a hint what to do.
 *
 * NULL. A pointer must be valid unless its function says what NULL means; a NULL where none may be is
 * refused with the reason argument.null, and the message names the parameter. Freeing NULL does nothing.
 * Accessors take NULL and answer "" or 0.
 *
 * Strings are NUL-terminated UTF-8, at most 64 KiB (certificates 4 MiB). Arguments are copied. Strings that you get are
 * borrowed from the object you asked, live as long as it, are never NULL, and are never to be freed.
 *
 * Ownership. Every X * that a function makes for you is freed with tg_X_free(), once, on any thread.
 * Freeing wipes the credentials in it.
 *
 * Threads. A tg_conn serves any number of threads at once. Results (tg_token, tg_secrets, tg_error)
 * are immutable and may be read anywhere. A tg_config is for one thread at a time. Do not free a handle
 * that another thread is still using.
 *
 * Time. Every call that sends something ends within its time limit (tg_config_set_timeouts), with name
 * look-up, waits and repetitions in it. The library starts threads for two things only, each of which ends
 * with what it is for: look-ups of host names, at most four in a process, one for all callers who ask for
 * the same name; and renewals of tokens (tg_authorization), at most eight.
 *
 * Trying again. What failed on its way or was turned away for the moment (408, 429, 502, 503, 504) is tried
 * again, at most twice in a call, after a short wait or the one the server asks for; what the server refused
 * is not. The creation of a secret is never repeated once its request has begun: if the answer does not
 * come, the status is UNKNOWN_OUTCOME and the message names the alias to look for.
 *
 * Forks. A child may use the handles it inherits: it opens its own connections and closes the inherited
 * ones unused, and its handles keep the token they had. A call that is running when the process forks
 * belongs to the parent.
 *
 * Memory. Passwords, secrets and tokens, and every block this library frees, are wiped. Beyond its reach are
 * your own copies, the buffers of the system, and swapped memory.
 *
 * Manners. Nothing is written to stdout or stderr, no signal handler is installed, the environment
 * is not changed, and nothing is done at load time. No credential is ever part of an error or a log
 * line. Certificates are always verified unless you say otherwise by name. A credential that the server
 * refuses is never replaced by another.
 *
 * Stability. Numbers never change meaning, functions are never removed, and new flags, statuses and
 * reasons may come: treat one you do not know as a failure.
 */

#ifndef TIGERGRAPH_AUTH_H
#define TIGERGRAPH_AUTH_H

#include <stddef.h>
#include <stdint.h>

/* The version of this header; tg_version() tells that of the library. */
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
