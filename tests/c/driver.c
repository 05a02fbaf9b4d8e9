/* A driver for tests/faults: carries out the commands that come in, one a line, fields divided by tabs,
 * and tells what came back, in the same form. "ready" is the end of every answer; a line that begins with
 * BROKEN tells of a promise of the header that did not hold.
 *
 * A field is written with percent signs for what cannot stand in a line; "-" alone is NULL.
 * What system calls do is steered by the commands of system.c. */
#include "driver.h"
#include "line.h"
#include "posix.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#endif
#include <tigergraph_auth.h>
#include <unistd.h>

#define MOST_FIELDS 64
#define MOST_HANDLES 1000

static int out;
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;
static tg_config *config;
static tg_conn *conn;
/* Another handle to the same connection, and the one that a thread uses instead of the first. */
static tg_conn *second;
static __thread tg_conn *conn_of_thread;
static tg_conn *handles[MOST_HANDLES];
static size_t stack_size;

/* ---- Lines ---- */

/* Writes one line whole, whatever signals and other threads do; not from the stack, which may be small. */
void say(const char *format, ...) {
    static char line[16384];
    va_list values;
    va_start(values, format);
    pthread_mutex_lock(&out_lock);
    write_line(out, line, sizeof line, format, values);
    va_end(values);
    pthread_mutex_unlock(&out_lock);
}

/* Divides a line into its fields. */
static size_t split(char *line, char **fields) {
    size_t count = 0;
    line[strcspn(line, "\n")] = '\0';
    for (char *rest = line; rest && count < MOST_FIELDS; count++) fields[count] = strsep(&rest, "\t");
    return count;
}

/* Undoes the percent signs of a field; NULL for "-". */
static char *decode(char *field) {
    if (strcmp(field, "-") == 0) return NULL;
    char *end = field;
    for (char *from = field; *from; from++) {
        char digits[3] = {from[0], from[0] ? from[1] : '\0', '\0'};
        if (*from == '%' && from[1]) {
            digits[0] = from[1];
            digits[1] = from[2];
            *end++ = (char)strtol(digits, NULL, 16);
            from += 2;
        } else {
            *end++ = *from;
        }
    }
    *end = '\0';
    return field;
}

double now_ms(void) {
    struct timespec now;
    real_clock(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- Calls ---- */

/* One call of the library, and what it gave. */
struct call {
    const char *name;
    char **args;
    size_t count;
    tg_error *error;
    int empty;      /* the outputs are NULL and 0 */
    char told[256]; /* the result, without any credential */
};

static const char *text(const struct call *call, size_t index) {
    return index < call->count ? call->args[index] : NULL;
}

static int64_t number(const struct call *call, size_t index) {
    return text(call, index) ? strtoll(text(call, index), NULL, 10) : 0;
}

static uint32_t flags(const struct call *call, size_t index) {
    return (uint32_t)number(call, index);
}

/* Outputs begin as this, to see that they are written. */
static char unwritten[1];
#define UNWRITTEN ((void *)unwritten)

static int was_written(struct call *call, const void *output) {
    call->empty = output == NULL;
    if (output == UNWRITTEN) say("BROKEN\t%s leaves an output unwritten", call->name);
    return output != NULL && output != UNWRITTEN;
}

static void take_token(struct call *call, tg_token *token) {
    if (!was_written(call, token)) return;
    snprintf(call->told, sizeof call->told, "%" PRId64, tg_token_expires_at(token));
    const char *header = tg_token_header(token);
    if (strncmp(header, "Bearer ", 7) != 0 || strcmp(header + 7, tg_token_value(token)) != 0) {
        say("BROKEN\t%s gives a header that is not that of its token", call->name);
    }
    tg_token_free(token);
}

static void take_secrets(struct call *call, tg_secrets *secrets) {
    if (!was_written(call, secrets)) return;
    snprintf(call->told, sizeof call->told, "%zu %s", tg_secrets_count(secrets), tg_secrets_alias(secrets, 0));
    if (tg_secrets_count(secrets) > 0 && tg_secrets_value(secrets, 0)[0] == '\0') {
        say("BROKEN\t%s gives a secret without a value", call->name);
    }
    tg_secrets_free(secrets);
}

static tg_status conn_new(struct call *call) {
    tg_conn *before = conn;
    conn = UNWRITTEN;
    tg_status status = tg_conn_new(config, &conn, &call->error);
    if (!was_written(call, conn)) conn = NULL;
    /* Only now, so that what connections share is there for the new one. */
    tg_conn_free(before);
    return status;
}

static tg_status get_token(struct call *call) {
    tg_token *token = UNWRITTEN;
    tg_status status =
        tg_get_token(conn, text(call, 0), number(call, 1), flags(call, 2), &token, &call->error);
    take_token(call, token);
    return status;
}

static tg_status refresh_token(struct call *call) {
    tg_token *token = UNWRITTEN;
    tg_status status = tg_refresh_token(conn, text(call, 0), text(call, 1), number(call, 2), flags(call, 3),
                                        &token, &call->error);
    take_token(call, token);
    return status;
}

static tg_status delete_token(struct call *call) {
    return tg_delete_token(conn, text(call, 0), text(call, 1), flags(call, 2), &call->error);
}

static tg_status check_jwt(struct call *call) {
    int32_t valid = 7;
    tg_status status = tg_check_jwt_token(conn, text(call, 0), &valid, &call->error);
    call->empty = valid == 0;
    snprintf(call->told, sizeof call->told, "%" PRId32, valid);
    return status;
}

static tg_status get_secrets(struct call *call) {
    tg_secrets *secrets = UNWRITTEN;
    tg_status status = tg_get_secrets(conn, text(call, 0), &secrets, &call->error);
    take_secrets(call, secrets);
    return status;
}

static tg_status create_secret(struct call *call) {
    tg_secrets *secrets = UNWRITTEN;
    tg_status status =
        tg_create_secret(conn, text(call, 0), text(call, 1), text(call, 2), &secrets, &call->error);
    take_secrets(call, secrets);
    return status;
}

static tg_status ensure_secret(struct call *call) {
    tg_secrets *secrets = UNWRITTEN;
    tg_status status = tg_ensure_secret(conn, text(call, 0), &secrets, &call->error);
    take_secrets(call, secrets);
    return status;
}

static tg_status drop_secret(struct call *call) {
    return tg_drop_secret(conn, text(call, 0), text(call, 1), flags(call, 2), &call->error);
}

/* user, flags, then the aliases. */
static tg_status drop_secrets(struct call *call) {
    size_t dropped = 7;
    size_t count = call->count > 2 ? call->count - 2 : 0;
    const char *const *aliases = count ? (const char *const *)call->args + 2 : NULL;
    tg_status status =
        tg_drop_secrets(conn, aliases, count, text(call, 0), flags(call, 1), &dropped, &call->error);
    call->empty = dropped == 0;
    snprintf(call->told, sizeof call->told, "%zu", dropped);
    return status;
}

static tg_status authorization(struct call *call) {
    tg_token *token = UNWRITTEN;
    tg_status status = tg_authorization(conn_of_thread ? conn_of_thread : conn, &token, &call->error);
    take_token(call, token);
    return status;
}

static tg_status server_version(struct call *call) {
    int32_t major = 7, minor = 7, patch = 7;
    tg_status status = tg_server_version(conn, &major, &minor, &patch, &call->error);
    call->empty = major == 0 && minor == 0 && patch == 0;
    snprintf(call->told, sizeof call->told, "%" PRId32 ".%" PRId32 ".%" PRId32, major, minor, patch);
    return status;
}

/* method, part of TigerGraph, path, body, name and value of a header. */
static tg_status send_request(struct call *call) {
    int32_t server = strcmp(text(call, 1), "gateway") == 0 ? TG_SERVER_GATEWAY : TG_SERVER_RESTPP;
    tg_request *request = tg_request_new(text(call, 0), server, text(call, 2));
    tg_response *response = UNWRITTEN;
    const char *body = text(call, 3);
    if (body) tg_request_set_body(request, body, strlen(body), "application/json");
    if (text(call, 4)) tg_request_set_header(request, text(call, 4), text(call, 5));
    tg_status status = tg_send(conn, request, &response, &call->error);
    tg_request_free(request);
    if (!was_written(call, response)) return status;
    snprintf(call->told, sizeof call->told, "%" PRId32 " %zu", tg_response_http_status(response),
             tg_response_body_length(response));
    tg_response_free(response);
    return status;
}

static const struct {
    const char *name;
    tg_status (*run)(struct call *call);
} operations[] = {
    {"conn_new", conn_new},           {"get_token", get_token},         {"refresh_token", refresh_token},
    {"delete_token", delete_token},   {"check_jwt", check_jwt},         {"get_secrets", get_secrets},
    {"create_secret", create_secret}, {"ensure_secret", ensure_secret}, {"drop_secret", drop_secret},
    {"drop_secrets", drop_secrets},   {"server_version", server_version},
    {"authorization", authorization}, {"send", send_request},
};

/* The error says the same through both of its ways, and says enough. */
static int is_consistent(tg_status status, const tg_error *error) {
    const tg_error *last = tg_last_error();
    if (status == TG_STATUS_OK) return error == NULL && tg_last_error_message()[0] == '\0' && !tg_error_status(last);
    return error != NULL && tg_error_status(error) == status && tg_error_status(last) == status &&
           tg_error_message(error)[0] != '\0' && tg_error_reason(error)[0] != '\0' &&
           strcmp(tg_error_reason(error), tg_error_reason(last)) == 0 &&
           strcmp(tg_error_message(error), tg_last_error_message()) == 0 &&
           strcmp(tg_error_hint(error), tg_error_hint(last)) == 0 &&
           strcmp(tg_error_server_code(error), tg_error_server_code(last)) == 0 &&
           tg_error_http_status(error) == tg_error_http_status(last) &&
           tg_error_retry_after_ms(error) == tg_error_retry_after_ms(last);
}

/* Runs the operation that the first field names, and tells what it gave. */
static void carry_out(char **fields, size_t count) {
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(operations[i].name, fields[0]) != 0) continue;
        struct call call = {.name = fields[0], .args = fields + 1, .count = count - 1, .empty = 1};
        double begun = now_ms();
        tg_status status = operations[i].run(&call);
        double took = now_ms() - begun;
        if (!is_consistent(status, call.error)) say("BROKEN\t%s: its error has two faces", call.name);
        if (status != TG_STATUS_OK && !call.empty) say("BROKEN\t%s fails and leaves a result", call.name);
        say("call\t%s\t%s\t%s\t%" PRId32 "\t%s\t%" PRId64 "\t%.0f\t%s\t%s\t%s", call.name, tg_status_name(status),
            tg_error_reason(call.error), tg_error_http_status(call.error), tg_error_server_code(call.error),
            tg_error_retry_after_ms(call.error), took, tg_error_message(call.error), tg_error_hint(call.error),
            call.told);
        tg_error_free(call.error);
        return;
    }
    say("BROKEN\tthe driver knows no operation %s", fields[0]);
}

/* ---- Threads ---- */

struct job {
    char **fields;
    size_t count;
    pthread_t thread;
};

static void *run_job(void *arg) {
    struct job *job = arg;
    carry_out(job->fields, job->count);
    return NULL;
}

static void start_job(struct job *job, size_t stack) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (stack && pthread_attr_setstacksize(&attributes, stack) != 0) abort();
    if (real_thread(&job->thread, &attributes, run_job, job) != 0) abort();
    pthread_attr_destroy(&attributes);
}

static void call_command(char **fields, size_t count) {
    struct job job = {.fields = fields + 1, .count = count - 1};
    if (stack_size == 0) {
        carry_out(job.fields, job.count);
        return;
    }
    start_job(&job, stack_size);
    pthread_join(job.thread, NULL);
}

static void on_threads(size_t threads, char **fields, size_t count, unsigned free_after_ms) {
    struct job *jobs = calloc(threads, sizeof *jobs);
    if (!jobs) abort();
    for (size_t i = 0; i < threads; i++) {
        jobs[i] = (struct job){.fields = fields, .count = count};
        start_job(&jobs[i], stack_size);
    }
    if (free_after_ms) {
        usleep(free_after_ms * 1000);
        tg_conn_free(conn);
    }
    for (size_t i = 0; i < threads; i++) pthread_join(jobs[i].thread, NULL);
    if (free_after_ms) conn = NULL;
    free(jobs);
}

/* number, operation, … */
static void threads_command(char **fields, size_t count) {
    on_threads((size_t)atoi(fields[1]), fields + 2, count - 2, 0);
}

/* number, milliseconds, operation, …: frees the handle under the running calls. */
static void free_during_command(char **fields, size_t count) {
    on_threads((size_t)atoi(fields[1]), fields + 3, count - 3, (unsigned)atoi(fields[2]));
}

static void run_command(char **fields, size_t count);

/* A command for later, on a thread of its own. */
struct later {
    pthread_t thread;
    unsigned ms;
    char *fields[MOST_FIELDS];
    size_t count;
};

static struct later *later;

static void *run_later(void *arg) {
    struct later *it = arg;
    usleep(it->ms * 1000);
    run_command(it->fields, it->count);
    return NULL;
}

static void finish_later(void) {
    if (!later) return;
    pthread_join(later->thread, NULL);
    for (size_t i = 0; i < later->count; i++) free(later->fields[i]);
    free(later);
    later = NULL;
}

/* milliseconds, command, … */
static void after_command(char **fields, size_t count) {
    finish_later();
    later = calloc(1, sizeof *later);
    if (!later) abort();
    later->ms = (unsigned)atoi(fields[1]);
    later->count = count - 2;
    for (size_t i = 0; i < later->count; i++) later->fields[i] = fields[i + 2] ? strdup(fields[i + 2]) : NULL;
    if (real_thread(&later->thread, NULL, run_later, later) != 0) abort();
}

/* ---- Settings ---- */

static char *reentered[MOST_FIELDS];
static size_t reentered_count;

static void log_line(int32_t level, const char *message, void *user_data) {
    (void)user_data;
    say("log\t%" PRId32 "\t%s", level, message);
    size_t count = reentered_count;
    reentered_count = 0;
    if (count) carry_out(reentered, count);
}

static void released(void *user_data) {
    (void)user_data;
    say("released");
}

/* The next log line makes this call, from inside its callback. */
static void reenter_command(char **fields, size_t count) {
    for (size_t i = 1; i < count; i++) {
        free(reentered[i - 1]);
        reentered[i - 1] = fields[i] ? strdup(fields[i]) : NULL;
    }
    reentered_count = count - 1;
}

static void config_command(char **fields, size_t count) {
    tg_config_free(config);
    config = tg_config_new(count > 1 ? fields[1] : NULL);
    tg_config_set_log(config, TG_LOG_DEBUG, log_line, NULL, released);
}

static void set_ports(tg_config *it, const char *a, const char *b) {
    tg_config_set_ports(it, (uint16_t)atoi(a), (uint16_t)atoi(b));
}

static void set_timeouts(tg_config *it, const char *a, const char *b) {
    tg_config_set_timeouts(it, (uint32_t)atoi(a), (uint32_t)atoi(b));
}

static void set_lifetime(tg_config *it, const char *a, const char *b) {
    tg_config_set_token_lifetime(it, atoll(a), atoll(b));
}

static void set_insecure_tls(tg_config *it, const char *a) {
    tg_config_set_insecure_tls(it, atoi(a));
}

static void set_allow_http(tg_config *it, const char *a) {
    tg_config_set_allow_http(it, atoi(a));
}

static void set_tgcloud(tg_config *it, const char *a) {
    tg_config_set_tgcloud(it, atoi(a));
}

/* What the planned provider does, which a test changes while connections use it. */
struct plan {
    void (*act)(tg_provider_request *request, const struct plan *plan);
    int64_t number;
    char text[9000];
    unsigned turn; /* how often it was changed */
};

static struct plan plan;
static pthread_mutex_t plan_lock = PTHREAD_MUTEX_INITIALIZER;

static struct plan the_plan(void) {
    pthread_mutex_lock(&plan_lock);
    struct plan copy = plan;
    pthread_mutex_unlock(&plan_lock);
    return copy;
}

static void bring_text(tg_provider_request *request, const struct plan *planned, const char *text) {
    tg_status status = tg_provider_request_set_token(request, text, planned->number, NULL);
    say("provider\t%u\ttoken %s", planned->turn, tg_status_name(status));
}

static void fail_with(tg_provider_request *request, const struct plan *planned, tg_status status) {
    status = tg_provider_request_fail(request, status, planned->text, -1, NULL);
    say("provider\t%u\tfail %s", planned->turn, tg_status_name(status));
}

static void bring(tg_provider_request *request, const struct plan *planned) {
    bring_text(request, planned, planned->text);
}

static void bring_twice(tg_provider_request *request, const struct plan *planned) {
    bring(request, planned);
    bring_text(request, planned, "another-token");
    fail_with(request, planned, TG_STATUS_UNAVAILABLE);
}

static void fail(tg_provider_request *request, const struct plan *planned) {
    fail_with(request, planned, (tg_status)planned->number);
}

static void bring_nothing(tg_provider_request *request, const struct plan *planned) {
    (void)request;
    say("provider\t%u\tnothing", planned->turn);
}

/* Answers when nobody waits any more. */
static void bring_late(tg_provider_request *request, const struct plan *planned) {
    while (!tg_provider_request_is_cancelled(request)) usleep(1000);
    bring(request, planned);
}

/* Takes no notice of that, and answers when there is another plan. */
static void stay(tg_provider_request *request, const struct plan *planned) {
    while (the_plan().turn == planned->turn) usleep(1000);
    bring(request, planned);
}

/* Asks its own connection, through another handle. */
static void recurse(tg_provider_request *request, const struct plan *planned) {
    tg_token *token = NULL;
    tg_conn *own = tg_conn_clone(conn);
    tg_authorization(own, &token, NULL);
    say("provider\t%u\trecurse %s", planned->turn, tg_error_reason(tg_last_error()));
    tg_token_free(token);
    tg_conn_free(own);
    bring(request, planned);
}

static const struct {
    const char *name;
    void (*act)(tg_provider_request *request, const struct plan *plan);
} acts[] = {
    {"token", bring},     {"twice", bring_twice}, {"fail", fail},       {"nothing", bring_nothing},
    {"late", bring_late}, {"stay", stay},         {"recurse", recurse},
};

static void provide_as_planned(tg_provider_request *request, void *user_data) {
    struct plan planned = the_plan();
    (void)user_data;
    planned.act(request, &planned);
}

/* act, number, text; connections that have the provider already do so too. */
static void set_provider(tg_config *it, const char *act, const char *number, const char *text) {
    size_t which = 0, count = sizeof acts / sizeof *acts;
    while (which < count && strcmp(acts[which].name, act) != 0) which++;
    if (which == count) {
        say("BROKEN\tthe driver's provider cannot %s", act);
        return;
    }
    pthread_mutex_lock(&plan_lock);
    plan.act = acts[which].act;
    plan.number = atoll(number);
    snprintf(plan.text, sizeof plan.text, "%s", text);
    plan.turn++;
    pthread_mutex_unlock(&plan_lock);
    tg_config_set_token_provider(it, provide_as_planned, NULL, NULL);
}

static const struct {
    const char *name;
    void (*one)(tg_config *config, const char *value);
    void (*two)(tg_config *config, const char *first, const char *second);
    void (*three)(tg_config *config, const char *first, const char *second, const char *third);
} settings[] = {
    {"graph", .one = tg_config_set_graph},
    {"password", .two = tg_config_set_password},
    {"password_file", .two = tg_config_set_password_file},
    {"secret", .one = tg_config_set_secret},
    {"secret_file", .one = tg_config_set_secret_file},
    {"api_token", .one = tg_config_set_api_token},
    {"jwt", .one = tg_config_set_jwt},
    {"jwt_file", .one = tg_config_set_jwt_file},
    {"provider", .three = set_provider},
    {"oauth2", .three = tg_config_set_oauth2},
    {"ports", .two = set_ports},
    {"tgcloud", .one = set_tgcloud},
    {"server_version", .one = tg_config_set_server_version},
    {"ca_file", .one = tg_config_set_ca_file},
    {"ca_pem", .one = tg_config_set_ca_pem},
    {"client_cert", .two = tg_config_set_client_cert},
    {"pin_sha256", .one = tg_config_set_pin_sha256},
    {"insecure_tls", .one = set_insecure_tls},
    {"allow_http", .one = set_allow_http},
    {"timeouts", .two = set_timeouts},
    {"proxy", .one = tg_config_set_proxy},
    {"user_agent", .one = tg_config_set_user_agent},
    {"token_lifetime", .two = set_lifetime},
    {"token_cache", .one = tg_config_set_token_cache},
};

/* name, value, … */
static void set_command(char **fields, size_t count) {
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (strcmp(settings[i].name, fields[1]) != 0) continue;
        if (settings[i].one && count > 2) settings[i].one(config, fields[2]);
        else if (settings[i].two && count > 3) settings[i].two(config, fields[2], fields[3]);
        else if (settings[i].three && count > 4) settings[i].three(config, fields[2], fields[3], fields[4]);
        else break;
        return;
    }
    say("BROKEN\tthe driver knows no setting %s with %zu values", fields[1], count - 2);
}

/* ---- The handle and the process ---- */

static void timeout_command(char **fields, size_t count) {
    (void)count;
    tg_conn_set_timeout(conn, (uint32_t)atoi(fields[1]));
}

static void cancel_command(char **fields, size_t count) {
    (void)fields, (void)count;
    tg_conn_cancel(conn);
}

static void free_command(char **fields, size_t count) {
    (void)fields, (void)count;
    tg_conn_free(conn);
    conn = NULL;
}

static void clone_command(char **fields, size_t count) {
    (void)fields, (void)count;
    tg_conn_free(second);
    second = tg_conn_clone(conn);
}

/* From now on the clone is the handle. */
static void use_clone_command(char **fields, size_t count) {
    (void)fields, (void)count;
    tg_conn_free(conn);
    conn = second;
    second = NULL;
}

static void *run_on_second(void *arg) {
    conn_of_thread = second;
    return run_job(arg);
}

/* operation, …: on the handle and on its clone at the same time. */
static void on_both_command(char **fields, size_t count) {
    struct job job = {.fields = fields + 1, .count = count - 1};
    pthread_t thread;
    if (real_thread(&thread, NULL, run_on_second, &job) != 0) abort();
    carry_out(job.fields, job.count);
    pthread_join(thread, NULL);
}

static void stack_command(char **fields, size_t count) {
    (void)count;
    stack_size = (size_t)atoll(fields[1]);
}

/* Makes so many handles, and keeps them. 0: frees them. */
static void handles_command(char **fields, size_t count) {
    size_t wanted = (size_t)atoi(fields[1]);
    (void)count;
    for (size_t i = 0; i < MOST_HANDLES; i++) {
        if (i >= wanted) {
            tg_conn_free(handles[i]);
            handles[i] = NULL;
        } else if (!handles[i] && tg_conn_new(config, &handles[i], NULL) != TG_STATUS_OK) {
            say("BROKEN\tno handle: %s", tg_last_error_message());
        }
    }
}

/* name, value; NULL takes the variable away */
static void env_command(char **fields, size_t count) {
    (void)count;
    if (fields[2] ? setenv(fields[1], fields[2], 1) : unsetenv(fields[1])) abort();
}

/* What no program may do; AddressSanitizer or the library ends it. */
static void misuse_command(char **fields, size_t count) {
    tg_conn *gone = conn;
    (void)count;
    tg_conn_free(conn);
    if (strcmp(fields[1], "free") == 0) tg_conn_free(gone);
    else tg_get_token(gone, NULL, 0, 0, NULL, NULL);
    conn = NULL;
    say("survived");
}

/* ---- What only POSIX has ---- */

#ifndef _WIN32
/* Kilobytes of memory that are in use, and the number of threads. */
static void usage(long *kilobytes, long *threads) {
    char line[256];
    *kilobytes = *threads = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) abort();
    while (fgets(line, sizeof line, status)) {
        sscanf(line, "VmRSS: %ld", kilobytes);
        sscanf(line, "Threads: %ld", threads);
    }
    fclose(status);
}

static void usage_command(char **fields, size_t count) {
    long kilobytes, threads;
    (void)fields, (void)count;
    usage(&kilobytes, &threads);
    say("usage\t%ld\t%ld", kilobytes, threads);
}

static void count_signal(int number) {
    (void)number;
}

/* SIGALRM so many times a second, without SA_RESTART; 0: no more. */
static void signals_command(char **fields, size_t count) {
    int hertz = atoi(fields[1]);
    (void)count;
    struct sigaction action = {.sa_handler = count_signal};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {{0, hertz ? 1000000 / hertz : 0}, {0, hertz ? 1000000 / hertz : 0}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void close_stdio_command(char **fields, size_t count) {
    (void)fields, (void)count;
    for (int fd = 0; fd < 3; fd++) close(fd);
}

static void memlock_command(char **fields, size_t count) {
    struct rlimit none = {0, 0};
    (void)fields, (void)count;
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) abort();
}

/* Files can grow to so many bytes; -1: as large as they like. Only the soft limit, which can be raised again. */
static void limit_files_command(char **fields, size_t count) {
    struct rlimit limit = {(rlim_t)atoll(fields[1]), RLIM_INFINITY};
    (void)count;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) abort();
}

/* What a program started from here finds open besides its three standard descriptors. */
static void exec_command(char **fields, size_t count) {
    char line[512];
    (void)fields, (void)count;
    FILE *listing = popen("ls -l /proc/self/fd", "r");
    if (!listing) abort();
    while (fgets(line, sizeof line, listing)) {
        char *arrow = strstr(line, " -> ");
        if (!arrow) continue;
        line[strcspn(line, "\n")] = '\0';
        say("open\t%s", arrow + 4);
    }
    pclose(listing);
}

/* Makes the call in a child that was forked from here, and waits for it. */
static void fork_command(char **fields, size_t count) {
    int status;
    /* Held, so that the child does not inherit it from a thread that it does not have. */
    pthread_mutex_lock(&out_lock);
    pid_t child = fork();
    pthread_mutex_unlock(&out_lock);
    if (child < 0) abort();
    if (child == 0) {
        carry_out(fields + 1, count - 1);
        tg_conn_free(conn);
        _exit(0);
    }
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) abort();
    }
    say("child\t%d", status);
}
#endif

static const struct {
    const char *name;
    size_t least;
    void (*run)(char **fields, size_t count);
} commands[] = {
    {"config", 1, config_command},   {"set", 2, set_command},
    {"call", 2, call_command},       {"threads", 3, threads_command},
    {"after", 3, after_command},     {"free_during", 4, free_during_command},
    {"timeout", 2, timeout_command}, {"cancel", 1, cancel_command},
    {"free", 1, free_command},       {"stack", 2, stack_command},
    {"handles", 2, handles_command}, {"misuse", 2, misuse_command},
    {"reenter", 2, reenter_command}, {"env", 3, env_command},
    {"clone", 1, clone_command},     {"use_clone", 1, use_clone_command},
    {"on_both", 2, on_both_command}, {"names", 5, names_command},
    {"route", 3, route_command},     {"counts", 1, counts_command},
    {"clock", 3, clock_command},
#ifndef _WIN32
    {"usage", 1, usage_command},     {"signals", 2, signals_command},
    {"exec", 1, exec_command},       {"close_stdio", 1, close_stdio_command},
    {"fork", 2, fork_command},       {"memlock", 1, memlock_command},
    {"fail", 5, fail_command},       {"limit_files", 2, limit_files_command},
#endif
};

static void run_command(char **fields, size_t count) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, fields[0]) != 0 || count < commands[i].least) continue;
        commands[i].run(fields, count);
        return;
    }
    say("BROKEN\tthe driver knows no command %s with %zu fields", fields[0], count);
}

int main(void) {
    char *line = NULL, *fields[MOST_FIELDS];
    size_t room = 0;
    /* Away from the standard descriptors, which a test closes. */
    FILE *in = fdopen(away_from_standard(0), "r");
    out = away_from_standard(1);
    if (!in || out < 0) return 2;
    for (;;) {
        errno = 0;
        if (getline(&line, &room, in) < 0) {
            if (errno != EINTR) break;
            clearerr(in);
            continue;
        }
        size_t count = split(line, fields);
        for (size_t i = 0; i < count; i++) fields[i] = decode(fields[i]);
        if (strcmp(fields[0], "exit") == 0) break;
        run_command(fields, count);
        if (strcmp(fields[0], "after") != 0) finish_later();
        say("ready");
    }
    tg_conn_free(conn);
    tg_conn_free(second);
    for (size_t i = 0; i < MOST_HANDLES; i++) tg_conn_free(handles[i]);
    for (size_t i = 0; i < MOST_FIELDS; i++) free(reentered[i]);
    tg_config_free(config);
    free(line);
    fclose(in);
    return 0;
}
