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
#define TIGERGRAPH_AUTH_VERSION_MAJOR 0
#define TIGERGRAPH_AUTH_VERSION_MINOR 1
#define TIGERGRAPH_AUTH_VERSION_PATCH 1

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

/* Version ============================================================================================= */

/**
 * The version of the library that is running, such as "0.1.0".
 *
 * Compare it with the macros TIGERGRAPH_AUTH_VERSION_MAJOR and so on, which give the version of the header
 * that your program was compiled with.
 */
const char *tg_version(void);

/**
 * The same as one number: major << 16 | minor << 8 | patch.
 */
uint32_t tg_version_number(void);

/* Status ============================================================================================== */

/**
 * What a program can do about the outcome of a call: TG_STATUS_OK (0) or one of the numbers below.
 *
 * Numbers never change meaning; later versions may add some, so treat one you do not know as a failure.
 * The reason of the error says exactly what happened, see tg_error_reason().
 */
typedef int32_t tg_status;
/**
 * Done.
 */
#define TG_STATUS_OK 0
/**
 * An argument or a setting is wrong; nothing was sent.
 *
 * Reasons: argument.null, argument.utf8, argument.control_character, argument.alias,
 * argument.graph, argument.url, argument.range, argument.flags, argument.method, argument.path,
 * argument.header, argument.recursion, config.conflict, config.file, config.plain_http, config.profile.
 */
#define TG_STATUS_INVALID_ARGUMENT 1
/**
 * No connection to the server.
 *
 * Reasons: connect.dns, connect.refused, connect.unreachable, connect.reset, connect.closed,
 * connect.proxy, connect.resource.
 */
#define TG_STATUS_CONNECT 2
/**
 * A time limit was exceeded.
 *
 * Reasons: timeout.dns, timeout.connect, timeout.tls, timeout.response.
 */
#define TG_STATUS_TIMEOUT 3
/**
 * The server's certificate or the TLS session was refused; nothing of the request was sent, unless
 * tg_error_http_status() is not 0: then a gateway answered that it misses a client certificate.
 *
 * Reasons: tls.unknown_issuer, tls.expired, tls.not_yet_valid, tls.wrong_host, tls.revoked,
 * tls.pin_mismatch, tls.protocol (also: the port does not speak TLS), tls.client_certificate,
 * tls.bad_certificate, tls.no_name.
 */
#define TG_STATUS_TLS 4
/**
 * The answer is not one that a TigerGraph server gives.
 *
 * Reasons: protocol.not_json, protocol.shape, protocol.framing, protocol.too_large,
 * protocol.redirect, protocol.encoding.
 */
#define TG_STATUS_PROTOCOL 5
/**
 * The server refused the credentials.
 *
 * Reasons: auth.bad_secret, auth.bad_password, auth.bad_token, auth.token_expired,
 * auth.locked_out, auth.refused, provider.refused, oauth2.refused.
 */
#define TG_STATUS_UNAUTHENTICATED 6
/**
 * The credentials are valid, but do not allow this.
 *
 * Reason: auth.no_privilege.
 */
#define TG_STATUS_FORBIDDEN 7
/**
 * The secret, token, graph, user or endpoint does not exist.
 *
 * Reasons: missing.secret, missing.token, missing.graph, missing.user, missing.endpoint.
 */
#define TG_STATUS_NOT_FOUND 8
/**
 * A secret with this alias already exists.
 *
 * Reason: exists.secret.
 */
#define TG_STATUS_ALREADY_EXISTS 9
/**
 * This server version cannot do it.
 *
 * Reasons: unsupported.refresh, unsupported.check, unsupported.user, unsupported.value,
 * unsupported.server.
 */
#define TG_STATUS_UNSUPPORTED 10
/**
 * REST++ authentication is off on the server: no token is needed.
 *
 * Reason: auth.disabled.
 */
#define TG_STATUS_AUTH_DISABLED 11
/**
 * The server is busy, starting or limiting requests: try again later.
 *
 * Reasons: unavailable.starting, unavailable.overloaded, unavailable.rate_limited,
 * unavailable.gateway, provider.unavailable, oauth2.unavailable.
 */
#define TG_STATUS_UNAVAILABLE 12
/**
 * Another error on the server.
 *
 * Reasons: server.error, server.revoke_list_full.
 */
#define TG_STATUS_SERVER 13
/**
 * A request that is not safe to repeat may have been carried out.
 *
 * Reason: outcome.unknown.
 */
#define TG_STATUS_UNKNOWN_OUTCOME 14
/**
 * There is no token, and no login to get one.
 *
 * Reasons: credentials.none, credentials.masked_secret.
 */
#define TG_STATUS_NO_CREDENTIALS 15
/**
 * A bug in this library; the handle can still be used.
 *
 * Reason: internal.panic.
 */
#define TG_STATUS_INTERNAL 16
/**
 * The call was cancelled.
 *
 * Reason: cancelled.
 */
#define TG_STATUS_CANCELLED 17
/**
 * A token is on its way: ask again after the wakeup. Of tg_try_authorization() only.
 *
 * Reason: pending.
 */
#define TG_STATUS_PENDING 18

/**
 * The name of a status without its prefix, such as "TIMEOUT"; "UNKNOWN" for a number this version does not
 * know. Never NULL. Do not free it.
 */
const char *tg_status_name(tg_status status);

/* Errors ============================================================================================== */

/**
 * What went wrong: one sentence for a person, a stable reason for a program. Immutable.
 * Contains no credential, so it may be logged.
 */
typedef struct tg_error tg_error;

/**
 * The error of the calling thread's last call that takes a tg_error **; after a success, and
 * before the first call, an error with status OK and the message "".
 *
 * Never NULL. Borrowed: it is valid until this thread's next call that takes a tg_error **; setters,
 * accessors and _free functions do not change it. Do not free it. In Go, async .NET or any other environment
 * that may move your code to another thread between two calls, use the call's last argument.
 *
 * Read it in a statement after the call. The arguments of one call are evaluated in any order in C, so
 * printf("%d %s", tg_get_token(...), tg_last_error_message()) may read the error before there is one.
 */
const tg_error *tg_last_error(void);

/**
 * The message of tg_last_error(): one sentence for a person, "" after a success. Read it in a statement after
 * the call, see there.
 */
const char *tg_last_error_message(void);

/**
 * What a program can do about it; OK for NULL.
 */
tg_status tg_error_status(const tg_error *error);

/**
 * One sentence for a person that says what caused the error. Never NULL; valid as long as the error.
 */
const char *tg_error_message(const tg_error *error);

/**
 * What exactly happened, as a stable word such as "tls.unknown_issuer"; see the list beside each status.
 * Later versions may add reasons. Never NULL; valid as long as the error.
 */
const char *tg_error_reason(const tg_error *error);

/**
 * What to do about it, for a person, or "". Never NULL; valid as long as the error.
 *
 * Hints and messages, also those of a report or the log, name what a program calls or sets in a form that
 * can be replaced: a function or flag of this header as a whole word (tg_config_set_ca_file), and a setting
 * in quotation marks after the word "setting", with the variable it came from: the setting "ca_file" (from
 * TG_CERT_PATH). So a program, or another language, can put its own names there, as tg-auth puts --ca-file.
 */
const char *tg_error_hint(const tg_error *error);

/**
 * The server's own code, such as "REST-10016", or that of an authorization server, such as "invalid_client",
 * or "". Never NULL; valid as long as the error.
 */
const char *tg_error_server_code(const tg_error *error);

/**
 * The HTTP status of the answer; 0 if there was no answer.
 */
int32_t tg_error_http_status(const tg_error *error);

/**
 * How many milliseconds to wait before the next try: as the server asked, or, from tg_authorization(), until
 * the library itself tries again. -1 if neither is known.
 */
int64_t tg_error_retry_after_ms(const tg_error *error);

/**
 * Frees an error that a call returned through its last argument. NULL is allowed. Can be called on any
 * thread.
 */
void tg_error_free(tg_error *error);

/* Log ================================================================================================= */

/**
 * A token could not be renewed, and no valid one is left. Other failures are returned to the caller and not
 * logged.
 */
#define TG_LOG_ERROR 1

/**
 * Something works, but needs attention.
 */
#define TG_LOG_WARN 2

/**
 * Something worth knowing happened.
 */
#define TG_LOG_INFO 3

/**
 * Every request: method, path (but for tg_send()), status and duration. Never a query, a header or a body.
 */
#define TG_LOG_DEBUG 4

/**
 * Takes one log line. message has no line break at its end, contains no credential, and is valid during the
 * call.
 *
 * May be called on any thread, and on several at once, while the library holds no lock: it may call tg_*
 * functions itself, on that thread, but must not wait for another thread that does. Log lines that such a
 * call causes on that thread are dropped. It must return normally: no exception, no longjmp.
 *
 * Calls wait for a renewal (tg_authorization), which logs on a thread of the library. In Node.js a function
 * runs on the main thread only, so a call that blocks the main thread waits for the renewal, the renewal for
 * the function, and the call ends with timeout.response. There, make calls asynchronously, or set no log
 * function. In LuaJIT and PHP set none: a call of their functions on another thread ends the process.
 */
typedef void (*tg_log_fn)(int32_t level, const char *message, void *user_data);

/**
 * Releases user_data: called exactly once, on any thread, after the last call of the function that gets it.
 */
typedef void (*tg_release_fn)(void *user_data);

/* Configuration ======================================================================================= */

/**
 * The settings of a connection. For one thread at a time.
 *
 * Setters only store a value and cannot fail. tg_conn_new() checks all settings and names the wrong one, but
 * never shows a secret value. NULL or 0 restores a setting's default. Every text is copied. A NULL config is
 * ignored.
 */
typedef struct tg_config tg_config;

/**
 * New settings for the server at this address, as "https://db.example.com[:port][/base]" or
 * "xyz.i.tgcloud.io". Without a scheme, https is used.
 *
 * Without a port: 443 for hosts of TigerGraph Cloud, else 14240, where the gateway serves everything on
 * every version; if no connection to it is possible, token calls try 9000 once. User name, query and
 * fragment are refused.
 *
 * Several servers of one cluster, at most 8 with the same scheme, are "https://a,https://b": one login, and
 * tokens that all of them accept. Ports, the rules above and what the library learns are for each server.
 * Requests go to the first one. If a connection to it is not possible (connect.*, or timeout.* before a
 * byte of the request was written), the call goes on with the next one, within its time limit, and the one
 * that failed is not asked for 30 s, as long as another one has not failed. The one that answers is kept.
 * After tls.*, auth.* or a byte of the request no other server is asked.
 *
 * Free with tg_config_free(). NULL only if there is no memory.
 */
tg_config *tg_config_new(const char *host);

/**
 * Fills in the settings that are not set yet from the environment: TG_HOST, TG_GRAPHNAME, TG_USERNAME,
 * TG_PASSWORD, TG_SECRET, TG_API_TOKEN (or TG_TOKEN), TG_JWT_TOKEN, TG_RESTPP_PORT, TG_GS_PORT (or
 * TG_GSQL_PORT), TG_SSL_PORT, TG_TGCLOUD ("true", "1", "yes", "on"; "false", "0", "no" and "off": the host
 * name decides; "-1": no), TG_CERT_PATH (a file with CA certificates; "system": the system's trust store),
 * TG_CLIENT_CERT_PATH and TG_CLIENT_KEY_PATH, TG_PIN_SHA256, TG_ALLOW_HTTP, TG_PROXY, TG_SERVER_VERSION and
 * TG_TOKEN_CACHE (as tg_config_set_token_cache() takes it). TG_OAUTH2_URL, TG_OAUTH2_CLIENT_ID,
 * TG_OAUTH2_CLIENT_SECRET and TG_OAUTH2_SCOPE are one login together, see tg_config_set_oauth2().
 *
 * TG_SECRET_FILE, TG_PASSWORD_FILE, TG_JWT_FILE and TG_OAUTH2_CLIENT_SECRET_FILE name files, such as those
 * of a mounted Kubernetes secret, that contain the credential as their only line, with or without a line
 * break at its end. They are read as with tg_config_set_secret_file(), tg_config_set_password_file(),
 * tg_config_set_jwt_file() and tg_config_set_oauth2_secret_file().
 *
 * With TG_DEFAULT_PROFILE=x or TG_PROFILE=x the variables X_TG_HOST and so on take precedence, and those
 * without prefix fill the rest; the profile "default" has no prefix. A profile for which no variable is
 * set is config.profile, and two variables that choose different profiles are config.conflict.
 * X_TG_CERT_PATH=system and X_TG_GRAPHNAME=- remove what would come from TG_CERT_PATH and TG_GRAPHNAME. A
 * port in a profile's address takes precedence over ports without prefix.
 *
 * Login and token come from one place: if the program set one of them, or the profile has one, no other is
 * searched for. The same holds for client certificate and key. TG_ALLOW_HTTP, and TG_PIN_SHA256 without a
 * CA setting, count only if the host comes from the same place, the same profile or no profile: they do
 * not change how a host that the program named is verified. An empty variable counts as not set.
 * tg_conn_new() reports a wrong value, with the name of the variable. To take the address from TG_HOST,
 * start with tg_config_new(NULL).
 *
 * The ports of these variables, unlike others, may be those that other tools of TigerGraph have as defaults:
 * in TigerGraph Cloud 9000 and 14240 mean TG_SSL_PORT (443), unless nothing listens there; on 4.1 and later,
 * if nothing listens at the port of REST++, the gateway is used, with a warning in the log.
 *
 * These variables are read only here, and not at all in programs with more privileges than their user
 * (setuid). Do not change the environment on another thread at the same time.
 */
void tg_config_load_env(tg_config *config);

/**
 * As tg_config_load_env(), with the profile of this name, whatever TG_DEFAULT_PROFILE and TG_PROFILE are
 * set to. "default": the variables without prefix. NULL: the profile that the variables choose. Any other
 * name without variables, the empty one too, is config.profile.
 */
void tg_config_load_profile(tg_config *config, const char *name);

/**
 * Reads a file of variables (.env) now, and fills in the settings that are not set yet from it, as
 * tg_config_load_env() does from the environment. Call it after tg_config_load_env() or
 * tg_config_load_profile(), if you call one of them: a variable of the environment then takes precedence
 * over the same one in the file, and the profile that the environment chooses over the file's. Of several
 * files the first takes precedence.
 *
 * Lines are NAME=value, with or without "export" before the name; "#" after a blank begins a comment.
 * Values may be in single quotes, where a backslash protects a backslash and a quote, or in double quotes,
 * where the escapes of C for line breaks, tabs and quotes work; names may be in single quotes. Nothing is
 * expanded: "${" outside of single quotes in any line, and everything else that has no one meaning, is
 * config.file, with the number of the line. In lines of other programs values may begin with "#".
 *
 * With a credential in it the file must be private, as described at tg_config_set_password_file(); without
 * one, nobody but its owner may be able to change it. Otherwise it is config.file. A pipe is read once,
 * within the time limit for connecting. tg_conn_new() reports what is wrong with the file. Programs with
 * more privileges than their user (setuid) read nothing. NULL is ignored.
 */
void tg_config_load_env_file(tg_config *config, const char *path);

/**
 * The graph that tokens are for and, before 4.1, that secrets belong to. Default: none.
 */
void tg_config_set_graph(tg_config *config, const char *graph);

/**
 * Log in with user name and password. A connection has at most one login: this, a secret, a JWT, an OAuth2
 * client, or a token provider.
 */
void tg_config_set_password(tg_config *config, const char *username, const char *password);

/**
 * Log in with user name and the password in this file, whose only line it is, with or without a line break
 * at its end.
 *
 * The file is read by tg_conn_new() and again for every call that logs in, so the password can be replaced
 * without a restart. A password and a file with one are two logins, which a connection cannot have.
 *
 * The file must not be open to other users (chmod 600). One of root's may also be readable by its group or by
 * an ACL, if the process is not root's or the mount is read-only. One that every user can read is used only
 * if its mount is read-only, as those of containers are, and root may use another user's: both log a warning.
 * Nobody but the owner may be able to change it, and links on the way to it must belong to root or to the
 * user of the process. A pipe, such as /dev/stdin, is read once, within the time limit for connecting, for
 * all connections of the same tg_config.
 *
 * On Windows its access list may let in nobody but the user of the process, the system and administrators,
 * and pipes are refused.
 */
void tg_config_set_password_file(tg_config *config, const char *username, const char *path);

/**
 * Log in with a secret.
 */
void tg_config_set_secret(tg_config *config, const char *secret);

/**
 * Log in with the secret in this file, as tg_config_set_password_file() does with a password.
 */
void tg_config_set_secret_file(tg_config *config, const char *path);

/**
 * A token to start with. With a login beside it, the login is used to get the next token; without one it is
 * never renewed.
 */
void tg_config_set_api_token(tg_config *config, const char *token);

/**
 * Log in with a JWT that another system issued. It is never renewed.
 */
void tg_config_set_jwt(tg_config *config, const char *jwt);

/**
 * Log in with the JWT in this file, as tg_config_set_password_file() does with a password. It is read again
 * shortly before the JWT expires, when it has expired, and after a server has refused it, so whoever issues
 * JWTs can replace it.
 */
void tg_config_set_jwt_file(tg_config *config, const char *path);

/**
 * Log in with tokens that an authorization server gives to this client: OAuth2 client credentials (RFC 6749,
 * section 4.4). A connection has at most one login: this, or one of the others.
 *
 * token_url is the address of the token endpoint, "https://login.example.com/oauth2/token", with a query if
 * it needs one; plain http only on this machine, whatever tg_config_set_allow_http() says. The server is
 * TigerGraph 4.1 or later and must be configured to accept the tokens of this authorization server. They are
 * used as a JWT of tg_config_set_jwt() is, but renewed: in time, by one request however many threads ask.
 *
 * The client's id and secret are sent to the token endpoint alone. If both consist of letters, digits and
 * "-._~", they are sent in the Authorization header (Basic) and, after "invalid_client", in the form; with
 * any other character the form comes first, because servers disagree on how the header is decoded, and then
 * the header, percent-encoded. What worked is used first from then on. The parameter "client_auth" of
 * tg_config_set_oauth2_parameter() chooses one way.
 *
 * The token endpoint is trusted if the system's trust store or a CA of tg_config_set_ca_file(),
 * tg_config_set_ca_pem() or tg_config_add_ca_file() says so. Pin, client certificate and insecure TLS are for
 * TigerGraph's server alone. The proxy setting and the time limits apply. Redirects are not followed.
 *
 * What goes wrong there: oauth2.refused if the authorization server refuses the client or what it asks for,
 * oauth2.unavailable if it is busy (tg_error_retry_after_ms() tells how long, if it said so), and the reasons
 * of connections, time limits and TLS as for TigerGraph's server. After a refusal it is not asked again for
 * 30 s, then longer.
 *
 * A NULL client_secret needs tg_config_set_oauth2_secret_file() or the parameter "client_assertion",
 * otherwise tg_conn_new() returns config.conflict. NULL for all three takes the login back.
 */
void tg_config_set_oauth2(tg_config *config,
                          const char *token_url,
                          const char *client_id,
                          const char *client_secret);

/**
 * A file that contains the client's secret, in place of the client_secret of tg_config_set_oauth2(). It is
 * judged as that of tg_config_set_password_file() is, and read by tg_conn_new() and for every request to the
 * token endpoint. A secret and a file with one are two logins, which a connection cannot have.
 */
void tg_config_set_oauth2_secret_file(tg_config *config, const char *path);

/**
 * A further parameter of requests to the token endpoint, such as "scope", "audience" or "resource". A second
 * call with the same name replaces the value; a NULL value takes the parameter away, a NULL name all of them.
 * A parameter with the value "" is not sent. No value is ever shown.
 *
 * "client_auth" is not sent: it says how the client's secret is, "basic" (in the header, percent-encoded, as
 * RFC 6749 has it), "basic_raw" (in the header as it is) or "form", and nothing else is tried then.
 *
 * "client_assertion" stands in place of a secret (RFC 7523), with "client_assertion_type" if it is another
 * kind than "urn:ietf:params:oauth:client-assertion-type:jwt-bearer". The same one is sent with every
 * request, so it has to live as long as the connection. "grant_type", "client_id" and "client_secret" are
 * refused by tg_conn_new() with config.conflict.
 */
void tg_config_set_oauth2_parameter(tg_config *config, const char *name, const char *value);

/**
 * The ports of REST++ (9000 before 4.1) and of the gateway (14240). 0: the port of the address. If both are
 * the same, REST++ requests go to paths below /restpp.
 */
void tg_config_set_ports(tg_config *config, uint16_t restpp, uint16_t gsql);

/**
 * Whether the server is in TigerGraph Cloud: 1 yes, -1 no, 0 by the host name.
 */
void tg_config_set_tgcloud(tg_config *config, int32_t tgcloud);

/**
 * The server's version, such as "3.10" or "4.1.2". With it the library does not ask the server for its
 * version. If it is wrong, calls fail, mostly with missing.endpoint, and the hint of the error names this
 * setting.
 */
void tg_config_set_server_version(tg_config *config, const char *version);

/**
 * A file with the CA certificates to trust, in PEM, at most 4 MiB. Default: the system's trust store, which
 * SSL_CERT_FILE and SSL_CERT_DIR can replace; with a CA setting these two count for the token endpoint of
 * tg_config_set_oauth2() alone.
 */
void tg_config_set_ca_file(tg_config *config, const char *path);

/**
 * One more file with CA certificates to trust, as for tg_config_set_ca_file(): beside the system's trust
 * store, or beside the certificates of the CA setting, whichever decides. Each call adds a file; NULL removes
 * all files that were added.
 */
void tg_config_add_ca_file(tg_config *config, const char *path);

/**
 * The CA certificates to trust, as PEM text, instead of a file.
 */
void tg_config_set_ca_pem(tg_config *config, const char *pem);

/**
 * Files with the certificate chain and the private key to show to servers that ask for them, in PEM.
 */
void tg_config_set_client_cert(tg_config *config, const char *cert_path, const char *key_path);

/**
 * The SHA-256 of the server's SubjectPublicKeyInfo, in Base64 (with or without "sha256//" in front): only
 * this key is accepted. Without a CA setting it replaces the check of the chain, but not that of host name
 * and dates; together with a CA setting, both must match.
 */
void tg_config_set_pin_sha256(tg_config *config, const char *base64_spki);

/**
 * Not 0: accept any certificate, so anybody between client and server can read everything. Only for tests.
 * Logs one warning.
 */
void tg_config_set_insecure_tls(tg_config *config, int32_t insecure);

/**
 * Not 0: allow plain http to other machines; anybody in between can read the credentials.
 */
void tg_config_set_allow_http(tg_config *config, int32_t allow);

/**
 * Limits in milliseconds: for one attempt to connect (name lookup, TCP and TLS; default 5 000) and for a
 * whole call, everything included (default 30 000). It is not possible to have no limit.
 */
void tg_config_set_timeouts(tg_config *config, uint32_t connect_ms, uint32_t total_ms);

/**
 * An HTTP proxy as "http://proxy:3128" or "http://user:password@proxy:3128" (special characters
 * percent-encoded), or "env" for the one that the environment sets (HTTPS_PROXY, NO_PROXY and so on).
 * Default: none, even if the environment sets one.
 */
void tg_config_set_proxy(tg_config *config, const char *proxy);

/**
 * The value of the User-Agent header. Default: "tigergraph-auth/" and the version.
 */
void tg_config_set_user_agent(tg_config *config, const char *user_agent);

/**
 * The lifetime of tokens in seconds if a call gives none (0: the server's default), and how many seconds
 * before it expires a token is renewed (0: a fifth of its lifetime, at most 24 h). Neither may be longer than
 * 1 000 years.
 */
void tg_config_set_token_lifetime(tg_config *config, int64_t lifetime_s, int64_t renew_before_s);

/**
 * A folder in which processes of the same user share the tokens that tg_authorization() returns: of 64
 * processes that need one, one asks the server. "user": the folder tigergraph-auth in the user's cache
 * folder (XDG_CACHE_HOME, else .cache in HOME; tg_conn_new() reads both, in this case only); "none": no
 * cache, whatever the environment says; any other text: a folder. NULL: as TG_TOKEN_CACHE says, if the
 * environment is loaded, else none.
 *
 * It is for logins with a secret, with user and password, or as an OAuth2 client; with a JWT, an API token
 * or a token provider it is config.conflict. A folder that is missing is made, with mode 0700. A link, a
 * folder of another user, and one that is open to other users are config.file, reported by tg_conn_new(). On
 * Windows "user" is a folder below LOCALAPPDATA, and an access list stands for the mode.
 *
 * No login is stored. A token is stored encrypted, under a name and with a key that can be computed only
 * from the same login, and is used only for the same server, trust settings, user, graph and lifetime, and
 * for the same token endpoint and parameters.
 * With a password, the first look into the cache takes some tenths of a second of processor time, once in a
 * process. A token that was rejected or deleted is removed. tg_get_token() always asks the server, and
 * leaves the cache as it is. If the cache cannot be used, as on a full or read-only disk, or if the folder
 * of "user" cannot be made, tokens are requested without it, with a warning in the log. Another folder that
 * cannot be made or opened is config.file. With a cache, tg_conn_new() only looks whether the system's trust
 * store is there, and it is read when a server is verified.
 */
void tg_config_set_token_cache(tg_config *config, const char *directory);

/**
 * Where log lines up to max_level (TG_LOG_...) go. log NULL: no log. In Node.js, LuaJIT and PHP, read what
 * tg_log_fn says first.
 *
 * release (may be NULL) is called exactly once for each call of this function, when neither a config
 * nor a connection can use user_data any more; at once if log is NULL or config is NULL.
 */
void tg_config_set_log(tg_config *config,
                       int32_t max_level,
                       tg_log_fn log,
                       void *user_data,
                       tg_release_fn release);

/**
 * Frees settings and wipes the credentials in them. Connections made from them keep working. NULL is allowed.
 */
void tg_config_free(tg_config *config);

/* Token providers ===================================================================================== */

/**
 * One request to your function for a token. Valid until that function returns, on any thread.
 */
typedef struct tg_provider_request tg_provider_request;

/**
 * Brings a token of your own: answer request once, with tg_provider_request_set_token() or
 * tg_provider_request_fail(), on this thread or on another one before this function returns. The first
 * answer counts, at once; what this function does after that, nobody waits for. If it returns without an
 * answer, callers get provider.unavailable.
 *
 * It is called when a token is needed, on a thread of the library that runs nothing else, takes no signals
 * and has 1 MiB of stack; never twice at once for a connection. It may block, but should give up when
 * tg_provider_request_time_left_ms() is over or tg_provider_request_is_cancelled(): if it has not returned
 * then, calls that need a token fail with provider.unavailable until it has. It may call the library, also
 * with other connections; a call that needs a token of its own connection, or of a clone, is
 * argument.recursion. A process or a thread that it starts inherits that all signals are blocked, so that
 * SIGTERM does not end it: restore the mask before that, or set one by posix_spawnattr_setsigmask(). It must
 * return normally: no exception, no longjmp. In Node.js, LuaJIT and PHP, set none, for the reasons that
 * tg_log_fn has.
 */
typedef void (*tg_provider_fn)(tg_provider_request *request, void *user_data);

/**
 * Logs in with tokens that your function brings, such as those of an identity provider, a vault or a store
 * that several processes share. They are used wherever a JWT is (tg_config_set_jwt), for secrets and tokens
 * from 4.1 on, and at the database on every version that takes them. The function is asked when the first
 * token is needed, in time before the end of one (tg_config_set_token_lifetime), and after one was
 * rejected; it is asked once, however many threads need a token. provide NULL: no provider.
 *
 * tg_get_token() without a secret asks for a new token; its lifetime_s must be 0 and TG_TOKEN_GLOBAL not
 * set, because whoever issues the tokens decides. tg_refresh_token() is unsupported.refresh, or a new token
 * with TG_TOKEN_OR_NEW. Failures are remembered for a while, as those of a server are; see
 * tg_provider_request_fail().
 *
 * release (may be NULL) is called exactly once for each call of this function, after provide has returned
 * for the last time, when neither a config nor a connection can use user_data any more; at once if provide
 * or config is NULL. It may be called on any thread. In a child of fork() no provider runs until the child
 * needs a token; one that was running in the parent has not been released there.
 */
void tg_config_set_token_provider(tg_config *config,
                                  tg_provider_fn provide,
                                  void *user_data,
                                  tg_release_fn release);

/**
 * Answers with a token, without "Bearer " before it. expires_at: when it ends, in seconds since 1970 UTC;
 * 0: by the token's own exp if it is a JWT, else unknown, and then it is renewed after 15 minutes.
 *
 * A token has 8 to 8192 letters, digits and characters of -._~+/=. Anything else is PROTOCOL, here and for
 * those who wait, and counts as the answer. INVALID_ARGUMENT: the request was answered before. CANCELLED:
 * nobody waits for it any more.
 */
tg_status tg_provider_request_set_token(tg_provider_request *request,
                                        const char *token,
                                        int64_t expires_at,
                                        tg_error **error);

/**
 * Answers that there is no token. UNAUTHENTICATED and FORBIDDEN say that whoever gives tokens refuses you:
 * callers get provider.refused, and the function is not asked again for about 30 seconds. With every other
 * status, OK too, callers get provider.unavailable, and it is asked again after about half a second, then
 * later and later. retry_after_ms: not before that, if it is longer (an hour at most); negative: not known.
 *
 * message becomes part of the callers' error, at most 256 bytes of it, without control characters,
 * credentials of the connection and what looks like a credential. INVALID_ARGUMENT: the request was
 * answered before. CANCELLED: nobody waits for it any more.
 */
tg_status tg_provider_request_fail(tg_provider_request *request,
                                   tg_status status,
                                   const char *message,
                                   int64_t retry_after_ms,
                                   tg_error **error);

/**
 * How many milliseconds are left for the answer: those of the call that needs the token, or for a renewal
 * as configured with tg_config_set_timeouts(). 0: none, it is cancelled, or request is NULL.
 */
int64_t tg_provider_request_time_left_ms(const tg_provider_request *request);

/**
 * Whether nobody waits for the answer any more: 1 after tg_conn_cancel() of the last caller, after
 * tg_conn_free() of the last handle, and when the time is over. 0 for NULL.
 */
int32_t tg_provider_request_is_cancelled(const tg_provider_request *request);

/* Connection ========================================================================================== */

/**
 * REST++: queries, graph data, loading jobs. For the functions with a parameter server; not a flag.
 */
#define TG_SERVER_RESTPP 1

/**
 * The gateway: GSQL, secrets, tokens.
 */
#define TG_SERVER_GATEWAY 2

/**
 * A connection to one server, or to several of one cluster: its settings, its login, its current token. For
 * any number of threads at once.
 */
typedef struct tg_conn tg_conn;

/**
 * Checks the settings and makes a connection from them. Sends nothing; reads the files that settings name
 * and, for https without a CA setting, the system's trust store (once in a process).
 *
 * The config may be freed immediately afterwards. Free the connection with tg_conn_free().
 */
tg_status tg_conn_new(const tg_config *config, tg_conn **conn, tg_error **error);

/**
 * The server's version. major, minor and patch may each be NULL.
 *
 * GET /version of REST++, with the connection's token; if there is none but a login, a token is requested
 * first and becomes the connection's own. Without any login it is the version that
 * tg_config_set_server_version set, and nothing is sent; else what the server tells to anybody, and
 * credentials.none if it wants a token.
 */
tg_status tg_server_version(tg_conn *conn, int32_t *major, int32_t *minor, int32_t *patch, tg_error **error);

/**
 * The address that requests of this connection to a part of TigerGraph begin with: scheme, host, port unless
 * it is the scheme's own, and base path, as "https://db.example.com:14240/restpp" for TG_SERVER_RESTPP. No
 * slash at the end: append a path that begins with one. "" for NULL and for any other server.
 *
 * Sends nothing. After a request the text may be another, if the library has found the server elsewhere, such
 * as on the old port of REST++, or if another one of several servers has answered; ask again for each
 * request, or take that of the token, tg_token_url(). Every text stays valid until the last handle of the
 * connection is freed.
 */
const char *tg_conn_url(const tg_conn *conn, int32_t server);

/**
 * The CA certificates of the CA setting and of added files, in PEM, as tg_conn_new() read them: for an HTTP
 * client that is to trust whom this library trusts. "" where there are none, because the system's trust store
 * (or SSL_CERT_FILE), a pin alone or the setting for insecure TLS decides, for plain http, and for NULL.
 *
 * Certificates of added files are here without those of the system's trust store, which counts beside them.
 * Valid until the last handle of the connection is freed.
 */
const char *tg_conn_ca_pem(const tg_conn *conn);

/**
 * Another handle to the same connection: same login, same token, same sockets. It has its own cancellation,
 * and its own time limit, which starts as the limit of conn. Sends nothing. NULL for NULL.
 *
 * To give one call its own limit, or to cancel it alone: clone, call, free the clone.
 * Free it with tg_conn_free(); the other handles stay valid.
 */
tg_conn *tg_conn_clone(const tg_conn *conn);

/**
 * The limit in milliseconds for each whole call that starts on this handle from now on; 0: as configured.
 */
void tg_conn_set_timeout(tg_conn *conn, uint32_t total_ms);

/**
 * Stops the calls that are running on this handle, on any thread and in any phase: they return within
 * 100 ms, with CANCELLED, or UNKNOWN_OUTCOME if the creation of a secret has begun, or a request of
 * tg_send() other than GET and HEAD. Does not wait for them. Calls that start later, and those on clones,
 * are not affected.
 */
void tg_conn_cancel(tg_conn *conn);

/**
 * Frees a handle; the last one of a connection wipes its credentials. Sends nothing, never waits. Calls that
 * are running on the handle are stopped as with tg_conn_cancel(); no call may start on it after this. NULL
 * is allowed.
 */
void tg_conn_free(tg_conn *conn);

/* Secrets ============================================================================================= */

/**
 * For calls that drop or delete: it is not an error if something does not exist. Other errors are still
 * reported.
 */
#define TG_IGNORE_MISSING 1u

/**
 * A list of secrets. Immutable; may be read on any thread.
 *
 * A secret replaces its user's login: a program that has it can get tokens. Before 4.1 it belongs to one
 * graph, and the server shows its value only once, in the answer to its creation.
 */
typedef struct tg_secrets tg_secrets;

/**
 * All secrets of the connection's user; user (4.1 and later, superusers only): another user; NULL: the
 * connection's own.
 *
 * 2.x to 3.11: GSQL SHOW SECRET in the configured graph, values masked ("abc****xyz").
 * 4.1 and later: GET /gsql/v1/secrets, values in plain text.
 * An answer and the list made of it may use 1.5 MiB of memory together, which is enough for about 4000
 * secrets; a longer list gives PROTOCOL, protocol.too_large.
 * Free the result with tg_secrets_free().
 */
tg_status tg_get_secrets(tg_conn *conn, const char *user, tg_secrets **secrets, tg_error **error);

/**
 * The same as tg_get_secrets(), under the name that pyTigerGraph once used.
 */
TIGERGRAPH_AUTH_DEPRECATED_NOTE("call tg_get_secrets() instead")
tg_status tg_show_secrets(tg_conn *conn,
                          const char *user,
                          tg_secrets **secrets,
                          tg_error **error);

/**
 * The secret with this alias, as a list of one: of the connection's user, or, with user (4.1 and later,
 * superusers only), of another user. NOT_FOUND, missing.secret, if there is none.
 *
 * 2.x to 3.11: its entry of GSQL SHOW SECRET, the value masked. 4.1 and later:
 * GET /gsql/v1/secrets/{alias}, the value in plain text.
 * Free the result with tg_secrets_free().
 */
tg_status tg_get_secret(tg_conn *conn,
                        const char *alias,
                        const char *user,
                        tg_secrets **secret,
                        tg_error **error);

/**
 * Creates a secret. The result is a list of one, with its alias and its value.
 *
 * alias NULL: the library generates one, AUTO_GENERATED_ALIAS_ and 7 letters or digits.
 * value (a value that you choose: printable ASCII characters, no space at its ends) and user (another user)
 * are for 4.1 and later; NULL: none. A value given here must be sent in the URL, where the server may log it;
 * it is better to let the server choose.
 *
 * It tries one endpoint only: if the server does not have it, the status is NOT_FOUND, missing.endpoint.
 * Never repeated: if the answer to the request does not come, the status is UNKNOWN_OUTCOME, and the
 * message names the alias, so that you can look for it or drop it.
 *
 * 2.x to 3.11: GSQL CREATE SECRET in the configured graph. 4.1 and later: POST /gsql/v1/secrets.
 * Free the result with tg_secrets_free().
 */
tg_status tg_create_secret(tg_conn *conn,
                           const char *alias,
                           const char *value,
                           const char *user,
                           tg_secrets **secret,
                           tg_error **error);

/**
 * The secret with this alias, created if there is none. The result is a list of one.
 *
 * Before 4.1 the server shows an existing secret masked, so its value cannot be returned: then the
 * status is ALREADY_EXISTS. One request, or two if the secret is created.
 * Free the result with tg_secrets_free().
 */
tg_status tg_ensure_secret(tg_conn *conn, const char *alias, tg_secrets **secret, tg_error **error);

/**
 * Drops a secret by its alias. user is for 4.1 and later, NULL: none. flags: 0 or TG_IGNORE_MISSING.
 *
 * Before 4.1 the tokens of a secret become invalid when it is dropped.
 * 2.x to 3.11: GSQL DROP SECRET. 4.1 and later: DELETE /gsql/v1/secrets.
 */
tg_status tg_drop_secret(tg_conn *conn,
                         const char *alias,
                         const char *user,
                         uint32_t flags,
                         tg_error **error);

/**
 * Drops count secrets by their aliases, with one request. dropped (may be NULL) gets the number of secrets
 * that were there and are dropped; a name that is given twice counts once.
 *
 * aliases may be NULL only if count is 0. user and flags as for tg_drop_secret(). If one alias does not
 * exist the status is NOT_FOUND, and before 4.1 the others are still dropped. With TG_IGNORE_MISSING and
 * more than one alias, from 4.1 on, there is one more request before: the list, which tells what is there to
 * drop.
 */
tg_status tg_drop_secrets(tg_conn *conn,
                          const char *const *aliases,
                          size_t count,
                          const char *user,
                          uint32_t flags,
                          size_t *dropped,
                          tg_error **error);

/**
 * How many secrets there are; 0 for NULL.
 */
size_t tg_secrets_count(const tg_secrets *secrets);

/**
 * The alias of a secret; "" if there is none at that index. Valid as long as the list.
 */
const char *tg_secrets_alias(const tg_secrets *secrets, size_t index);

/**
 * The value of a secret, or its masked form; "" if there is none at that index. Valid as long as the list.
 */
const char *tg_secrets_value(const tg_secrets *secrets, size_t index);

/**
 * The graph of a secret (before 4.1), or "" if the server does not say. Valid as long as the list.
 */
const char *tg_secrets_graph(const tg_secrets *secrets, size_t index);

/**
 * 1 if the value is only the masked form that servers before 4.1 show, else 0.
 */
int32_t tg_secrets_is_masked(const tg_secrets *secrets, size_t index);

/**
 * Frees a list and wipes it. NULL is allowed.
 */
void tg_secrets_free(tg_secrets *secrets);

/* Tokens ============================================================================================== */

/**
 * Do not make the token the connection's own: the connection does not change.
 */
#define TG_TOKEN_KEEP_CURRENT 1u

/**
 * Request a token for all graphs, whatever graph is configured.
 */
#define TG_TOKEN_GLOBAL 2u

/**
 * For tg_refresh_token(): on servers that cannot refresh, request a new token instead.
 */
#define TG_TOKEN_OR_NEW 4u

/**
 * A token: its value, its header, its expiration. Immutable; may be read on any thread, and does not change,
 * whatever happens to the connection.
 */
typedef struct tg_token tg_token;

/**
 * Requests a new token, for secret or, if that is NULL, for the connection's own login. Always sends a
 * request. The token becomes the connection's own unless flags say TG_TOKEN_KEEP_CURRENT. flags: 0, or
 * TG_TOKEN_KEEP_CURRENT and TG_TOKEN_GLOBAL, added up as needed.
 *
 * lifetime_s is in seconds on every version; 0: as configured, else the server's default (about a month,
 * from 4.1 on 7 days). The server may grant less. token may be NULL if only the connection needs it.
 *
 * 2.x to 3.1: GET /requesttoken, with the secret in the query, the only form that these servers support.
 * 3.2 to 3.11: POST /requesttoken. 4.1 and later: POST /gsql/v1/tokens; according to their documentation,
 * these servers create a secret for each token that is requested with a password; a login with a secret
 * avoids this.
 * If REST++ authentication is off the status is AUTH_DISABLED: no token is needed.
 * Free the result with tg_token_free().
 */
tg_status tg_get_token(tg_conn *conn,
                       const char *secret,
                       int64_t lifetime_s,
                       uint32_t flags,
                       tg_token **token,
                       tg_error **error);

/**
 * Extends the lifetime of old_token or, if that is NULL, of the connection's own token. secret, lifetime_s
 * and token are as for tg_get_token(); flags as well, and TG_TOKEN_OR_NEW.
 *
 * 2.x to 3.11: PUT /requesttoken. 4.1 and later cannot refresh: the status is UNSUPPORTED, or with
 * TG_TOKEN_OR_NEW a new token is requested.
 */
tg_status tg_refresh_token(tg_conn *conn,
                           const char *secret,
                           const char *old_token,
                           int64_t lifetime_s,
                           uint32_t flags,
                           tg_token **token,
                           tg_error **error);

/**
 * Deletes token or, if that is NULL, the connection's own. secret NULL: the connection's login. flags: 0 or
 * TG_IGNORE_MISSING. The connection no longer uses a token that was deleted.
 *
 * 2.x to 3.11: DELETE /requesttoken. 4.1 and later: DELETE /gsql/v1/tokens, which puts the token on
 * the user's block list; that list is short (20 by default).
 */
tg_status tg_delete_token(tg_conn *conn,
                          const char *secret,
                          const char *token,
                          uint32_t flags,
                          tg_error **error);

/**
 * Asks the server whether it accepts this JWT: valid gets 1 or 0. A status other than OK means that the
 * check was not possible.
 *
 * 4.1 and later: POST /gsql/v1/tokens/check; before that the status is UNSUPPORTED. The check works on
 * the server that issued the token.
 */
tg_status tg_check_jwt_token(tg_conn *conn, const char *jwt, int32_t *valid, tg_error **error);

/**
 * The same for a token of this library; token NULL is INVALID_ARGUMENT. One whose value is "", because
 * authentication is off, is AUTH_DISABLED.
 */
tg_status tg_check_token(tg_conn *conn, const tg_token *token, int32_t *valid, tg_error **error);

/**
 * A valid token, for the Authorization header of a request to the database: the connection's own while it is
 * fresh, renewed in time. Call this before every request: while the token is fresh this costs some tens of
 * nanoseconds, takes no lock and sends nothing. Free the result with tg_token_free().
 *
 * A token is renewed before its end (tg_config_set_token_lifetime) by one request, no matter how many
 * threads call this, in the same way as the first token: with the same secret or login, lifetime, graph and
 * scope. Meanwhile callers get the old one while it is valid; without a valid one, they wait, up to their
 * time limit. A failed renewal is tried again after a while (a refused login after 30 seconds at the
 * earliest) and is not an error while the old token is valid; without a valid one, callers get the error at
 * once, with the time until the next try in tg_error_retry_after_ms(). The renewal runs on a thread of the
 * library, at most 8 in a process, or up to 64 if renewals have to wait for a thread.
 * The thread then ends.
 *
 * A JWT as login, and an API token without a login, are returned as they are and never renewed; after they
 * expire, the reason is auth.token_expired. If REST++ authentication is off: a token whose value and header
 * are "".
 * If the database refuses the token (HTTP 401 or 403 with code REST-10016 or REST-10019), call
 * tg_reject_token(), then this once more. REST-10018, another code, or a web page is not a reason to reject
 * it.
 */
tg_status tg_authorization(tg_conn *conn, tg_token **token, tg_error **error);

/**
 * The connection's own token as it is, fresh or not. Sends nothing. NO_CREDENTIALS if there is none.
 * Free the result with tg_token_free().
 */
tg_status tg_current_token(const tg_conn *conn, tg_token **token, tg_error **error);

/**
 * Tells the connection that the database refused this token: if it is still the connection's own, and not a
 * successor of it, it is never returned again, and the next tg_authorization() gets a new one. Sends nothing.
 * After two tokens in a row were rejected within a minute of their issue, by this function or tg_send(), no
 * token is requested for 30 seconds. For a token whose value is "", because authentication was off, the
 * server is asked again, at most once in 30 seconds. NULL does nothing.
 */
void tg_reject_token(tg_conn *conn, const tg_token *token);

/**
 * The token itself. Valid as long as the object.
 */
const char *tg_token_value(const tg_token *token);

/**
 * The value of the Authorization header: "Bearer " and the token. Valid as long as the object.
 */
const char *tg_token_header(const tg_token *token);

/**
 * When the token expires, in seconds since 1970 UTC; 0 if unknown.
 */
int64_t tg_token_expires_at(const tg_token *token);

/**
 * The same as "2026-11-23T17:05:45Z"; "" if unknown. Valid as long as the object.
 */
const char *tg_token_expiration(const tg_token *token);

/**
 * The address that accepts this token, as tg_conn_url() returns it: append the path of a request. Never
 * changes, and is valid as long as the object. Of several servers, the one that issued the token; the others
 * accept it, too. "" for NULL and for any other server.
 */
const char *tg_token_url(const tg_token *token, int32_t server);

/**
 * Frees a token; wipes it when nothing else uses it. NULL is allowed.
 */
void tg_token_free(tg_token *token);

/* Programs that may not wait ========================================================================== */

/**
 * Wakes the program: see tg_conn_set_wakeup().
 *
 * May be called on any thread, also within a call of the program on any handle of the connection, such as
 * tg_conn_cancel(), and on several threads at once. The library holds no lock meanwhile, so tg_* functions
 * may be called, tg_conn_set_wakeup() and tg_conn_free() of this handle as well. It must return soon, and
 * normally: no exception, no longjmp. What a thread does that owns an event loop does not belong here: tell
 * the loop, by a byte in a pipe, an eventfd, or uv_async_send(), and ask there.
 *
 * In LuaJIT and PHP set none: a call of their functions on another thread ends the process. Ask again after a
 * few milliseconds instead.
 */
typedef void (*tg_wakeup_fn)(void *user_data);

/**
 * The same as tg_authorization() for a thread that may not wait, such as one that runs an event loop: this
 * function never waits, and sends and reads nothing on the calling thread. While the token is fresh it costs
 * the same. Free the result with tg_token_free().
 *
 * OK: a token. A token that has to be renewed is returned as long as it is valid.
 *
 * PENDING, which is returned by this function alone: there is no valid token, and one was requested, on a
 * thread of the library. error and tg_last_error() are set as for a failure. The wakeup of this handle
 * (tg_conn_set_wakeup) is called when the outcome is there, whatever it is; then ask again. A handle gets one
 * wakeup for all that were promised until then, and asking before that does no harm. It may also come without
 * an outcome, if the request was given up: then asking again starts another one.
 *
 * Any other status: there is no token, and no wakeup will come. The error was stored, and is returned until
 * the time in tg_error_retry_after_ms() is over: set a timer and ask again then. If that is -1, asking again
 * changes nothing until the program does, such as by tg_get_token(). connect.resource: no thread can be made.
 *
 * A handle with a promised wakeup waits, as a thread in tg_authorization() does, but without a time limit of
 * its own: tg_conn_cancel() ends that, calls the wakeup, and ends the request too unless others wait for it.
 * So does tg_conn_free(). Where as many renewals run as may (tg_authorization), the request is sent later.
 */
tg_status tg_try_authorization(tg_conn *conn, tg_token **token, tg_error **error);

/**
 * Sets the function that is called after PENDING (tg_try_authorization), for this handle; clones have none.
 * Set it before you ask. wakeup NULL: none. release may be NULL.
 *
 * It replaces the earlier one, and a wakeup that is owed is owed to the new one; one that is running goes on.
 * release is called exactly once, with user_data, after the last run of this wakeup: when it was replaced or
 * its handle was freed, at once or on another thread. It may be running, or begin, after tg_conn_free()
 * returned; user_data is yours again after release, not before. If conn or wakeup is NULL release is called
 * at once.
 *
 * After a fork the child's handle has the same wakeup, for what is requested in the child; it never hears of
 * what its parent waits for. If that is an eventfd or a pipe, the parent would hear of it: set another one.
 */
void tg_conn_set_wakeup(tg_conn *conn, tg_wakeup_fn wakeup, void *user_data, tg_release_fn release);

/* Requests to the database ============================================================================ */

/**
 * A request to the database. May be sent any number of times, by several threads at once; must not be
 * changed or freed while it is being sent.
 */
typedef struct tg_request tg_request;

/**
 * The answer to a request, complete. Immutable; may be read on any thread.
 */
typedef struct tg_response tg_response;

/**
 * Whether an answer that your own HTTP client got from this server, with this HTTP status and body, says that
 * the token is refused: 1 if so. Then call tg_reject_token() and tg_authorization(), and send the request
 * once more. tg_send() does all of this itself.
 *
 * 1 for the codes REST-10016 and REST-10019 beside a true "error", and for HTTP 401 of TG_SERVER_GATEWAY with
 * the message "Authentication failed." and no code. 0 for everything else: REST-10018 (the token is valid,
 * but not allowed to do this), web pages, unfinished bodies, and anything within the result of a query. A
 * GSQL server before 4.1.2 accepts no tokens, and gives the second answer to all of them: reject a token for
 * it once, not for each request.
 *
 * Sends nothing and never fails. body NULL: an empty one.
 */
int32_t tg_is_token_refused(int32_t server, int32_t http_status, const void *body, size_t length);

/**
 * A request with this method, to this part of TigerGraph (TG_SERVER_RESTPP or TG_SERVER_GATEWAY), without
 * headers of its own and without a body. tg_send() reports what is wrong with it.
 *
 * path begins with "/", is already percent-encoded, may have a query, and has at most 8 KiB:
 * "/query/MyGraph/my_query?vertex=5". What comes before it, "/restpp" included, is the connection's. A path
 * with a segment "." or "..", also encoded, a fragment, a backslash, a blank or a control character is
 * argument.path. method is sent as it is written: GET, POST or another one in capital letters, but not
 * CONNECT or TRACE.
 *
 * Free it with tg_request_free(). NULL only if there is no memory.
 */
tg_request *tg_request_new(const char *method, int32_t server, const char *path);

/**
 * Sets a header, such as "GSQL-TIMEOUT" in milliseconds, instead of one with the same name, whatever its
 * case; value NULL removes it. At most 8 KiB each and 64 KiB together.
 *
 * The library sets these itself, and tg_send() refuses them with argument.header: Authorization, Host,
 * Content-Length, Content-Type, Transfer-Encoding, Accept-Encoding, Connection, Keep-Alive, Cookie, Expect,
 * GSQL-Secret, TE, Trailer, Upgrade and Proxy-...
 */
void tg_request_set_header(tg_request *request, const char *name, const char *value);

/**
 * Sets the body, of any length, and its type, such as "application/json", instead of earlier ones. Both are
 * copied. body NULL with length 0: no body. content_type NULL or "": no Content-Type.
 */
void tg_request_set_body(tg_request *request, const void *body, size_t length, const char *content_type);

/**
 * The longest body that an answer may have, in bytes; 0: 64 MiB. A longer one is protocol.too_large.
 */
void tg_request_set_response_limit(tg_request *request, uint64_t bytes);

/**
 * Frees a request. NULL is allowed.
 */
void tg_request_free(tg_request *request);

/**
 * Sends a request with a token as tg_authorization() gives it, or without one where authentication is off,
 * and waits for the whole answer, within the time limit of conn. Connections, TLS, proxy, time limit and
 * cancellation are those of the other calls.
 *
 * OK means that there is a complete answer, whatever its HTTP status: look at tg_response_http_status(). Not
 * OK are a redirect (protocol.redirect), a compressed answer (protocol.encoding) and one over its limit
 * (protocol.too_large).
 *
 * If the answer says that the token is refused (tg_is_token_refused()), the token is rejected and the
 * request sent once more with a new one; a second refusal is the answer. Without a login that can renew the
 * token, the first refusal is the answer. The GSQL server's 401 counts only if the server is known to accept
 * tokens there: 4.1.2 and later, by tg_config_set_server_version(), or because it has accepted one.
 *
 * Nothing else is repeated once a byte of the request was written, because a GET may run a query that
 * writes. If there is no complete answer then, also because of the time limit or tg_conn_cancel(), the
 * status is UNKNOWN_OUTCOME, for GET and HEAD the failure itself.
 *
 * The log gets method, HTTP status and time on level TG_LOG_DEBUG, but no path. Free the result with
 * tg_response_free().
 */
tg_status tg_send(tg_conn *conn, const tg_request *request, tg_response **response, tg_error **error);

/**
 * The HTTP status, such as 200. 0 for NULL.
 */
int32_t tg_response_http_status(const tg_response *response);

/**
 * The value of the first header with this name, whatever its case; "" if there is none. What is not UTF-8
 * in it is replaced. Valid as long as the response.
 */
const char *tg_response_header(const tg_response *response, const char *name);

/**
 * The body. Never NULL; a 0 byte follows it, so that a text can be used as a string. It may have 0
 * bytes in it: its length is tg_response_body_length(). Valid as long as the response.
 */
const void *tg_response_body(const tg_response *response);

/**
 * The length of the body in bytes, without the 0 byte that follows it. 0 for NULL.
 */
size_t tg_response_body_length(const tg_response *response);

/**
 * Frees a response, and wipes its body. NULL is allowed.
 */
void tg_response_free(tg_response *response);

/* Diagnosis =========================================================================================== */

/**
 * Report only what is known, and send nothing.
 */
#define TG_REPORT_OFFLINE 1u

/**
 * What a diagnosis found. Immutable; may be read on any thread. Contains no credential, so it can be shown
 * to anybody.
 */
typedef struct tg_report tg_report;

/**
 * Finds out whether this connection can work and, if not, why, and how to fix it: name lookup, connection,
 * TLS, server, credentials, database, each with its time, and where each setting came from.
 *
 * The status is OK whenever there is a report, even if it says that nothing works. flags: 0, or
 * TG_REPORT_OFFLINE, which sends nothing. All steps together end within the time limit of a call.
 *
 * One lookup of the server's name and, for https, one look at its certificate; one request for its version,
 * if that is not known; one login, if there is no valid token yet (the token becomes the connection's own);
 * one GET /version of REST++. A refused login is not tried again, so that no account is locked. Of several
 * servers each is connected to, and one is asked. Free the result with tg_report_free().
 */
tg_status tg_diagnose(tg_conn *conn, uint32_t flags, tg_report **report, tg_error **error);

/**
 * For a person: the first line is the verdict and what to do, then come the steps, the settings and the
 * counters.
 * Never NULL; valid as long as the report.
 */
const char *tg_report_text(const tg_report *report);

/**
 * For a program: a JSON object. Never NULL; valid as long as the report.
 *
 * report: 1. ok: whether everything works. verdict: the first line of the text. failure: null, or status,
 * reason, message, hint, server_code, http_status and retry_after_ms of the failure. warnings: texts.
 * steps: objects with step, outcome ("passed", "failed", "skipped"), detail (as failure, or why it was
 * skipped), ms, and facts. settings: by name, each with value and from. counters: what all handles of this
 * connection have done since it was made: requests (of which a byte or more was written), tokens (issued or
 * refreshed, by a server or where the login has its tokens from), renewals (new tokens for the connection,
 * with its first one), failed_renewals, rejected (tokens of the connection that a server or tg_reject_token()
 * refused), waited (calls that had to wait for a token), cache_hits (tokens from the token cache). Later
 * versions may add members; existing ones do not change.
 */
const char *tg_report_json(const tg_report *report);

/**
 * Frees a report. NULL is allowed.
 */
void tg_report_free(tg_report *report);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TIGERGRAPH_AUTH_H */
