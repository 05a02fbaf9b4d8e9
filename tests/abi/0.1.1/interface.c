/* Everything in the interface of version 0.1.1, written from its header by tests/abi/interface.py. */

#include <stdio.h>
#include <tigergraph_auth.h>

_Static_assert(TG_STATUS_OK == 0, "TG_STATUS_OK");
_Static_assert(TG_STATUS_INVALID_ARGUMENT == 1, "TG_STATUS_INVALID_ARGUMENT");
_Static_assert(TG_STATUS_CONNECT == 2, "TG_STATUS_CONNECT");
_Static_assert(TG_STATUS_TIMEOUT == 3, "TG_STATUS_TIMEOUT");
_Static_assert(TG_STATUS_TLS == 4, "TG_STATUS_TLS");
_Static_assert(TG_STATUS_PROTOCOL == 5, "TG_STATUS_PROTOCOL");
_Static_assert(TG_STATUS_UNAUTHENTICATED == 6, "TG_STATUS_UNAUTHENTICATED");
_Static_assert(TG_STATUS_FORBIDDEN == 7, "TG_STATUS_FORBIDDEN");
_Static_assert(TG_STATUS_NOT_FOUND == 8, "TG_STATUS_NOT_FOUND");
_Static_assert(TG_STATUS_ALREADY_EXISTS == 9, "TG_STATUS_ALREADY_EXISTS");
_Static_assert(TG_STATUS_UNSUPPORTED == 10, "TG_STATUS_UNSUPPORTED");
_Static_assert(TG_STATUS_AUTH_DISABLED == 11, "TG_STATUS_AUTH_DISABLED");
_Static_assert(TG_STATUS_UNAVAILABLE == 12, "TG_STATUS_UNAVAILABLE");
_Static_assert(TG_STATUS_SERVER == 13, "TG_STATUS_SERVER");
_Static_assert(TG_STATUS_UNKNOWN_OUTCOME == 14, "TG_STATUS_UNKNOWN_OUTCOME");
_Static_assert(TG_STATUS_NO_CREDENTIALS == 15, "TG_STATUS_NO_CREDENTIALS");
_Static_assert(TG_STATUS_INTERNAL == 16, "TG_STATUS_INTERNAL");
_Static_assert(TG_STATUS_CANCELLED == 17, "TG_STATUS_CANCELLED");
_Static_assert(TG_STATUS_PENDING == 18, "TG_STATUS_PENDING");
_Static_assert(TG_LOG_ERROR == 1, "TG_LOG_ERROR");
_Static_assert(TG_LOG_WARN == 2, "TG_LOG_WARN");
_Static_assert(TG_LOG_INFO == 3, "TG_LOG_INFO");
_Static_assert(TG_LOG_DEBUG == 4, "TG_LOG_DEBUG");
_Static_assert(TG_SERVER_RESTPP == 1, "TG_SERVER_RESTPP");
_Static_assert(TG_SERVER_GATEWAY == 2, "TG_SERVER_GATEWAY");
_Static_assert(TG_IGNORE_MISSING == 1u, "TG_IGNORE_MISSING");
_Static_assert(TG_TOKEN_KEEP_CURRENT == 1u, "TG_TOKEN_KEEP_CURRENT");
_Static_assert(TG_TOKEN_GLOBAL == 2u, "TG_TOKEN_GLOBAL");
_Static_assert(TG_TOKEN_OR_NEW == 4u, "TG_TOKEN_OR_NEW");
_Static_assert(TG_REPORT_OFFLINE == 1u, "TG_REPORT_OFFLINE");

/* Pointers of the types that the header had. */
int32_t *const p_tg_status = (tg_status *)0;
struct tg_error *const p_tg_error = (tg_error *)0;
void (*const p_tg_log_fn)(int32_t level, const char *message, void *user_data) = (tg_log_fn)0;
void (*const p_tg_release_fn)(void *user_data) = (tg_release_fn)0;
struct tg_config *const p_tg_config = (tg_config *)0;
struct tg_provider_request *const p_tg_provider_request = (tg_provider_request *)0;
void (*const p_tg_provider_fn)(tg_provider_request *request, void *user_data) = (tg_provider_fn)0;
struct tg_conn *const p_tg_conn = (tg_conn *)0;
struct tg_secrets *const p_tg_secrets = (tg_secrets *)0;
struct tg_token *const p_tg_token = (tg_token *)0;
void (*const p_tg_wakeup_fn)(void *user_data) = (tg_wakeup_fn)0;
struct tg_request *const p_tg_request = (tg_request *)0;
struct tg_response *const p_tg_response = (tg_response *)0;
struct tg_report *const p_tg_report = (tg_report *)0;

static const char *(*const p_tg_version)(void) = tg_version;
static uint32_t (*const p_tg_version_number)(void) = tg_version_number;
static const char *(*const p_tg_status_name)(tg_status status) = tg_status_name;
static const tg_error *(*const p_tg_last_error)(void) = tg_last_error;
static const char *(*const p_tg_last_error_message)(void) = tg_last_error_message;
static tg_status (*const p_tg_error_status)(const tg_error *error) = tg_error_status;
static const char *(*const p_tg_error_message)(const tg_error *error) = tg_error_message;
static const char *(*const p_tg_error_reason)(const tg_error *error) = tg_error_reason;
static const char *(*const p_tg_error_hint)(const tg_error *error) = tg_error_hint;
static const char *(*const p_tg_error_server_code)(const tg_error *error) = tg_error_server_code;
static int32_t (*const p_tg_error_http_status)(const tg_error *error) = tg_error_http_status;
static int64_t (*const p_tg_error_retry_after_ms)(const tg_error *error) = tg_error_retry_after_ms;
static void (*const p_tg_error_free)(tg_error *error) = tg_error_free;
static tg_config *(*const p_tg_config_new)(const char *host) = tg_config_new;
static void (*const p_tg_config_load_env)(tg_config *config) = tg_config_load_env;
static void (*const p_tg_config_load_profile)(tg_config *config, const char *name) = tg_config_load_profile;
static void (*const p_tg_config_load_env_file)(tg_config *config, const char *path) = tg_config_load_env_file;
static void (*const p_tg_config_set_graph)(tg_config *config, const char *graph) = tg_config_set_graph;
static void (*const p_tg_config_set_password)(tg_config *config, const char *username, const char *password) = tg_config_set_password;
static void (*const p_tg_config_set_password_file)(tg_config *config, const char *username, const char *path) = tg_config_set_password_file;
static void (*const p_tg_config_set_secret)(tg_config *config, const char *secret) = tg_config_set_secret;
static void (*const p_tg_config_set_secret_file)(tg_config *config, const char *path) = tg_config_set_secret_file;
static void (*const p_tg_config_set_api_token)(tg_config *config, const char *token) = tg_config_set_api_token;
static void (*const p_tg_config_set_jwt)(tg_config *config, const char *jwt) = tg_config_set_jwt;
static void (*const p_tg_config_set_jwt_file)(tg_config *config, const char *path) = tg_config_set_jwt_file;
static void (*const p_tg_config_set_oauth2)(tg_config *config, const char *token_url, const char *client_id, const char *client_secret) = tg_config_set_oauth2;
static void (*const p_tg_config_set_oauth2_secret_file)(tg_config *config, const char *path) = tg_config_set_oauth2_secret_file;
static void (*const p_tg_config_set_oauth2_parameter)(tg_config *config, const char *name, const char *value) = tg_config_set_oauth2_parameter;
static void (*const p_tg_config_set_ports)(tg_config *config, uint16_t restpp, uint16_t gsql) = tg_config_set_ports;
static void (*const p_tg_config_set_tgcloud)(tg_config *config, int32_t tgcloud) = tg_config_set_tgcloud;
static void (*const p_tg_config_set_server_version)(tg_config *config, const char *version) = tg_config_set_server_version;
static void (*const p_tg_config_set_ca_file)(tg_config *config, const char *path) = tg_config_set_ca_file;
static void (*const p_tg_config_add_ca_file)(tg_config *config, const char *path) = tg_config_add_ca_file;
static void (*const p_tg_config_set_ca_pem)(tg_config *config, const char *pem) = tg_config_set_ca_pem;
static void (*const p_tg_config_set_client_cert)(tg_config *config, const char *cert_path, const char *key_path) = tg_config_set_client_cert;
static void (*const p_tg_config_set_pin_sha256)(tg_config *config, const char *base64_spki) = tg_config_set_pin_sha256;
static void (*const p_tg_config_set_insecure_tls)(tg_config *config, int32_t insecure) = tg_config_set_insecure_tls;
static void (*const p_tg_config_set_allow_http)(tg_config *config, int32_t allow) = tg_config_set_allow_http;
static void (*const p_tg_config_set_timeouts)(tg_config *config, uint32_t connect_ms, uint32_t total_ms) = tg_config_set_timeouts;
static void (*const p_tg_config_set_proxy)(tg_config *config, const char *proxy) = tg_config_set_proxy;
static void (*const p_tg_config_set_user_agent)(tg_config *config, const char *user_agent) = tg_config_set_user_agent;
static void (*const p_tg_config_set_token_lifetime)(tg_config *config, int64_t lifetime_s, int64_t renew_before_s) = tg_config_set_token_lifetime;
static void (*const p_tg_config_set_token_cache)(tg_config *config, const char *directory) = tg_config_set_token_cache;
static void (*const p_tg_config_set_log)(tg_config *config, int32_t max_level, tg_log_fn log, void *user_data, tg_release_fn release) = tg_config_set_log;
static void (*const p_tg_config_free)(tg_config *config) = tg_config_free;
static void (*const p_tg_config_set_token_provider)(tg_config *config, tg_provider_fn provide, void *user_data, tg_release_fn release) = tg_config_set_token_provider;
static tg_status (*const p_tg_provider_request_set_token)(tg_provider_request *request, const char *token, int64_t expires_at, tg_error **error) = tg_provider_request_set_token;
static tg_status (*const p_tg_provider_request_fail)(tg_provider_request *request, tg_status status, const char *message, int64_t retry_after_ms, tg_error **error) = tg_provider_request_fail;
static int64_t (*const p_tg_provider_request_time_left_ms)(const tg_provider_request *request) = tg_provider_request_time_left_ms;
static int32_t (*const p_tg_provider_request_is_cancelled)(const tg_provider_request *request) = tg_provider_request_is_cancelled;
static tg_status (*const p_tg_conn_new)(const tg_config *config, tg_conn **conn, tg_error **error) = tg_conn_new;
static tg_status (*const p_tg_server_version)(tg_conn *conn, int32_t *major, int32_t *minor, int32_t *patch, tg_error **error) = tg_server_version;
static const char *(*const p_tg_conn_url)(const tg_conn *conn, int32_t server) = tg_conn_url;
static const char *(*const p_tg_conn_ca_pem)(const tg_conn *conn) = tg_conn_ca_pem;
static tg_conn *(*const p_tg_conn_clone)(const tg_conn *conn) = tg_conn_clone;
static void (*const p_tg_conn_set_timeout)(tg_conn *conn, uint32_t total_ms) = tg_conn_set_timeout;
static void (*const p_tg_conn_cancel)(tg_conn *conn) = tg_conn_cancel;
static void (*const p_tg_conn_free)(tg_conn *conn) = tg_conn_free;
static tg_status (*const p_tg_get_secrets)(tg_conn *conn, const char *user, tg_secrets **secrets, tg_error **error) = tg_get_secrets;
static tg_status (*const p_tg_show_secrets)(tg_conn *conn, const char *user, tg_secrets **secrets, tg_error **error) = tg_show_secrets;
static tg_status (*const p_tg_get_secret)(tg_conn *conn, const char *alias, const char *user, tg_secrets **secret, tg_error **error) = tg_get_secret;
static tg_status (*const p_tg_create_secret)(tg_conn *conn, const char *alias, const char *value, const char *user, tg_secrets **secret, tg_error **error) = tg_create_secret;
static tg_status (*const p_tg_ensure_secret)(tg_conn *conn, const char *alias, tg_secrets **secret, tg_error **error) = tg_ensure_secret;
static tg_status (*const p_tg_drop_secret)(tg_conn *conn, const char *alias, const char *user, uint32_t flags, tg_error **error) = tg_drop_secret;
static tg_status (*const p_tg_drop_secrets)(tg_conn *conn, const char *const *aliases, size_t count, const char *user, uint32_t flags, size_t *dropped, tg_error **error) = tg_drop_secrets;
static size_t (*const p_tg_secrets_count)(const tg_secrets *secrets) = tg_secrets_count;
static const char *(*const p_tg_secrets_alias)(const tg_secrets *secrets, size_t index) = tg_secrets_alias;
static const char *(*const p_tg_secrets_value)(const tg_secrets *secrets, size_t index) = tg_secrets_value;
static const char *(*const p_tg_secrets_graph)(const tg_secrets *secrets, size_t index) = tg_secrets_graph;
static int32_t (*const p_tg_secrets_is_masked)(const tg_secrets *secrets, size_t index) = tg_secrets_is_masked;
static void (*const p_tg_secrets_free)(tg_secrets *secrets) = tg_secrets_free;
static tg_status (*const p_tg_get_token)(tg_conn *conn, const char *secret, int64_t lifetime_s, uint32_t flags, tg_token **token, tg_error **error) = tg_get_token;
static tg_status (*const p_tg_refresh_token)(tg_conn *conn, const char *secret, const char *old_token, int64_t lifetime_s, uint32_t flags, tg_token **token, tg_error **error) = tg_refresh_token;
static tg_status (*const p_tg_delete_token)(tg_conn *conn, const char *secret, const char *token, uint32_t flags, tg_error **error) = tg_delete_token;
static tg_status (*const p_tg_check_jwt_token)(tg_conn *conn, const char *jwt, int32_t *valid, tg_error **error) = tg_check_jwt_token;
static tg_status (*const p_tg_check_token)(tg_conn *conn, const tg_token *token, int32_t *valid, tg_error **error) = tg_check_token;
static tg_status (*const p_tg_authorization)(tg_conn *conn, tg_token **token, tg_error **error) = tg_authorization;
static tg_status (*const p_tg_current_token)(const tg_conn *conn, tg_token **token, tg_error **error) = tg_current_token;
static void (*const p_tg_reject_token)(tg_conn *conn, const tg_token *token) = tg_reject_token;
static const char *(*const p_tg_token_value)(const tg_token *token) = tg_token_value;
static const char *(*const p_tg_token_header)(const tg_token *token) = tg_token_header;
static int64_t (*const p_tg_token_expires_at)(const tg_token *token) = tg_token_expires_at;
static const char *(*const p_tg_token_expiration)(const tg_token *token) = tg_token_expiration;
static const char *(*const p_tg_token_url)(const tg_token *token, int32_t server) = tg_token_url;
static void (*const p_tg_token_free)(tg_token *token) = tg_token_free;
static tg_status (*const p_tg_try_authorization)(tg_conn *conn, tg_token **token, tg_error **error) = tg_try_authorization;
static void (*const p_tg_conn_set_wakeup)(tg_conn *conn, tg_wakeup_fn wakeup, void *user_data, tg_release_fn release) = tg_conn_set_wakeup;
static int32_t (*const p_tg_is_token_refused)(int32_t server, int32_t http_status, const void *body, size_t length) = tg_is_token_refused;
static tg_request *(*const p_tg_request_new)(const char *method, int32_t server, const char *path) = tg_request_new;
static void (*const p_tg_request_set_header)(tg_request *request, const char *name, const char *value) = tg_request_set_header;
static void (*const p_tg_request_set_body)(tg_request *request, const void *body, size_t length, const char *content_type) = tg_request_set_body;
static void (*const p_tg_request_set_response_limit)(tg_request *request, uint64_t bytes) = tg_request_set_response_limit;
static void (*const p_tg_request_free)(tg_request *request) = tg_request_free;
static tg_status (*const p_tg_send)(tg_conn *conn, const tg_request *request, tg_response **response, tg_error **error) = tg_send;
static int32_t (*const p_tg_response_http_status)(const tg_response *response) = tg_response_http_status;
static const char *(*const p_tg_response_header)(const tg_response *response, const char *name) = tg_response_header;
static const void *(*const p_tg_response_body)(const tg_response *response) = tg_response_body;
static size_t (*const p_tg_response_body_length)(const tg_response *response) = tg_response_body_length;
static void (*const p_tg_response_free)(tg_response *response) = tg_response_free;
static tg_status (*const p_tg_diagnose)(tg_conn *conn, uint32_t flags, tg_report **report, tg_error **error) = tg_diagnose;
static const char *(*const p_tg_report_text)(const tg_report *report) = tg_report_text;
static const char *(*const p_tg_report_json)(const tg_report *report) = tg_report_json;
static void (*const p_tg_report_free)(tg_report *report) = tg_report_free;

static const struct { const char *name; void (*address)(void); } functions[] = {
    {"tg_version", (void (*)(void))p_tg_version},
    {"tg_version_number", (void (*)(void))p_tg_version_number},
    {"tg_status_name", (void (*)(void))p_tg_status_name},
    {"tg_last_error", (void (*)(void))p_tg_last_error},
    {"tg_last_error_message", (void (*)(void))p_tg_last_error_message},
    {"tg_error_status", (void (*)(void))p_tg_error_status},
    {"tg_error_message", (void (*)(void))p_tg_error_message},
    {"tg_error_reason", (void (*)(void))p_tg_error_reason},
    {"tg_error_hint", (void (*)(void))p_tg_error_hint},
    {"tg_error_server_code", (void (*)(void))p_tg_error_server_code},
    {"tg_error_http_status", (void (*)(void))p_tg_error_http_status},
    {"tg_error_retry_after_ms", (void (*)(void))p_tg_error_retry_after_ms},
    {"tg_error_free", (void (*)(void))p_tg_error_free},
    {"tg_config_new", (void (*)(void))p_tg_config_new},
    {"tg_config_load_env", (void (*)(void))p_tg_config_load_env},
    {"tg_config_load_profile", (void (*)(void))p_tg_config_load_profile},
    {"tg_config_load_env_file", (void (*)(void))p_tg_config_load_env_file},
    {"tg_config_set_graph", (void (*)(void))p_tg_config_set_graph},
    {"tg_config_set_password", (void (*)(void))p_tg_config_set_password},
    {"tg_config_set_password_file", (void (*)(void))p_tg_config_set_password_file},
    {"tg_config_set_secret", (void (*)(void))p_tg_config_set_secret},
    {"tg_config_set_secret_file", (void (*)(void))p_tg_config_set_secret_file},
    {"tg_config_set_api_token", (void (*)(void))p_tg_config_set_api_token},
    {"tg_config_set_jwt", (void (*)(void))p_tg_config_set_jwt},
    {"tg_config_set_jwt_file", (void (*)(void))p_tg_config_set_jwt_file},
    {"tg_config_set_oauth2", (void (*)(void))p_tg_config_set_oauth2},
    {"tg_config_set_oauth2_secret_file", (void (*)(void))p_tg_config_set_oauth2_secret_file},
    {"tg_config_set_oauth2_parameter", (void (*)(void))p_tg_config_set_oauth2_parameter},
    {"tg_config_set_ports", (void (*)(void))p_tg_config_set_ports},
    {"tg_config_set_tgcloud", (void (*)(void))p_tg_config_set_tgcloud},
    {"tg_config_set_server_version", (void (*)(void))p_tg_config_set_server_version},
    {"tg_config_set_ca_file", (void (*)(void))p_tg_config_set_ca_file},
    {"tg_config_add_ca_file", (void (*)(void))p_tg_config_add_ca_file},
    {"tg_config_set_ca_pem", (void (*)(void))p_tg_config_set_ca_pem},
    {"tg_config_set_client_cert", (void (*)(void))p_tg_config_set_client_cert},
    {"tg_config_set_pin_sha256", (void (*)(void))p_tg_config_set_pin_sha256},
    {"tg_config_set_insecure_tls", (void (*)(void))p_tg_config_set_insecure_tls},
    {"tg_config_set_allow_http", (void (*)(void))p_tg_config_set_allow_http},
    {"tg_config_set_timeouts", (void (*)(void))p_tg_config_set_timeouts},
    {"tg_config_set_proxy", (void (*)(void))p_tg_config_set_proxy},
    {"tg_config_set_user_agent", (void (*)(void))p_tg_config_set_user_agent},
    {"tg_config_set_token_lifetime", (void (*)(void))p_tg_config_set_token_lifetime},
    {"tg_config_set_token_cache", (void (*)(void))p_tg_config_set_token_cache},
    {"tg_config_set_log", (void (*)(void))p_tg_config_set_log},
    {"tg_config_free", (void (*)(void))p_tg_config_free},
    {"tg_config_set_token_provider", (void (*)(void))p_tg_config_set_token_provider},
    {"tg_provider_request_set_token", (void (*)(void))p_tg_provider_request_set_token},
    {"tg_provider_request_fail", (void (*)(void))p_tg_provider_request_fail},
    {"tg_provider_request_time_left_ms", (void (*)(void))p_tg_provider_request_time_left_ms},
    {"tg_provider_request_is_cancelled", (void (*)(void))p_tg_provider_request_is_cancelled},
    {"tg_conn_new", (void (*)(void))p_tg_conn_new},
    {"tg_server_version", (void (*)(void))p_tg_server_version},
    {"tg_conn_url", (void (*)(void))p_tg_conn_url},
    {"tg_conn_ca_pem", (void (*)(void))p_tg_conn_ca_pem},
    {"tg_conn_clone", (void (*)(void))p_tg_conn_clone},
    {"tg_conn_set_timeout", (void (*)(void))p_tg_conn_set_timeout},
    {"tg_conn_cancel", (void (*)(void))p_tg_conn_cancel},
    {"tg_conn_free", (void (*)(void))p_tg_conn_free},
    {"tg_get_secrets", (void (*)(void))p_tg_get_secrets},
    {"tg_show_secrets", (void (*)(void))p_tg_show_secrets},
    {"tg_get_secret", (void (*)(void))p_tg_get_secret},
    {"tg_create_secret", (void (*)(void))p_tg_create_secret},
    {"tg_ensure_secret", (void (*)(void))p_tg_ensure_secret},
    {"tg_drop_secret", (void (*)(void))p_tg_drop_secret},
    {"tg_drop_secrets", (void (*)(void))p_tg_drop_secrets},
    {"tg_secrets_count", (void (*)(void))p_tg_secrets_count},
    {"tg_secrets_alias", (void (*)(void))p_tg_secrets_alias},
    {"tg_secrets_value", (void (*)(void))p_tg_secrets_value},
    {"tg_secrets_graph", (void (*)(void))p_tg_secrets_graph},
    {"tg_secrets_is_masked", (void (*)(void))p_tg_secrets_is_masked},
    {"tg_secrets_free", (void (*)(void))p_tg_secrets_free},
    {"tg_get_token", (void (*)(void))p_tg_get_token},
    {"tg_refresh_token", (void (*)(void))p_tg_refresh_token},
    {"tg_delete_token", (void (*)(void))p_tg_delete_token},
    {"tg_check_jwt_token", (void (*)(void))p_tg_check_jwt_token},
    {"tg_check_token", (void (*)(void))p_tg_check_token},
    {"tg_authorization", (void (*)(void))p_tg_authorization},
    {"tg_current_token", (void (*)(void))p_tg_current_token},
    {"tg_reject_token", (void (*)(void))p_tg_reject_token},
    {"tg_token_value", (void (*)(void))p_tg_token_value},
    {"tg_token_header", (void (*)(void))p_tg_token_header},
    {"tg_token_expires_at", (void (*)(void))p_tg_token_expires_at},
    {"tg_token_expiration", (void (*)(void))p_tg_token_expiration},
    {"tg_token_url", (void (*)(void))p_tg_token_url},
    {"tg_token_free", (void (*)(void))p_tg_token_free},
    {"tg_try_authorization", (void (*)(void))p_tg_try_authorization},
    {"tg_conn_set_wakeup", (void (*)(void))p_tg_conn_set_wakeup},
    {"tg_is_token_refused", (void (*)(void))p_tg_is_token_refused},
    {"tg_request_new", (void (*)(void))p_tg_request_new},
    {"tg_request_set_header", (void (*)(void))p_tg_request_set_header},
    {"tg_request_set_body", (void (*)(void))p_tg_request_set_body},
    {"tg_request_set_response_limit", (void (*)(void))p_tg_request_set_response_limit},
    {"tg_request_free", (void (*)(void))p_tg_request_free},
    {"tg_send", (void (*)(void))p_tg_send},
    {"tg_response_http_status", (void (*)(void))p_tg_response_http_status},
    {"tg_response_header", (void (*)(void))p_tg_response_header},
    {"tg_response_body", (void (*)(void))p_tg_response_body},
    {"tg_response_body_length", (void (*)(void))p_tg_response_body_length},
    {"tg_response_free", (void (*)(void))p_tg_response_free},
    {"tg_diagnose", (void (*)(void))p_tg_diagnose},
    {"tg_report_text", (void (*)(void))p_tg_report_text},
    {"tg_report_json", (void (*)(void))p_tg_report_json},
    {"tg_report_free", (void (*)(void))p_tg_report_free},
};

int main(void) {
    size_t count = sizeof functions / sizeof *functions;
    for (size_t i = 0; i < count; i++)
        if (functions[i].address == NULL) return printf("%s is not there\n", functions[i].name);
    return printf("%d functions, version %s\n", (int)count, tg_version()) < 0;
}
