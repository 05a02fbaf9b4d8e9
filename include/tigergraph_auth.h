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
 * Accessors accept NULL and return "" or 0.
 *
 * Strings are NUL-terminated UTF-8, at most 64 KiB (certificates 4 MiB). Arguments are copied. A string that
 * you get belongs to the object that you got it from and is valid as long as that object. It is never NULL.
 * Do not free it.
 *
 * Ownership. Free every tg_X * that a function gives you with tg_X_free(), once, on any thread.
 * Freeing wipes the credentials in it.
 *
 * Threads. Any number of threads can use a tg_conn at once. Results (tg_token, tg_secrets, tg_error)
 * are immutable and can be read on any thread. A tg_config is for one thread at a time. Do not free a
 * handle that another thread is still using.
 *
 * Time. Every call that sends something ends within its time limit (tg_config_set_timeouts). The limit
 * includes name lookup, waiting and repeated requests. The library starts threads for two purposes only, and
 * each thread ends when its work is done: to look up host names, at most 16 threads in a process, and one
 * for all callers that look up the same name; and to renew tokens (tg_authorization), at most 8 in a process,
 * or 64 once a renewal has waited for a thread for a second.
 *
 * Retries. A request that failed on the network, or that the server could not serve at the moment (408, 429,
 * 502, 503, 504), is repeated, at most twice in a call, after a short wait or the wait that the server asks
 * for. A request that the server refused is not repeated. Nor is the creation of a secret, once its request
 * has begun: if no answer comes, the status is UNKNOWN_OUTCOME and the message names the alias to look for.
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
#define TIGERGRAPH_AUTH_VERSION_PATCH 0

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
 * argument.graph, argument.url, argument.range, argument.flags, config.conflict, config.file,
 * config.plain_http.
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
 * The server's certificate or the TLS session was refused; nothing of the request was sent.
 *
 * Reasons: tls.unknown_issuer, tls.expired, tls.not_yet_valid, tls.wrong_host, tls.revoked,
 * tls.pin_mismatch, tls.protocol (also: the port does not speak TLS), tls.client_certificate.
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
 * auth.locked_out, auth.refused.
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
 * unavailable.gateway.
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
 */
const tg_error *tg_last_error(void);

/**
 * The message of tg_last_error(): one sentence for a person, "" after a success.
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
 */
const char *tg_error_hint(const tg_error *error);

/**
 * The server's own code, such as "REST-10016", or "". Never NULL; valid as long as the error.
 */
const char *tg_error_server_code(const tg_error *error);

/**
 * The HTTP status of the answer; 0 if there was no answer.
 */
int32_t tg_error_http_status(const tg_error *error);

/**
 * How many milliseconds the server asked to wait before the next try; -1 if it did not say.
 */
int64_t tg_error_retry_after_ms(const tg_error *error);

/**
 * Frees an error that a call returned through its last argument. NULL is allowed. Can be called on any thread.
 */
void tg_error_free(tg_error *error);

/* Log ================================================================================================= */

/**
 * A token could not be renewed, and no valid one is left. Other failures are returned to the caller and not logged.
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
 * Every request: method, path, status and duration. Never a query, a header or a body.
 */
#define TG_LOG_DEBUG 4

/**
 * Takes one log line. message has no line break at its end, contains no credential, and is valid during the call.
 *
 * May be called on any thread, and on several at once, while the library holds no lock: it may call tg_*
 * functions itself, on that thread, but must not wait for another thread that does. Log lines that such a call
 * causes on that thread are dropped. It must return normally: no exception, no longjmp.
 */
typedef void (*tg_log_fn)(int32_t level, const char *message, void *user_data);

/**
 * Releases user_data: called exactly once, after the last log line, on any thread.
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
 * Free with tg_config_free(). NULL only if there is no memory.
 */
tg_config *tg_config_new(const char *host);

/**
 * Fills in the settings that are not set yet from the environment: TG_HOST, TG_GRAPHNAME, TG_USERNAME,
 * TG_PASSWORD, TG_SECRET, TG_API_TOKEN (or TG_TOKEN), TG_JWT_TOKEN, TG_RESTPP_PORT, TG_GS_PORT (or
 * TG_GSQL_PORT), TG_TGCLOUD ("true", "1", "yes", "on"; "false", "0", "no" and "off": the host name decides;
 * "-1": no) and TG_CERT_PATH (a file with CA certificates).
 *
 * TG_SECRET_FILE, TG_PASSWORD_FILE and TG_JWT_FILE name files that contain the credential as their only
 * line. Such a file must be a regular file (no pipe) that belongs to the user of the process, and no other user
 * may read or change it (chmod 600); it is read for every call that logs in, so a credential can be replaced
 * without a restart.
 *
 * With TG_PROFILE=x the variables X_TG_HOST and so on take precedence; a profile for which none is set is an
 * error. Login and token come from one place: if the program set one of them, or the profile has one, no
 * other is searched for. An empty variable counts as not set. tg_conn_new() reports a wrong value, with the
 * name of the variable.
 * To take the address from TG_HOST, start with tg_config_new(NULL).
 *
 * These variables are read only here, and not at all in programs with more privileges than their user
 * (setuid). Do not change the environment on another thread at the same time.
 */
void tg_config_load_env(tg_config *config);

/**
 * The graph that tokens are for and, before 4.1, that secrets belong to. Default: none.
 */
void tg_config_set_graph(tg_config *config, const char *graph);

/**
 * Log in with user name and password. A connection has at most one login: this, a secret, or a JWT.
 */
void tg_config_set_password(tg_config *config, const char *username, const char *password);

/**
 * Log in with a secret.
 */
void tg_config_set_secret(tg_config *config, const char *secret);

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
 * version.
 */
void tg_config_set_server_version(tg_config *config, const char *version);

/**
 * A file with the CA certificates to trust, in PEM, at most 4 MiB. Default: the system's trust store, which
 * SSL_CERT_FILE and SSL_CERT_DIR can replace; with a CA setting no variable has any effect.
 */
void tg_config_set_ca_file(tg_config *config, const char *path);

/**
 * The CA certificates to trust, as PEM text, instead of a file.
 */
void tg_config_set_ca_pem(tg_config *config, const char *pem);

/**
 * Files with the certificate chain and the private key to show to servers that ask for them, in PEM.
 */
void tg_config_set_client_cert(tg_config *config, const char *cert_path, const char *key_path);

/**
 * The SHA-256 of the server's SubjectPublicKeyInfo, in Base64 (with or without "sha256//" in front): only this key
 * is accepted. Without a CA setting it replaces the check of the chain, but not that of host name and dates;
 * together with a CA setting, both must match.
 */
void tg_config_set_pin_sha256(tg_config *config,
                              const char *base64_spki);

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
 * An HTTP proxy as "http://proxy:3128", or "env" for the one that the environment sets (HTTPS_PROXY,
 * NO_PROXY and so on). Default: none, even if the environment sets one.
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
 * Where log lines up to max_level (TG_LOG_...) go. log NULL: no log.
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

/* Connection ========================================================================================== */

/**
 * A connection to one server: its settings, its login, its current token. For any number of
 * threads at once.
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
 * first and becomes the connection's own.
 */
tg_status tg_server_version(tg_conn *conn, int32_t *major, int32_t *minor, int32_t *patch, tg_error **error);

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
 * 100 ms, with CANCELLED, or UNKNOWN_OUTCOME if the creation of a secret has begun. Does not wait for them.
 * Calls that start later, and those on clones, are not affected.
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
 * For calls that drop or delete: it is not an error if something does not exist. Other errors are still reported.
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
 * Creates a secret. The result is a list of one, with its alias and its value.
 *
 * alias NULL: the library generates one, AUTO_GENERATED_ALIAS_ and 7 letters or digits.
 * value (a value that you choose) and user (another user) are for 4.1 and later; NULL: none. A value given
 * here must be sent in the URL, where the server may log it; it is better to let the server choose.
 *
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
 * Drops count secrets by their aliases, with one request. dropped (may be NULL) gets the number of secrets dropped.
 *
 * aliases may be NULL only if count is 0. user and flags as for tg_drop_secret(). If one alias does not
 * exist the status is NOT_FOUND, and before 4.1 the others are still dropped. With TG_IGNORE_MISSING, from
 * 4.1 on, one that does not exist causes two more requests: a list, and a drop of the rest.
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
 * request. The token becomes the connection's own unless flags say TG_TOKEN_KEEP_CURRENT.
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
 * and token are as for tg_get_token().
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
 * library, at most 8 in a process, or 64 once a renewal has waited for a thread for a second. The thread then
 * ends.
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
 * successor of it, it is never returned again, and the next tg_authorization() gets a new one. Sends
 * nothing. If fresh tokens are rejected one after the other, no token is requested for 30 seconds. NULL does
 * nothing.
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
 * Frees a token; wipes it when nothing else uses it. NULL is allowed.
 */
void tg_token_free(tg_token *token);

/* Diagnosis =========================================================================================== */

/**
 * Report only what is known, and send nothing.
 */
#define TG_REPORT_OFFLINE 1u

/**
 * What a diagnosis found. Immutable; may be read on any thread. Contains no credential, so it can be shown to anybody.
 */
typedef struct tg_report tg_report;

/**
 * Finds out whether this connection can work and, if not, why, and how to fix it: name lookup, connection,
 * TLS, server, credentials, database, each with its time, and where each setting came from.
 *
 * The status is OK whenever there is a report, even if it says that nothing works. flags: 0, or
 * TG_REPORT_OFFLINE, which sends nothing. All steps together end within the time limit of a call.
 *
 * One lookup of the server's name and, for https, one look at its certificate; one request for its version, if that
 * is not known; one login, if there is no valid token yet (the token becomes the connection's own); one GET
 * /version of REST++. A refused login is not tried again, so that no account is locked.
 * Free the result with tg_report_free().
 */
tg_status tg_diagnose(tg_conn *conn,
                      uint32_t flags,
                      tg_report **report,
                      tg_error **error);

/**
 * For a person: the first line is the verdict and what to do, then come the steps and the settings.
 * Never NULL; valid as long as the report.
 */
const char *tg_report_text(const tg_report *report);

/**
 * For a program: a JSON object. Never NULL; valid as long as the report.
 *
 * report: 1. ok: whether everything works. verdict: the first line of the text. failure: null, or status,
 * reason, message, hint, server_code, http_status and retry_after_ms of the failure. warnings: texts.
 * steps: objects with step, outcome ("passed", "failed", "skipped"), detail (as failure, or why it was
 * skipped), ms, and facts. settings: by name, each with value and from. Later versions may add members;
 * existing ones do not change.
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
