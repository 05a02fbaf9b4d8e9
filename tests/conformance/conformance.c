/* The conformance program for C: see README.md beside it. */
#include "../c/posix.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tigergraph_auth.h>
#include <time.h>

#define MOST_FIELDS 64
#define MOST_TOKENS 64

struct field {
    char *name;
    char *value;
};

/* A command, and the connection that carries it out. */
struct command {
    const char *word;
    struct field fields[MOST_FIELDS];
    size_t count;
    tg_conn *conn;
};

static tg_conn *conn;
/* Every token that an answer showed, for reject_token. */
static tg_token *tokens[MOST_TOKENS];
static size_t token_count;

/* --- Lines in and out ------------------------------------------------------------------------------- */

static void put_bytes(const char *name, const unsigned char *value, size_t length) {
    printf("\t%s=", name);
    for (size_t i = 0; i < length; i++) {
        if (value[i] < 0x20 || value[i] >= 0x7f || value[i] == '%') printf("%%%02X", value[i]);
        else putchar(value[i]);
    }
}

static void put_field(const char *name, const char *value) {
    put_bytes(name, (const unsigned char *)value, strlen(value));
}

static void put_number(const char *name, int64_t value) {
    printf("\t%s=%" PRId64, name, value);
}

static void decode(char *text) {
    char *out = text;
    for (; *text; text++) {
        if (*text == '%') {
            char digits[3] = {text[1], text[2], '\0'};
            *out++ = (char)strtol(digits, NULL, 16);
            text += 2;
        } else {
            *out++ = *text;
        }
    }
    *out = '\0';
}

static void read_command(char *line, struct command *command) {
    line[strcspn(line, "\n")] = '\0';
    command->word = strsep(&line, "\t");
    while (line && command->count < MOST_FIELDS) {
        struct field *field = &command->fields[command->count++];
        field->value = strsep(&line, "\t");
        field->name = strsep(&field->value, "=");
        if (!field->value) abort();
        decode(field->value);
    }
}

/* NULL if the command has no such field. */
static const char *text(const struct command *command, const char *name) {
    for (size_t i = 0; i < command->count; i++) {
        if (strcmp(command->fields[i].name, name) == 0) return command->fields[i].value;
    }
    return NULL;
}

static int64_t number(const struct command *command, const char *name) {
    const char *value = text(command, name);
    return value ? strtoll(value, NULL, 10) : 0;
}

static uint32_t flag(const struct command *command, const char *name, uint32_t bit) {
    return text(command, name) ? bit : 0;
}

/* --- Answers ---------------------------------------------------------------------------------------- */

/* Begins the answer: "ok", or all there is to know about the error. */
static int begins_ok(tg_status status, tg_error *error) {
    if ((status == TG_STATUS_OK) != (error == NULL) || tg_error_status(error) != status) abort();
    if (tg_error_status(tg_last_error()) != status) abort();
    if (strcmp(tg_last_error_message(), tg_error_message(error)) != 0) abort();
    if (status == TG_STATUS_OK) {
        printf("ok");
        return 1;
    }
    printf("error");
    put_field("status", tg_status_name(tg_error_status(error)));
    put_field("reason", tg_error_reason(error));
    put_field("message", tg_error_message(error));
    put_field("hint", tg_error_hint(error));
    put_field("server_code", tg_error_server_code(error));
    put_number("http_status", tg_error_http_status(error));
    put_number("retry_after_ms", tg_error_retry_after_ms(error));
    tg_error_free(error);
    return 0;
}

static void answer_secrets(tg_status status, tg_secrets *secrets, tg_error *error) {
    if (!begins_ok(status, error)) return;
    put_number("count", (int64_t)tg_secrets_count(secrets));
    for (size_t i = 0; i < tg_secrets_count(secrets); i++) {
        put_field("alias", tg_secrets_alias(secrets, i));
        put_field("value", tg_secrets_value(secrets, i));
        put_field("graph", tg_secrets_graph(secrets, i));
        put_number("masked", tg_secrets_is_masked(secrets, i));
    }
    tg_secrets_free(secrets);
}

static void answer_token(tg_status status, tg_token *token, tg_error *error) {
    if (!begins_ok(status, error)) return;
    put_field("value", tg_token_value(token));
    put_field("header", tg_token_header(token));
    put_number("expires_at", tg_token_expires_at(token));
    put_field("expiration", tg_token_expiration(token));
    if (token_count == MOST_TOKENS) abort();
    tokens[token_count++] = token;
}

/* --- The log ---------------------------------------------------------------------------------------- */

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char *log_lines[1024];
static size_t log_count;
/* Which connection's lines are kept. */
static uintptr_t log_generation;

static void forget_log(void) {
    for (size_t i = 0; i < log_count; i++) free(log_lines[i]);
    log_count = 0;
}

static void keep_line(int32_t level, const char *message, void *generation) {
    size_t size = strlen(message) + 16;
    char *line = malloc(size);
    if (!line) abort();
    snprintf(line, size, "%" PRId32 " %s", level, message);
    pthread_mutex_lock(&log_lock);
    int wanted = (uintptr_t)generation == log_generation && log_count < sizeof log_lines / sizeof *log_lines;
    if (wanted) log_lines[log_count++] = line;
    pthread_mutex_unlock(&log_lock);
    if (!wanted) free(line);
}

static void take_log(const struct command *command) {
    (void)command;
    pthread_mutex_lock(&log_lock);
    printf("ok");
    for (size_t i = 0; i < log_count; i++) put_field("line", log_lines[i]);
    forget_log();
    pthread_mutex_unlock(&log_lock);
}

/* --- Token providers --------------------------------------------------------------------------------- */

/* What a connection's provider answers, one call after the other. */
struct provider {
    pthread_mutex_t lock;
    /* The last one stays. */
    char *answers[MOST_FIELDS];
    size_t count;
    /* The connection that it brings tokens for. */
    tg_conn *conn;
    int64_t calls;
    int is_running;
    /* Of the last request. */
    int had_time;
    int was_cancelled;
};

/* That of the connection, which releases it. */
static struct provider *provider;

static void pause_shortly(void) {
    nanosleep(&(struct timespec){0, 5000000}, NULL);
}

/* Waits until nobody wants the token any more. */
static void wait_for_cancellation(const tg_provider_request *request) {
    while (!tg_provider_request_is_cancelled(request)) pause_shortly();
}

/* Fails with the reason for which a call of the provider's own connection fails. */
static void fail_from_within(tg_provider_request *request, tg_conn *own) {
    tg_error *error = NULL;
    tg_token *token = NULL;
    tg_authorization(own, &token, &error);
    tg_provider_request_fail(request, TG_STATUS_UNAVAILABLE, tg_error_reason(error), -1, NULL);
    tg_error_free(error);
    tg_token_free(token);
}

/* An answer is "KIND NUMBER TEXT". */
static void give(tg_provider_request *request, const char *answer, tg_conn *own) {
    char kind[16] = "";
    int64_t number = 0;
    int length = 0;
    sscanf(answer, "%15s %" SCNd64 "%n", kind, &number, &length);
    const char *words = answer + length + 1;
    if (strcmp(kind, "token") == 0) {
        int64_t end = number ? (int64_t)time(NULL) + number : 0;
        tg_provider_request_set_token(request, words, end, NULL);
    } else if (strcmp(kind, "within") == 0) {
        fail_from_within(request, own);
    } else {
        tg_status status = strcmp(kind, "refused") == 0 ? TG_STATUS_UNAUTHENTICATED : TG_STATUS_UNAVAILABLE;
        tg_provider_request_fail(request, status, words, number, NULL);
    }
}

static void provide(tg_provider_request *request, void *user_data) {
    struct provider *own = user_data;
    pthread_mutex_lock(&own->lock);
    size_t turn = (size_t)own->calls++;
    own->is_running = 1;
    own->had_time = tg_provider_request_time_left_ms(request) > 0;
    pthread_mutex_unlock(&own->lock);
    const char *answer = own->answers[turn < own->count ? turn : own->count - 1];
    if (strncmp(answer, "wait ", 5) == 0) wait_for_cancellation(request);
    pthread_mutex_lock(&own->lock);
    own->is_running = 0;
    own->was_cancelled = tg_provider_request_is_cancelled(request);
    tg_conn *served = own->conn;
    pthread_mutex_unlock(&own->lock);
    give(request, answer, served);
}

static void release_provider(void *user_data) {
    struct provider *own = user_data;
    for (size_t i = 0; i < own->count; i++) free(own->answers[i]);
    pthread_mutex_destroy(&own->lock);
    free(own);
}

/* NULL if the command has no provider. */
static struct provider *set_provider(tg_config *config, const struct command *command) {
    if (!text(command, "provider")) return NULL;
    struct provider *own = calloc(1, sizeof *own);
    if (!own || pthread_mutex_init(&own->lock, NULL) != 0) abort();
    for (size_t i = 0; i < command->count; i++) {
        if (strcmp(command->fields[i].name, "provider") != 0) continue;
        own->answers[own->count] = strdup(command->fields[i].value);
        if (!own->answers[own->count++]) abort();
    }
    tg_config_set_token_provider(config, provide, own, release_provider);
    return own;
}

/* Once it has answered: how often the provider was asked, and what its last request was like. */
static void provider_calls(const struct command *command) {
    (void)command;
    pthread_mutex_lock(&provider->lock);
    while (provider->is_running) {
        pthread_mutex_unlock(&provider->lock);
        pause_shortly();
        pthread_mutex_lock(&provider->lock);
    }
    printf("ok");
    put_number("calls", provider->calls);
    put_number("had_time", provider->had_time);
    put_number("cancelled", provider->was_cancelled);
    pthread_mutex_unlock(&provider->lock);
}

/* --- Wakeups ---------------------------------------------------------------------------------------- */

/* Those since the last look. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int64_t count;
} wakeups = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static void wake(void *user_data) {
    (void)user_data;
    pthread_mutex_lock(&wakeups.lock);
    wakeups.count++;
    pthread_cond_signal(&wakeups.came);
    pthread_mutex_unlock(&wakeups.lock);
}

/* The time so many milliseconds from now, for pthread_cond_timedwait(). */
static struct timespec in_ms(int64_t ms) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += ms / 1000;
    time.tv_nsec += ms % 1000 * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

static void await_wakeup(const struct command *command) {
    (void)command;
    struct timespec end = in_ms(20000);
    pthread_mutex_lock(&wakeups.lock);
    while (wakeups.count == 0 && pthread_cond_timedwait(&wakeups.came, &wakeups.lock, &end) == 0) continue;
    printf("ok");
    put_number("wakeups", wakeups.count);
    wakeups.count = 0;
    pthread_mutex_unlock(&wakeups.lock);
}

/* --- Connecting ------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*set)(tg_config *config, const char *value);
} text_settings[] = {
    {"graph", tg_config_set_graph},           {"secret", tg_config_set_secret},
    {"api_token", tg_config_set_api_token},   {"jwt", tg_config_set_jwt},
    {"secret_file", tg_config_set_secret_file}, {"jwt_file", tg_config_set_jwt_file},
    {"server_version", tg_config_set_server_version}, {"ca_file", tg_config_set_ca_file},
    {"ca_pem", tg_config_set_ca_pem},         {"pin_sha256", tg_config_set_pin_sha256},
    {"proxy", tg_config_set_proxy},           {"user_agent", tg_config_set_user_agent},
    {"token_cache", tg_config_set_token_cache},
    {"oauth2_client_secret_file", tg_config_set_oauth2_secret_file},
};

static void set_oauth2(tg_config *config, const struct command *command) {
    tg_config_set_oauth2(config, text(command, "oauth2_url"), text(command, "oauth2_client_id"),
                         text(command, "oauth2_client_secret"));
    for (size_t i = 0; i < command->count; i++) {
        if (strcmp(command->fields[i].name, "oauth2_parameter") != 0) continue;
        char *name = strdup(command->fields[i].value);
        if (!name) abort();
        name[strcspn(name, "=")] = '\0';
        tg_config_set_oauth2_parameter(config, name, command->fields[i].value + strlen(name) + 1);
        free(name);
    }
}

/* What comes from variables, for settings that have no value yet. */
static void load_variables(tg_config *config, const struct command *command) {
    if (text(command, "profile")) tg_config_load_profile(config, text(command, "profile"));
    else if (text(command, "env")) tg_config_load_env(config);
    if (text(command, "env_file")) tg_config_load_env_file(config, text(command, "env_file"));
}

static void log_to_list(tg_config *config, const struct command *command) {
    pthread_mutex_lock(&log_lock);
    forget_log();
    uintptr_t generation = ++log_generation;
    pthread_mutex_unlock(&log_lock);
    if (!text(command, "log")) return;
    tg_config_set_log(config, (int32_t)number(command, "log"), keep_line, (void *)generation, NULL);
}

static tg_config *settings(const struct command *command) {
    tg_config *config = tg_config_new(text(command, "host"));
    for (size_t i = 0; i < sizeof text_settings / sizeof *text_settings; i++) {
        text_settings[i].set(config, text(command, text_settings[i].name));
    }
    tg_config_set_password(config, text(command, "username"), text(command, "password"));
    tg_config_set_password_file(config, text(command, "username"), text(command, "password_file"));
    if (text(command, "added_ca_file")) tg_config_add_ca_file(config, text(command, "added_ca_file"));
    tg_config_set_client_cert(config, text(command, "client_cert"), text(command, "client_key"));
    tg_config_set_ports(config, (uint16_t)number(command, "restpp_port"), (uint16_t)number(command, "gsql_port"));
    tg_config_set_tgcloud(config, (int32_t)number(command, "tgcloud"));
    tg_config_set_insecure_tls(config, (int32_t)number(command, "insecure_tls"));
    tg_config_set_allow_http(config, (int32_t)number(command, "allow_http"));
    tg_config_set_timeouts(config, (uint32_t)number(command, "connect_ms"), (uint32_t)number(command, "total_ms"));
    tg_config_set_token_lifetime(config, number(command, "lifetime_s"), number(command, "renew_before_s"));
    set_oauth2(config, command);
    log_to_list(config, command);
    load_variables(config, command);
    return config;
}

static void close_connection(const struct command *command) {
    (void)command;
    for (size_t i = 0; i < token_count; i++) tg_token_free(tokens[i]);
    token_count = 0;
    tg_conn_free(conn);
    conn = NULL;
    provider = NULL;
    printf("ok");
}

static void connect_anew(const struct command *command) {
    tg_error *error = NULL;
    tg_conn *fresh = NULL;
    tg_config *config = settings(command);
    struct provider *brings = set_provider(config, command);
    tg_status status = tg_conn_new(config, &fresh, &error);
    int is_made = begins_ok(status, error);
    tg_config_free(config);
    if (!is_made) return;
    tg_conn_free(conn);
    conn = fresh;
    provider = brings;
    if (provider) {
        pthread_mutex_lock(&provider->lock);
        provider->conn = conn;
        pthread_mutex_unlock(&provider->lock);
    }
    if (text(command, "wakeup")) tg_conn_set_wakeup(conn, wake, NULL, NULL);
}

/* --- Calls ------------------------------------------------------------------------------------------ */

static void get_secrets(const struct command *command) {
    tg_error *error = NULL;
    tg_secrets *secrets = NULL;
    tg_status status = tg_get_secrets(command->conn, text(command, "user"), &secrets, &error);
    answer_secrets(status, secrets, error);
}

static void get_secret(const struct command *command) {
    tg_error *error = NULL;
    tg_secrets *secret = NULL;
    tg_status status = tg_get_secret(command->conn, text(command, "alias"), text(command, "user"), &secret, &error);
    answer_secrets(status, secret, error);
}

static void show_secrets(const struct command *command) {
    tg_error *error = NULL;
    tg_secrets *secrets = NULL;
    tg_status status = tg_show_secrets(command->conn, text(command, "user"), &secrets, &error);
    answer_secrets(status, secrets, error);
}

static void create_secret(const struct command *command) {
    tg_error *error = NULL;
    tg_secrets *secret = NULL;
    tg_status status = tg_create_secret(command->conn, text(command, "alias"), text(command, "value"),
                                        text(command, "user"), &secret, &error);
    answer_secrets(status, secret, error);
}

static void ensure_secret(const struct command *command) {
    tg_error *error = NULL;
    tg_secrets *secret = NULL;
    tg_status status = tg_ensure_secret(command->conn, text(command, "alias"), &secret, &error);
    answer_secrets(status, secret, error);
}

static void drop_secret(const struct command *command) {
    tg_error *error = NULL;
    uint32_t flags = flag(command, "ignore_missing", TG_IGNORE_MISSING);
    tg_status status = tg_drop_secret(command->conn, text(command, "alias"), text(command, "user"), flags, &error);
    begins_ok(status, error);
}

static void drop_secrets(const struct command *command) {
    tg_error *error = NULL;
    const char *aliases[MOST_FIELDS];
    size_t count = 0, dropped = 0;
    for (size_t i = 0; i < command->count; i++) {
        if (strcmp(command->fields[i].name, "alias") == 0) aliases[count++] = command->fields[i].value;
    }
    uint32_t flags = flag(command, "ignore_missing", TG_IGNORE_MISSING);
    tg_status status =
        tg_drop_secrets(command->conn, aliases, count, text(command, "user"), flags, &dropped, &error);
    if (begins_ok(status, error)) put_number("dropped", (int64_t)dropped);
}

static uint32_t token_flags(const struct command *command) {
    return flag(command, "keep_current", TG_TOKEN_KEEP_CURRENT) | flag(command, "global", TG_TOKEN_GLOBAL) |
           flag(command, "or_new", TG_TOKEN_OR_NEW);
}

static void get_token(const struct command *command) {
    tg_error *error = NULL;
    tg_token *token = NULL;
    tg_status status = tg_get_token(command->conn, text(command, "secret"), number(command, "lifetime_s"),
                                    token_flags(command), &token, &error);
    answer_token(status, token, error);
}

static void refresh_token(const struct command *command) {
    tg_error *error = NULL;
    tg_token *token = NULL;
    tg_status status = tg_refresh_token(command->conn, text(command, "secret"), text(command, "token"),
                                        number(command, "lifetime_s"), token_flags(command), &token, &error);
    answer_token(status, token, error);
}

static void delete_token(const struct command *command) {
    tg_error *error = NULL;
    uint32_t flags = flag(command, "ignore_missing", TG_IGNORE_MISSING);
    tg_status status =
        tg_delete_token(command->conn, text(command, "secret"), text(command, "token"), flags, &error);
    begins_ok(status, error);
}

static void check_jwt_token(const struct command *command) {
    tg_error *error = NULL;
    int32_t valid = -1;
    tg_status status = tg_check_jwt_token(command->conn, text(command, "jwt"), &valid, &error);
    if (begins_ok(status, error)) put_number("valid", valid);
}

static void authorization(const struct command *command) {
    tg_error *error = NULL;
    tg_token *token = NULL;
    tg_status status = tg_authorization(command->conn, &token, &error);
    answer_token(status, token, error);
}

static void try_authorization(const struct command *command) {
    tg_error *error = NULL;
    tg_token *token = NULL;
    tg_status status = tg_try_authorization(command->conn, &token, &error);
    answer_token(status, token, error);
}

static void current_token(const struct command *command) {
    tg_error *error = NULL;
    tg_token *token = NULL;
    tg_status status = tg_current_token(command->conn, &token, &error);
    answer_token(status, token, error);
}

/* The token of the last answer with the value that the command names. */
static const tg_token *named_token(const struct command *command) {
    for (size_t i = token_count; i-- > 0;) {
        if (strcmp(tg_token_value(tokens[i]), text(command, "value")) == 0) return tokens[i];
    }
    abort();
}

static void reject_token(const struct command *command) {
    tg_reject_token(command->conn, named_token(command));
    printf("ok");
}

static void check_token(const struct command *command) {
    tg_error *error = NULL;
    int32_t valid = -1;
    tg_status status = tg_check_token(command->conn, named_token(command), &valid, &error);
    if (begins_ok(status, error)) put_number("valid", valid);
}

static void server_version(const struct command *command) {
    tg_error *error = NULL;
    int32_t major = 0, minor = 0, patch = 0;
    tg_status status = tg_server_version(command->conn, &major, &minor, &patch, &error);
    if (begins_ok(status, error)) printf("\tversion=%" PRId32 ".%" PRId32 ".%" PRId32, major, minor, patch);
}

/* --- Requests to the database ----------------------------------------------------------------------- */

static int32_t server(const struct command *command) {
    const char *name = text(command, "server");
    return name && strcmp(name, "gateway") == 0 ? TG_SERVER_GATEWAY : TG_SERVER_RESTPP;
}

static void url(const struct command *command) {
    printf("ok");
    put_field("url", tg_conn_url(command->conn, server(command)));
}

static void token_url(const struct command *command) {
    printf("ok");
    put_field("url", tg_token_url(named_token(command), server(command)));
}

static void ca_pem(const struct command *command) {
    printf("ok");
    put_field("ca_pem", tg_conn_ca_pem(command->conn));
}

static void is_token_refused(const struct command *command) {
    const char *body = text(command, "body");
    printf("ok");
    put_number("refused", tg_is_token_refused(server(command), (int32_t)number(command, "http_status"), body,
                                              body ? strlen(body) : 0));
}

static void answer_response(tg_status status, tg_response *response, tg_error *error) {
    if (!begins_ok(status, error)) return;
    put_number("http_status", tg_response_http_status(response));
    put_field("content_type", tg_response_header(response, "Content-Type"));
    put_bytes("body", tg_response_body(response), tg_response_body_length(response));
    tg_response_free(response);
}

static void send_request(const struct command *command) {
    tg_error *error = NULL;
    tg_response *response = NULL;
    const char *body = text(command, "body"), *header = text(command, "header_name");
    tg_request *request = tg_request_new(text(command, "method"), server(command), text(command, "path"));
    if (header) tg_request_set_header(request, header, text(command, "header_value"));
    if (body) tg_request_set_body(request, body, strlen(body), text(command, "content_type"));
    tg_request_set_response_limit(request, (uint64_t)number(command, "response_limit"));
    tg_status status = tg_send(command->conn, request, &response, &error);
    tg_request_free(request);
    answer_response(status, response, error);
}

/* --- The library, and its diagnosis ------------------------------------------------------------------ */

static void library_version(const struct command *command) {
    uint32_t number = tg_version_number();
    char version[32];
    (void)command;
    snprintf(version, sizeof version, "%" PRIu32 ".%" PRIu32 ".%" PRIu32, number >> 16, number >> 8 & 0xff,
             number & 0xff);
    if (strcmp(version, tg_version()) != 0) abort();
    printf("ok");
    put_field("version", version);
}

static void diagnose(const struct command *command) {
    tg_error *error = NULL;
    tg_report *report = NULL;
    tg_status status = tg_diagnose(command->conn, flag(command, "offline", TG_REPORT_OFFLINE), &report, &error);
    if (!begins_ok(status, error)) return;
    put_field("text", tg_report_text(report));
    put_field("json", tg_report_json(report));
    tg_report_free(report);
}

/* --- Limits of one call ----------------------------------------------------------------------------- */

struct stopper {
    pthread_t thread;
    tg_conn *conn;
    struct timespec end;
    pthread_mutex_t lock;
    pthread_cond_t ends;
    int call_is_over;
};

static void *stop_later(void *argument) {
    struct stopper *stopper = argument;
    pthread_mutex_lock(&stopper->lock);
    while (!stopper->call_is_over && pthread_cond_timedwait(&stopper->ends, &stopper->lock, &stopper->end) == 0) continue;
    if (!stopper->call_is_over) tg_conn_cancel(stopper->conn);
    pthread_mutex_unlock(&stopper->lock);
    return NULL;
}

static void start_stopper(struct stopper *stopper, int64_t after_ms) {
    pthread_mutex_init(&stopper->lock, NULL);
    pthread_cond_init(&stopper->ends, NULL);
    stopper->end = in_ms(after_ms);
    if (pthread_create(&stopper->thread, NULL, stop_later, stopper) != 0) abort();
}

static void end_stopper(struct stopper *stopper) {
    pthread_mutex_lock(&stopper->lock);
    stopper->call_is_over = 1;
    pthread_cond_signal(&stopper->ends);
    pthread_mutex_unlock(&stopper->lock);
    pthread_join(stopper->thread, NULL);
    pthread_cond_destroy(&stopper->ends);
    pthread_mutex_destroy(&stopper->lock);
}

/* With a handle of the call's own where it has a limit of its own. */
static void call_within_limits(struct command *command, void (*call)(const struct command *)) {
    struct stopper stopper = {.conn = tg_conn_clone(conn)};
    command->conn = stopper.conn;
    if (text(command, "timeout_ms")) tg_conn_set_timeout(command->conn, (uint32_t)number(command, "timeout_ms"));
    int stops = text(command, "cancel_after_ms") != NULL;
    if (stops) start_stopper(&stopper, number(command, "cancel_after_ms"));
    call(command);
    if (stops) end_stopper(&stopper);
    tg_conn_free(stopper.conn);
}

static const struct {
    const char *word;
    void (*carry_out)(const struct command *command);
} commands[] = {
    {"connect", connect_anew},     {"close", close_connection},       {"get_secrets", get_secrets},
    {"show_secrets", show_secrets}, {"create_secret", create_secret}, {"ensure_secret", ensure_secret},
    {"drop_secret", drop_secret},  {"drop_secrets", drop_secrets},    {"get_token", get_token},
    {"refresh_token", refresh_token}, {"delete_token", delete_token}, {"check_jwt_token", check_jwt_token},
    {"authorization", authorization}, {"current_token", current_token}, {"reject_token", reject_token},
    {"server_version", server_version}, {"take_log", take_log},
    {"get_secret", get_secret},    {"check_token", check_token},      {"url", url},
    {"token_url", token_url},      {"ca_pem", ca_pem},                {"is_token_refused", is_token_refused},
    {"send", send_request},        {"try_authorization", try_authorization}, {"await_wakeup", await_wakeup},
    {"provider_calls", provider_calls}, {"diagnose", diagnose},      {"library_version", library_version},
};

static void carry_out(struct command *command) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].word, command->word) != 0) continue;
        if (text(command, "timeout_ms") || text(command, "cancel_after_ms")) {
            call_within_limits(command, commands[i].carry_out);
        } else {
            commands[i].carry_out(command);
        }
        return;
    }
    abort();
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        struct command command = {.conn = conn};
        read_command(line, &command);
        carry_out(&command);
        putchar('\n');
        fflush(stdout);
    }
    free(line);
    for (size_t i = 0; i < token_count; i++) tg_token_free(tokens[i]);
    tg_conn_free(conn);
    forget_log();
    return 0;
}
