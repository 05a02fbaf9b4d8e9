/* tg-auth doctor --contract: asks a live server what no document says of TigerGraph, and prints a report without
 * credentials. It asks nothing that changes the server or locks an account; with --create it creates one secret, and
 * drops it however the run ends. What is sent is printed before it is sent.
 *
 *     questions.c   the table of the questions        answer.c   what is printed of an answer
 *
 * The library sends with credentials of its own choice. So there is a connection for each: the login, tokens that
 * nobody has given out, and none at all. */
#include "contract.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- The user's wish to end ------------------------------------------------------------------------------ */

/* It ends the call that is running, and has the rest of the questions left out. */
static tg_conn *running;
static int stopped, is_cleaning;

static void stop(void) {
    take_lock();
    stopped = 1;
    if (running) tg_conn_cancel(running);
    give_lock();
}

static int is_stopped(void) {
    take_lock();
    int is = stopped;
    give_lock();
    return is;
}

int wait_ms(int64_t ms) {
    for (; ms > 0 && !is_stopped(); ms -= 50) sleep_ms(50);
    return !is_stopped();
}

/* --- The log, which tells of each answer what the results of calls do not ---------------------------------- */

static atomic_int last_status, has_milliseconds;

/* "POST /gsql/v1/tokens 400 3 ms": the status, 0 if the line is another one. */
static int status_in(const char *line) {
    const char *end = line + strlen(line), *words[3] = {NULL, NULL, NULL};
    for (int i = 0; i < 3; i++) {
        while (end > line && end[-1] != ' ') end--;
        words[i] = end;
        if (end > line) end--;
    }
    int is_answer = strcmp(words[0], "ms") == 0 && strspn(words[2], "0123456789") == 3 && words[2][3] == ' ';
    return is_answer ? atoi(words[2]) : 0;
}

static void listen_to(int32_t level, const char *message, void *verbose) {
    int status = level == TG_LOG_DEBUG ? status_in(message) : 0;
    if (status) atomic_store(&last_status, status);
    if (strstr(message, "counts lifetimes in milliseconds")) atomic_store(&has_milliseconds, 1);
    if (verbose) log_line(level, message, NULL);
}

int counts_milliseconds(void) { return atomic_load(&has_milliseconds); }

tg_conn *begin_call(tg_conn *conn) {
    atomic_store(&last_status, 0);
    atomic_store(&has_milliseconds, 0);
    take_lock();
    running = stopped && !is_cleaning ? NULL : conn;
    conn = running;
    give_lock();
    return conn;
}

void end_call(void) {
    take_lock();
    running = NULL;
    give_lock();
}

/* --- Connections ------------------------------------------------------------------------------------------ */

static void clear_login(tg_config *config) {
    tg_config_set_secret(config, NULL);
    tg_config_set_secret_file(config, NULL);
    tg_config_set_password(config, NULL, NULL);
    tg_config_set_password_file(config, NULL, NULL);
    tg_config_set_jwt(config, NULL);
    tg_config_set_jwt_file(config, NULL);
    tg_config_set_oauth2(config, NULL, NULL, NULL);
    tg_config_set_oauth2_secret_file(config, NULL);
    tg_config_set_oauth2_parameter(config, NULL, NULL);
    tg_config_set_api_token(config, NULL);
    tg_config_set_token_provider(config, NULL, NULL, NULL);
    tg_config_set_token_cache(config, "none");
}

/* NULL, which calls refuse, if the settings do not fit; they fitted the login. */
static tg_conn *connected(const tg_config *config) {
    tg_conn *conn = NULL;
    tg_error *error = NULL;
    tg_conn_new(config, &conn, &error);
    tg_error_free(error);
    return conn;
}

tg_conn *connect_with(struct contract *contract, const char *token) {
    tg_config_set_api_token(contract->config, token);
    tg_conn *conn = connected(contract->config);
    tg_config_set_api_token(contract->config, NULL);
    return conn;
}

static void bring(tg_provider_request *request, void *token) {
    tg_provider_request_set_token(request, token, (int64_t)time(NULL) + 3600, NULL);
}

static void release(void *token) {
    wipe(token, strlen(token));
    free(token);
}

tg_conn *connect_with_dead(struct contract *contract, const char *token) {
    tg_config_set_token_provider(contract->config, bring, copied(token, strlen(token)), release);
    tg_conn *conn = connected(contract->config);
    tg_config_set_token_provider(contract->config, NULL, NULL, NULL);
    return conn;
}

tg_conn *connect_as(struct contract *contract, const char *user, const char *password) {
    tg_config_set_password(contract->config, user, password);
    tg_conn *conn = connected(contract->config);
    tg_config_set_password(contract->config, NULL, NULL);
    return conn;
}

tg_conn *connect_for_graph(struct contract *contract, const char *graph) {
    tg_config_set_graph(contract->config, graph);
    tg_conn *conn = connected(contract->config);
    tg_config_set_graph(contract->config, *contract->graph ? contract->graph : NULL);
    return conn;
}

tg_conn *connect_to_port(struct contract *contract, uint16_t port) {
    uint16_t gateway = (uint16_t)strtoul(contract->gsql_port, NULL, 10);
    tg_config_set_ports(contract->config, port, gateway);
    tg_conn *conn = connect_with(contract, INVENTED_TOKEN);
    tg_config_set_ports(contract->config, (uint16_t)strtoul(contract->restpp_port, NULL, 10), gateway);
    const char *url = tg_conn_url(conn, TG_SERVER_RESTPP);
    if (!strstr(url, "/restpp")) return conn;
    tg_conn_free(conn);
    return NULL;
}

/* --- Requests --------------------------------------------------------------------------------------------- */

struct answer ask(tg_conn *conn, const struct question *question, const char *body) {
    int32_t server = strcmp(question->server, "REST++") == 0 ? TG_SERVER_RESTPP : TG_SERVER_GATEWAY;
    tg_request *request = tg_request_new(question->method, server, question->path);
    tg_response *response = NULL;
    tg_error *error = NULL;
    if (body) {
        int is_gsql = strcmp(question->path, "/gsql/v1/statements") == 0;
        const char *type = *body == '{' ? "application/json" : is_gsql ? "text/plain" : "application/x-www-form-urlencoded";
        tg_request_set_body(request, body, strlen(body), type);
    }
    tg_status status = tg_send(begin_call(conn), request, &response, &error);
    end_call();
    tg_request_free(request);
    if (status != TG_STATUS_OK) return answer_of_call(error);
    struct answer answer = {.status = tg_response_http_status(response), .response = response,
                            .body = tg_response_body(response), .length = tg_response_body_length(response)};
    return answer;
}

struct answer answer_of_call(tg_error *error) {
    struct answer answer = {.status = atomic_load(&last_status)};
    snprintf(answer.reason, sizeof answer.reason, "%s", tg_error_reason(error));
    tg_error_free(error);
    return answer;
}

void forget(struct answer *answer) {
    tg_response_free(answer->response);
    answer->response = NULL;
    answer->body = NULL;
}

/* --- The run ---------------------------------------------------------------------------------------------- */

/* The value of a setting in a report; "" if it is not set. */
static void read_setting(const char *report, const char *name, char *value, size_t size) {
    struct json settings = json_member((struct json){report, report + strlen(report)}, "settings");
    struct json setting = settings.at ? json_member(settings, name) : settings;
    struct json found = setting.at ? json_member(setting, "value") : setting;
    int length = found.at ? (int)(found.end - found.at) - 2 : 0;
    snprintf(value, size, "%.*s", length > 0 ? length : 0, found.at ? found.at + 1 : "");
}

static int is_set(const char *report, const char *name) {
    char value[512];
    read_setting(report, name, value, sizeof value);
    return *value != '\0';
}

static void read_settings(struct contract *contract) {
    tg_report *report = NULL;
    tg_diagnose(contract->login, TG_REPORT_OFFLINE, &report, NULL);
    const char *text = tg_report_json(report);
    read_setting(text, "graph", contract->graph, sizeof contract->graph);
    read_setting(text, "restpp_port", contract->restpp_port, sizeof contract->restpp_port);
    read_setting(text, "gsql_port", contract->gsql_port, sizeof contract->gsql_port);
    int has_secret = is_set(text, "secret") || is_set(text, "secret_file"), has_user = is_set(text, "username");
    int has_token = is_set(text, "jwt") || is_set(text, "jwt_file") || is_set(text, "oauth2_url") || is_set(text, "api_token");
    contract->login_kind = has_secret ? "secret" : has_user ? "password" : has_token ? "token" : "none";
    tg_report_free(report);
}

/* Those with this need, for the server's generation. */
static void ask_all(struct contract *contract, enum need need) {
    for (size_t i = 0; i < question_count && !is_stopped(); i++) {
        const struct question *question = &questions[i];
        if (!question->ask || question->need != need || !(question->generations & contract->generation)) continue;
        question->ask(contract, question);
        fflush(stdout);
    }
}

static void run(struct contract *contract) {
    int creates = contract->given->value[O_CREATE] != NULL;
    ask_all(contract, NOTHING);
    get_token(contract);
    int had_token = contract->bearer != NULL;
    if (had_token) ask_all(contract, A_TOKEN);
    if (creates && !is_stopped()) create_own_secret(contract);
    if (!had_token && contract->secret) {
        get_token(contract);
        if (contract->bearer) ask_all(contract, A_TOKEN);
    }
    if (contract->secret && contract->bearer) ask_all(contract, OWN_SECRET);
    ask_all(contract, AT_LAST);
}

static void print_summary(const struct contract *contract) {
    print_not_asked();
    if (!contract->bearer) {
        puts("\nThere was no token: the questions that need one are left out. With a password, a server from 4.1 on would "
             "create a secret for it, so that --create is needed.");
    }
    if (!contract->given->value[O_CREATE]) puts("\nThere was no --create: the questions that need a secret are left out.");
    printf("\nlogin: %s\nversion: ", contract->login_kind);
    if (contract->major) printf("%" PRId32 ".%" PRId32 ".%" PRId32 "\n", contract->major, contract->minor, contract->patch);
    else puts("not known");
    printf("generation: %s\n", contract->generation == GEN_A ? "2.x to 3.4" : contract->generation == GEN_B ? "3.5 to 3.11"
                                                                                                           : "4.1 and later");
    printf("switches:%s\n", contract->switches);
}

static void make_connections(struct contract *contract) {
    clear_login(contract->config);
    contract->nobody = connect_with(contract, NULL);
    contract->malformed = connect_with(contract, "tg_auth_contract.no_token");
    contract->opaque = connect_with(contract, INVENTED_TOKEN);
    contract->jwt = connect_with(contract, INVENTED_JWT);
}

static void free_all(struct contract *contract) {
    tg_conn *const all[] = {contract->login, contract->nobody, contract->malformed, contract->opaque, contract->jwt,
                            contract->bearer};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) tg_conn_free(all[i]);
    tg_token_free(contract->token);
    tg_secrets_free(contract->secret);
}

/* Everything that is sent; the exit code. */
static int run_and_clean(struct contract *contract) {
    int code = find_generation(contract);
    if (code) return code;
    run(contract);
    int was_stopped = is_stopped();
    take_lock();
    is_cleaning = 1;
    give_lock();
    code = drop_own_secret(contract);
    delete_token(contract);
    if (was_stopped) puts("\nStopped by a signal: the report is not complete.");
    print_summary(contract);
    return code ? code : was_stopped ? TG_STATUS_CANCELLED : 0;
}

int contract(tg_config *config, const struct given *given) {
    struct contract contract = {.config = config, .given = given};
    if (given->value[O_JSON] || given->value[O_WAIT]) return wrong("--contract prints a text, at once: without --json and --wait", "");
    printf("tg-auth contract report 1, of tg-auth %s\n\n", tg_version());
    print_requests(given->value[O_CREATE] != NULL);
    putchar('\n');
    fflush(stdout);
    if (given->value[O_OFFLINE]) return 0;
    puts("No.   | what was asked | what came back | position of a switch of the stand-in");
    tg_config_set_log(config, TG_LOG_DEBUG, listen_to, given->value[O_VERBOSE] ? &contract : NULL, NULL);
    contract.login = connected(config);
    read_settings(&contract);
    make_connections(&contract);
    watch_for_end(stop);
    int code = run_and_clean(&contract);
    end_watch();
    free_all(&contract);
    return code;
}
