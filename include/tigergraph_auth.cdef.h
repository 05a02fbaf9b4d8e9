/* tigergraph_auth.cdef.h - what tigergraph_auth.h declares, for readers without a preprocessor
 *
 * Generated from src/ffi. Licence: Apache-2.0 OR MIT. For ffi.cdef of LuaJIT, FFI::cdef of PHP, ffi.cdef of
 * Python's cffi and their like, which load this file as it is. Each declaration is on a line of its own.
 * The manual of every function is in tigergraph_auth.h. C and C++ programs include that header, not this file.
 */

enum {
    TIGERGRAPH_AUTH_VERSION_MAJOR = 0,
    TIGERGRAPH_AUTH_VERSION_MINOR = 1,
    TIGERGRAPH_AUTH_VERSION_PATCH = 1,
    TG_STATUS_OK = 0,
    TG_STATUS_INVALID_ARGUMENT = 1,
    TG_STATUS_CONNECT = 2,
    TG_STATUS_TIMEOUT = 3,
    TG_STATUS_TLS = 4,
    TG_STATUS_PROTOCOL = 5,
    TG_STATUS_UNAUTHENTICATED = 6,
    TG_STATUS_FORBIDDEN = 7,
    TG_STATUS_NOT_FOUND = 8,
    TG_STATUS_ALREADY_EXISTS = 9,
    TG_STATUS_UNSUPPORTED = 10,
    TG_STATUS_AUTH_DISABLED = 11,
    TG_STATUS_UNAVAILABLE = 12,
    TG_STATUS_SERVER = 13,
    TG_STATUS_UNKNOWN_OUTCOME = 14,
    TG_STATUS_NO_CREDENTIALS = 15,
    TG_STATUS_INTERNAL = 16,
    TG_STATUS_CANCELLED = 17,
    TG_STATUS_PENDING = 18,
    TG_LOG_ERROR = 1,
    TG_LOG_WARN = 2,
    TG_LOG_INFO = 3,
    TG_LOG_DEBUG = 4,
    TG_SERVER_RESTPP = 1,
    TG_SERVER_GATEWAY = 2,
    TG_IGNORE_MISSING = 1u,
    TG_TOKEN_KEEP_CURRENT = 1u,
    TG_TOKEN_GLOBAL = 2u,
    TG_TOKEN_OR_NEW = 4u,
    TG_REPORT_OFFLINE = 1u
};

const char *tg_version(void);
uint32_t tg_version_number(void);
typedef int32_t tg_status;
const char *tg_status_name(tg_status status);
typedef struct tg_error tg_error;
const tg_error *tg_last_error(void);
const char *tg_last_error_message(void);
tg_status tg_error_status(const tg_error *error);
const char *tg_error_message(const tg_error *error);
const char *tg_error_reason(const tg_error *error);
const char *tg_error_hint(const tg_error *error);
const char *tg_error_server_code(const tg_error *error);
int32_t tg_error_http_status(const tg_error *error);
int64_t tg_error_retry_after_ms(const tg_error *error);
void tg_error_free(tg_error *error);
typedef void (*tg_log_fn)(int32_t level, const char *message, void *user_data);
typedef void (*tg_release_fn)(void *user_data);
typedef struct tg_config tg_config;
tg_config *tg_config_new(const char *host);
void tg_config_load_env(tg_config *config);
void tg_config_load_profile(tg_config *config, const char *name);
void tg_config_load_env_file(tg_config *config, const char *path);
void tg_config_set_graph(tg_config *config, const char *graph);
void tg_config_set_password(tg_config *config, const char *username, const char *password);
void tg_config_set_password_file(tg_config *config, const char *username, const char *path);
void tg_config_set_secret(tg_config *config, const char *secret);
void tg_config_set_secret_file(tg_config *config, const char *path);
void tg_config_set_api_token(tg_config *config, const char *token);
void tg_config_set_jwt(tg_config *config, const char *jwt);
void tg_config_set_jwt_file(tg_config *config, const char *path);
void tg_config_set_oauth2(tg_config *config, const char *token_url, const char *client_id, const char *client_secret);
void tg_config_set_oauth2_secret_file(tg_config *config, const char *path);
void tg_config_set_oauth2_parameter(tg_config *config, const char *name, const char *value);
void tg_config_set_ports(tg_config *config, uint16_t restpp, uint16_t gsql);
void tg_config_set_tgcloud(tg_config *config, int32_t tgcloud);
void tg_config_set_server_version(tg_config *config, const char *version);
void tg_config_set_ca_file(tg_config *config, const char *path);
void tg_config_add_ca_file(tg_config *config, const char *path);
void tg_config_set_ca_pem(tg_config *config, const char *pem);
void tg_config_set_client_cert(tg_config *config, const char *cert_path, const char *key_path);
void tg_config_set_pin_sha256(tg_config *config, const char *base64_spki);
void tg_config_set_insecure_tls(tg_config *config, int32_t insecure);
void tg_config_set_allow_http(tg_config *config, int32_t allow);
void tg_config_set_timeouts(tg_config *config, uint32_t connect_ms, uint32_t total_ms);
void tg_config_set_proxy(tg_config *config, const char *proxy);
void tg_config_set_user_agent(tg_config *config, const char *user_agent);
void tg_config_set_token_lifetime(tg_config *config, int64_t lifetime_s, int64_t renew_before_s);
void tg_config_set_token_cache(tg_config *config, const char *directory);
void tg_config_set_log(tg_config *config, int32_t max_level, tg_log_fn log, void *user_data, tg_release_fn release);
void tg_config_free(tg_config *config);
typedef struct tg_provider_request tg_provider_request;
typedef void (*tg_provider_fn)(tg_provider_request *request, void *user_data);
void tg_config_set_token_provider(tg_config *config, tg_provider_fn provide, void *user_data, tg_release_fn release);
tg_status tg_provider_request_set_token(tg_provider_request *request, const char *token, int64_t expires_at, tg_error **error);
tg_status tg_provider_request_fail(tg_provider_request *request, tg_status status, const char *message, int64_t retry_after_ms, tg_error **error);
int64_t tg_provider_request_time_left_ms(const tg_provider_request *request);
int32_t tg_provider_request_is_cancelled(const tg_provider_request *request);
typedef struct tg_conn tg_conn;
tg_status tg_conn_new(const tg_config *config, tg_conn **conn, tg_error **error);
tg_status tg_server_version(tg_conn *conn, int32_t *major, int32_t *minor, int32_t *patch, tg_error **error);
const char *tg_conn_url(const tg_conn *conn, int32_t server);
const char *tg_conn_ca_pem(const tg_conn *conn);
tg_conn *tg_conn_clone(const tg_conn *conn);
void tg_conn_set_timeout(tg_conn *conn, uint32_t total_ms);
void tg_conn_cancel(tg_conn *conn);
void tg_conn_free(tg_conn *conn);
typedef struct tg_secrets tg_secrets;
tg_status tg_get_secrets(tg_conn *conn, const char *user, tg_secrets **secrets, tg_error **error);
tg_status tg_show_secrets(tg_conn *conn, const char *user, tg_secrets **secrets, tg_error **error);
tg_status tg_get_secret(tg_conn *conn, const char *alias, const char *user, tg_secrets **secret, tg_error **error);
tg_status tg_create_secret(tg_conn *conn, const char *alias, const char *value, const char *user, tg_secrets **secret, tg_error **error);
tg_status tg_ensure_secret(tg_conn *conn, const char *alias, tg_secrets **secret, tg_error **error);
tg_status tg_drop_secret(tg_conn *conn, const char *alias, const char *user, uint32_t flags, tg_error **error);
tg_status tg_drop_secrets(tg_conn *conn, const char *const *aliases, size_t count, const char *user, uint32_t flags, size_t *dropped, tg_error **error);
size_t tg_secrets_count(const tg_secrets *secrets);
const char *tg_secrets_alias(const tg_secrets *secrets, size_t index);
const char *tg_secrets_value(const tg_secrets *secrets, size_t index);
const char *tg_secrets_graph(const tg_secrets *secrets, size_t index);
int32_t tg_secrets_is_masked(const tg_secrets *secrets, size_t index);
void tg_secrets_free(tg_secrets *secrets);
typedef struct tg_token tg_token;
tg_status tg_get_token(tg_conn *conn, const char *secret, int64_t lifetime_s, uint32_t flags, tg_token **token, tg_error **error);
tg_status tg_refresh_token(tg_conn *conn, const char *secret, const char *old_token, int64_t lifetime_s, uint32_t flags, tg_token **token, tg_error **error);
tg_status tg_delete_token(tg_conn *conn, const char *secret, const char *token, uint32_t flags, tg_error **error);
tg_status tg_check_jwt_token(tg_conn *conn, const char *jwt, int32_t *valid, tg_error **error);
tg_status tg_check_token(tg_conn *conn, const tg_token *token, int32_t *valid, tg_error **error);
tg_status tg_authorization(tg_conn *conn, tg_token **token, tg_error **error);
tg_status tg_current_token(const tg_conn *conn, tg_token **token, tg_error **error);
void tg_reject_token(tg_conn *conn, const tg_token *token);
const char *tg_token_value(const tg_token *token);
const char *tg_token_header(const tg_token *token);
int64_t tg_token_expires_at(const tg_token *token);
const char *tg_token_expiration(const tg_token *token);
const char *tg_token_url(const tg_token *token, int32_t server);
void tg_token_free(tg_token *token);
typedef void (*tg_wakeup_fn)(void *user_data);
tg_status tg_try_authorization(tg_conn *conn, tg_token **token, tg_error **error);
void tg_conn_set_wakeup(tg_conn *conn, tg_wakeup_fn wakeup, void *user_data, tg_release_fn release);
typedef struct tg_request tg_request;
typedef struct tg_response tg_response;
int32_t tg_is_token_refused(int32_t server, int32_t http_status, const void *body, size_t length);
tg_request *tg_request_new(const char *method, int32_t server, const char *path);
void tg_request_set_header(tg_request *request, const char *name, const char *value);
void tg_request_set_body(tg_request *request, const void *body, size_t length, const char *content_type);
void tg_request_set_response_limit(tg_request *request, uint64_t bytes);
void tg_request_free(tg_request *request);
tg_status tg_send(tg_conn *conn, const tg_request *request, tg_response **response, tg_error **error);
int32_t tg_response_http_status(const tg_response *response);
const char *tg_response_header(const tg_response *response, const char *name);
const void *tg_response_body(const tg_response *response);
size_t tg_response_body_length(const tg_response *response);
void tg_response_free(tg_response *response);
typedef struct tg_report tg_report;
tg_status tg_diagnose(tg_conn *conn, uint32_t flags, tg_report **report, tg_error **error);
const char *tg_report_text(const tg_report *report);
const char *tg_report_json(const tg_report *report);
void tg_report_free(tg_report *report);
