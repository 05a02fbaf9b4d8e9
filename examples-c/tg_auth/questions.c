/* tg-auth doctor --contract: what is asked, of which servers, with which credential. The rows are those of the table
 * in tests/standin/README.md; see docs/live-server.md. */
#include "contract.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))
/* So many seconds live the tokens that are made, but for two. */
#define LIFETIME 120
#define SHORT_LIFETIME 2
#define DAY INT64_C(86400)
/* A token that is new on a server is waited for so long. */
#define MOST_WAIT_MS 15000
#define NO_GRAPH "tg_auth_contract_no_graph"

/* --- One request, with a token that nobody has given out, or the user's ------------------------------------ */

static void ask_and_tell(struct contract *contract, const struct question *question, tg_conn *conn, const char *body,
                         const char *name) {
    struct answer answer = ask(conn, question, body);
    tell(contract, question, &answer, name, name ? status_text(&answer) : NULL);
    forget(&answer);
}

static void as_malformed(struct contract *contract, const struct question *question) {
    struct answer answer = ask(contract->malformed, question, NULL);
    contract->first_refusal = is_refusal(&answer) ? answer.status : 0;
    tell(contract, question, &answer, NULL, NULL);
    forget(&answer);
}

static void as_opaque(struct contract *contract, const struct question *question) {
    ask_and_tell(contract, question, contract->opaque, NULL, NULL);
}

static void as_jwt(struct contract *contract, const struct question *question) {
    ask_and_tell(contract, question, contract->jwt, NULL, NULL);
}

static void as_jwt_with_body(struct contract *contract, const struct question *question) {
    ask_and_tell(contract, question, contract->jwt, "{}", NULL);
}

static void with_token(struct contract *contract, const struct question *question) {
    ask_and_tell(contract, question, contract->bearer, NULL, NULL);
}

static void wrong_signature(struct contract *contract, const struct question *question) {
    struct answer answer = ask(contract->jwt, question, NULL);
    tell(contract, question, &answer, "jwt-refusal", is_refusal(&answer) ? status_text(&answer) : NULL);
    forget(&answer);
}

static void no_endpoint(struct contract *contract, const struct question *question) {
    ask_and_tell(contract, question, contract->bearer, NULL, "no-endpoint");
}

static void old_gsql(struct contract *contract, const struct question *question) {
    struct answer answer = ask(contract->jwt, question, NULL);
    const char *position = !answer.status ? "" : answer.status == 404 || answer.status == 405 ? "404" : "works";
    int is_c = contract->generation == GEN_C;
    tell(contract, question, &answer, is_c ? "gsqlserver-on-c" : NULL, position);
    forget(&answer);
}

static void rest_secrets(struct contract *contract, const struct question *question) {
    struct answer answer = ask(contract->bearer, question, NULL);
    struct json results = is_json(&answer) ? json_member((struct json){answer.body, answer.body + answer.length}, "results")
                                           : (struct json){NULL, NULL};
    const char *position = NULL;
    if (results.at && *results.at == '{') position = "object";
    /* A server that shows one secret as an object may show several as a list. */
    if (results.at && *results.at == '[' && json_count(results) == 1) position = "list";
    if (is_success(&answer)) contract->takes_tokens_at_gsql = 1;
    tell(contract, question, &answer, "list-shape", position);
    forget(&answer);
}

static int has_control_lines(const struct answer *answer) {
    for (const char *line = answer->body; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "__GSQL__", 8) == 0) return 1;
    }
    return 0;
}

static void statements(struct contract *contract, const struct question *question) {
    struct answer answer = ask(contract->bearer, question, "LS\n");
    const char *position = !is_success(&answer) ? NULL : has_control_lines(&answer) ? "present" : "absent";
    tell(contract, question, &answer, "control-lines-on-c", position);
    forget(&answer);
}

static void own_port(struct contract *contract, const struct question *question) {
    uint16_t port = *contract->restpp_port ? (uint16_t)strtoul(contract->restpp_port, NULL, 10) : 9000;
    tg_conn *conn = connect_to_port(contract, port);
    if (!conn) return;
    struct answer answer = ask(conn, question, NULL);
    int is_closed = strncmp(answer.reason, "connect.", 8) == 0 || strcmp(answer.reason, "timeout.connect") == 0;
    const char *position = answer.status ? "open" : is_closed ? "closed" : NULL;
    tell(contract, question, &answer, "port-9000-on-c", position);
    forget(&answer);
    tg_conn_free(conn);
}

/* --- Calls of the library ---------------------------------------------------------------------------------- */

int find_generation(struct contract *contract) {
    tg_error *error = NULL;
    int32_t valid = 0;
    tg_status status = tg_check_jwt_token(begin_call(contract->nobody), INVENTED_JWT, &valid, &error);
    end_call();
    if (status == TG_STATUS_OK) {
        contract->generation = GEN_C;
        tg_error_free(error);
        return 0;
    }
    if (status != TG_STATUS_UNSUPPORTED) return failed(error, contract->given);
    tg_error_free(error);
    const struct question asked = {.method = "GET", .server = "REST++", .path = "/requesttoken"};
    struct answer answer = ask(contract->opaque, &asked, NULL);
    struct json code = member_of(&answer, "code");
    contract->generation = json_is(code, "\"REST-1000\"") || answer.status == 404 ? GEN_B : GEN_A;
    forget(&answer);
    return 0;
}

static void check_invented(struct contract *contract, const struct question *question) {
    tg_error *error = NULL;
    int32_t valid = 0;
    tg_check_jwt_token(begin_call(contract->nobody), INVENTED_JWT, &valid, &error);
    end_call();
    struct answer answer = answer_of_call(error);
    tell(contract, question, &answer, "failed-check", valid ? NULL : status_text(&answer));
}

static void find_version(struct contract *contract, tg_conn *conn, struct answer *answer) {
    tg_error *error = NULL;
    tg_server_version(begin_call(conn), &contract->major, &contract->minor, &contract->patch, &error);
    end_call();
    *answer = answer_of_call(error);
}

static void no_token(struct contract *contract, const struct question *question) {
    struct answer answer;
    find_version(contract, contract->nobody, &answer);
    tell(contract, question, &answer, NULL, NULL);
}

static void wrong_secret(struct contract *contract, const struct question *question) {
    tg_error *error = NULL;
    tg_get_token(begin_call(contract->nobody), INVENTED_SECRET, LIFETIME, TG_TOKEN_KEEP_CURRENT, NULL, &error);
    end_call();
    struct answer answer = answer_of_call(error);
    int is_off = strcmp(answer.reason, "auth.disabled") == 0;
    tell(contract, question, &answer, contract->generation == GEN_C ? "wrong-secret-c" : "wrong-secret",
         is_off ? NULL : status_text(&answer));
}

static void wrong_user(struct contract *contract, const struct question *question) {
    tg_error *error = NULL;
    tg_conn *conn = connect_as(contract, "tg_auth_contract_no_user", "tg_auth_contract_no_password");
    tg_get_token(begin_call(conn), NULL, LIFETIME, TG_TOKEN_KEEP_CURRENT, NULL, &error);
    end_call();
    struct answer answer = answer_of_call(error);
    tell(contract, question, &answer, NULL, NULL);
    tg_conn_free(conn);
}

/* --- Tokens ------------------------------------------------------------------------------------------------- */

static tg_token *new_token(struct contract *contract, int64_t lifetime, struct answer *answer) {
    tg_error *error = NULL;
    tg_token *token = NULL;
    const char *secret = contract->secret ? tg_secrets_value(contract->secret, 0) : NULL;
    if (!secret && strcmp(contract->login_kind, "token") == 0) {
        tg_authorization(begin_call(contract->login), &token, &error);
    } else {
        tg_conn *conn = begin_call(secret ? contract->nobody : contract->login);
        tg_get_token(conn, secret, lifetime, TG_TOKEN_KEEP_CURRENT, &token, &error);
    }
    end_call();
    *answer = answer_of_call(error);
    return token;
}

/* The answer once it is no refusal, or the last one: REST++ may take a new token only after a while. */
static struct answer ask_until_taken(tg_conn *conn, const struct question *question, int64_t *waited) {
    struct answer answer = ask(conn, question, NULL);
    for (*waited = 0; is_refusal(&answer) && *waited < MOST_WAIT_MS && wait_ms(500); *waited += 500) {
        forget(&answer);
        answer = ask(conn, question, NULL);
    }
    return answer;
}

static void wait_for_token(struct contract *contract) {
    static const struct question fresh = {"49", "a new token is used", "GET", "REST++", "/version", "", GEN_ALL, A_TOKEN, NULL};
    int64_t waited;
    struct answer answer = ask_until_taken(contract->bearer, &fresh, &waited);
    int is_late = waited > 0 || is_refusal(&answer);
    begin_line(&fresh);
    print_answer_form(&answer);
    if (is_late) printf(", after %" PRId64 " ms", waited);
    /* Where every token is taken this tells nothing. */
    int tells = is_success(&answer) && contract->first_refusal;
    end_line(contract, "fresh-token", !tells ? NULL : is_late ? "delayed" : "at-once");
    forget(&answer);
}

static void tell_lifetime(struct contract *contract, const char *row, const char *what, int64_t asked, int64_t granted,
                          const char *name, const char *position) {
    const struct question question = {.row = row, .what = what};
    begin_line(&question);
    printf("asked for %" PRId64 " s, granted %" PRId64 " s", asked, granted);
    end_line(contract, name, position);
}

static int64_t left_of(const tg_token *token) {
    return tg_token_expires_at(token) ? tg_token_expires_at(token) - (int64_t)time(NULL) : 0;
}

void get_token(struct contract *contract) {
    static const struct question first = {"-", "a token is requested", "", "", "", "", GEN_ALL, NOTHING, NULL};
    const char *kind = contract->login_kind;
    /* It would leave a secret behind that the server makes for the token. */
    int leaves_secret = strcmp(kind, "password") == 0 && contract->generation == GEN_C && !contract->secret;
    if (leaves_secret || strcmp(kind, "none") == 0) return;
    struct answer answer;
    contract->token = new_token(contract, LIFETIME, &answer);
    int is_new = strcmp(kind, "token") != 0 || contract->secret, counts_ms = counts_milliseconds();
    tell(contract, &first, &answer, NULL, NULL);
    if (!contract->token) return;
    if (is_new) {
        const char *unit = contract->generation != GEN_C ? NULL : counts_ms ? "milliseconds" : "seconds";
        tell_lifetime(contract, "4", "the unit of the lifetime", LIFETIME, left_of(contract->token), "lifetime-unit", unit);
    }
    contract->bearer = connect_with(contract, tg_token_value(contract->token));
    if (is_new) wait_for_token(contract);
    struct answer version;
    find_version(contract, contract->bearer, &version);
    if (contract->major == 4 && contract->minor == 0) {
        static const struct question is = {"46", "what 4.0 is like", "", "", "", "", GEN_ALL, NOTHING, NULL};
        begin_line(&is);
        fputs(contract->generation == GEN_C ? "as 4.1" : "as 3.11", stdout);
        end_line(contract, "version-4.0", contract->generation == GEN_C ? "c" : "b");
    }
}

void delete_token(struct contract *contract) {
    int is_ours = strcmp(contract->login_kind, "token") != 0;
    /* From 4.1 on it ends by itself. */
    if (!contract->token || !is_ours || contract->generation == GEN_C) return;
    tg_error *error = NULL;
    /* Up to 3.4 a secret is needed for it. */
    const char *secret = contract->secret ? tg_secrets_value(contract->secret, 0) : NULL;
    tg_conn *conn = begin_call(secret ? contract->nobody : contract->login);
    tg_delete_token(conn, secret, tg_token_value(contract->token), TG_IGNORE_MISSING, &error);
    end_call();
    tg_error_free(error);
    tg_token_free(contract->token);
    contract->token = NULL;
}

/* --- With a secret of its own ------------------------------------------------------------------------------- */

static void name_secret(struct contract *contract) {
    unsigned char random[6] = {0};
    if (!random_bytes(random, sizeof random)) memcpy(random, &(time_t){time(NULL)}, sizeof random);
    snprintf(contract->alias, sizeof contract->alias, "tg_auth_contract_%02x%02x%02x%02x%02x%02x", random[0], random[1],
             random[2], random[3], random[4], random[5]);
}

static struct answer create(struct contract *contract, tg_secrets **secret) {
    tg_error *error = NULL;
    tg_create_secret(begin_call(contract->login), contract->alias, NULL, NULL, secret, &error);
    end_call();
    return answer_of_call(error);
}

/* Whether an answer without a secret leaves it open that there is one. */
static int may_be_there(const struct answer *answer) {
    static const char *const open[] = {"outcome.", "protocol.", "server.", "unavailable."};
    for (size_t i = 0; i < COUNT(open); i++) {
        if (strncmp(answer->reason, open[i], strlen(open[i])) == 0) return 1;
    }
    return 0;
}

void create_own_secret(struct contract *contract) {
    static const struct question created = {"-", "a secret is created", "", "", "", "", GEN_ALL, NOTHING, NULL};
    name_secret(contract);
    printf("The secret has the alias %s.\n", contract->alias);
    fflush(stdout);
    struct answer answer = create(contract, &contract->secret);
    tell(contract, &created, &answer, NULL, NULL);
    if (strcmp(answer.reason, "missing.endpoint") == 0) {
        /* 4.0 may have no REST for secrets. The library asks GSQL when a list has shown this. */
        tg_secrets *none = NULL;
        tg_get_secrets(begin_call(contract->login), NULL, &none, NULL);
        end_call();
        tg_secrets_free(none);
        answer = create(contract, &contract->secret);
        tell(contract, &created, &answer, NULL, NULL);
    }
    if (!contract->secret && !may_be_there(&answer)) *contract->alias = '\0';
}

int drop_own_secret(struct contract *contract) {
    tg_error *error = NULL;
    if (!*contract->alias) return 0;
    delete_token(contract);
    size_t dropped = 0;
    const char *const aliases[] = {contract->alias};
    tg_conn *conn = begin_call(contract->login);
    tg_status status = tg_drop_secrets(conn, aliases, 1, NULL, TG_IGNORE_MISSING, &dropped, &error);
    end_call();
    if (status == TG_STATUS_OK) {
        if (dropped) printf("The secret %s was dropped.\n", contract->alias);
        else printf("There is no secret %s, unless the server creates it late: see tg-auth secret list.\n", contract->alias);
        *contract->alias = '\0';
        return 0;
    }
    int code = failed(error, contract->given);
    fprintf(stderr, "tg-auth: The secret was not dropped. Drop it: tg-auth secret drop %s\n", contract->alias);
    return code;
}

static void same_alias(struct contract *contract, const struct question *question) {
    tg_secrets *secret = NULL;
    struct answer answer = create(contract, &secret);
    tell(contract, question, &answer, NULL, NULL);
    tg_secrets_free(secret);
}

/* {"secret":S,"lifetime":L,MORE}, in a buffer of this file, which is wiped by the next call. */
static const char *body_with_secret(const struct contract *contract, const char *lifetime, const char *more) {
    static char body[4096];
    wipe(body, sizeof body);
    if (!lifetime) return NULL;
    snprintf(body, sizeof body, "{\"secret\":\"%s\",\"lifetime\":%s%s}", tg_secrets_value(contract->secret, 0), lifetime, more);
    return body;
}

static void ask_with_secret(struct contract *contract, const struct question *question, const char *lifetime) {
    ask_and_tell(contract, question, contract->bearer, body_with_secret(contract, lifetime, ""), NULL);
    body_with_secret(contract, NULL, "");
}

static void as_text(struct contract *contract, const struct question *question) {
    ask_with_secret(contract, question, "\"120\"");
}

static void as_number(struct contract *contract, const struct question *question) {
    ask_with_secret(contract, question, "120");
}

static void as_zero(struct contract *contract, const struct question *question) {
    ask_with_secret(contract, question, "\"0\"");
}

static void as_word(struct contract *contract, const struct question *question) {
    ask_with_secret(contract, question, "\"soon\"");
}

/* The bare secret, as 3.2 to 3.4 have it. */
static void posted(struct contract *contract, const struct question *question) {
    if (contract->major < 3 || (contract->major == 3 && contract->minor < 2)) return;
    struct answer answer = ask(contract->bearer, question, tg_secrets_value(contract->secret, 0));
    struct json expiration = member_of(&answer, "expiration");
    const char *position = !is_success(&answer) || !expiration.at ? NULL : json_is(expiration, "0") ? "documented" : "real";
    tell(contract, question, &answer, "post-reply", position);
    forget(&answer);
}

static void unknown_graph(struct contract *contract, const struct question *question) {
    tg_error *error = NULL;
    tg_conn *conn = connect_for_graph(contract, NO_GRAPH);
    tg_get_token(begin_call(conn), tg_secrets_value(contract->secret, 0), LIFETIME, TG_TOKEN_KEEP_CURRENT, NULL, &error);
    end_call();
    struct answer answer = answer_of_call(error);
    tell(contract, question, &answer, contract->generation == GEN_C ? "unknown-graph" : NULL, status_text(&answer));
    tg_conn_free(conn);
}

static void long_life(struct contract *contract, const struct question *question) {
    struct answer answer;
    const int64_t asked = 31 * DAY;
    tg_token *token = new_token(contract, asked, &answer);
    if (!token) {
        tell(contract, question, &answer, "lifetime-above", is_refusal(&answer) ? "refuse" : NULL);
        return;
    }
    int is_less = left_of(token) < asked - 3600;
    tell_lifetime(contract, question->row, question->what, asked, left_of(token), "lifetime-above", is_less ? "clamp" : NULL);
    tg_token_free(token);
}

static void expired(struct contract *contract, const struct question *question) {
    struct answer answer;
    tg_token *token = new_token(contract, SHORT_LIFETIME, &answer);
    if (token && wait_ms((SHORT_LIFETIME + 2) * 1000)) {
        tg_conn *conn = connect_with_dead(contract, tg_token_value(token));
        answer = ask(conn, question, NULL);
        contract->second_refusal = answer.status;
        tg_conn_free(conn);
    }
    char position[32] = "";
    if (contract->first_refusal && is_refusal(&answer)) {
        int is_same = contract->first_refusal == 200 && contract->second_refusal == 200;
        snprintf(position, sizeof position, is_same ? "%d" : "%d-%d", contract->first_refusal, contract->second_refusal);
    }
    tell(contract, question, &answer, "refusals", position);
    forget(&answer);
    tg_token_free(token);
}

/* Deletes of tokens that nobody has given out. */
static void delete_unknown(struct contract *contract, const struct question *question) {
    tg_error *error = NULL;
    tg_delete_token(begin_call(contract->nobody), tg_secrets_value(contract->secret, 0), INVENTED_TOKEN, 0, &error);
    end_call();
    struct answer answer = answer_of_call(error);
    tell(contract, question, &answer, NULL, NULL);
}

/* One token is put on the block list, in the forms that other clients use, and used then. */
static void block(struct contract *contract, const struct question *question) {
    static const struct question used = {"26", "a token is used after that", "GET", "REST++", "/version", "", GEN_C, A_TOKEN, NULL};
    static const struct question again = {"22", "a token is deleted by the list", "DELETE", "gateway", "/gsql/v1/tokens", "",
                                          GEN_C, OWN_SECRET, NULL};
    static const struct question twice = {"22", "a token is deleted twice", "DELETE", "gateway", "/gsql/v1/tokens", "", GEN_C,
                                          OWN_SECRET, NULL};
    char body[8192];
    struct answer answer;
    tg_token *token = new_token(contract, LIFETIME, &answer);
    if (!token) {
        tell(contract, question, &answer, NULL, NULL);
        return;
    }
    tg_conn *conn = connect_with(contract, tg_token_value(token));
    snprintf(body, sizeof body, "{\"secret\":\"%s\",\"token\":\"%s\"}", tg_secrets_value(contract->secret, 0),
             tg_token_value(token));
    answer = ask(contract->bearer, question, body);
    tell(contract, question, &answer, "delete-form", is_success(&answer) ? "secret" : is_refusal(&answer) ? "not-secret" : NULL);
    forget(&answer);
    ask_and_tell(contract, &used, conn, NULL, NULL);
    snprintf(body, sizeof body, "{\"tokens\":\"%s\"}", tg_token_value(token));
    ask_and_tell(contract, &again, contract->bearer, body, NULL);
    ask_and_tell(contract, &used, conn, NULL, NULL);
    ask_and_tell(contract, &twice, contract->bearer, body, NULL);
    wipe(body, sizeof body);
    tg_conn_free(conn);
    tg_token_free(token);
}

/* The last one: the secret is dropped, and a token of it is used. */
static void after_drop(struct contract *contract, const struct question *question) {
    struct answer answer;
    tg_token *token = new_token(contract, LIFETIME, &answer);
    tg_conn *conn = token ? connect_with(contract, tg_token_value(token)) : NULL;
    int64_t waited;
    struct answer before = ask_until_taken(conn, question, &waited);
    if (is_success(&before) && drop_own_secret(contract) == 0) {
        answer = ask(conn, question, NULL);
        const char *position = !contract->first_refusal ? NULL : is_success(&answer) ? "valid" : "refused";
        tell(contract, question, &answer, contract->generation == GEN_C ? "jwt-after-drop" : NULL, position);
        forget(&answer);
    }
    forget(&before);
    tg_conn_free(conn);
    tg_token_free(token);
}

/* --- The table ----------------------------------------------------------------------------------------------- */

#define AB (GEN_A | GEN_B)
#define BC (GEN_B | GEN_C)

const struct question questions[] = {
    /* Which generation the server is of. */
    {"46", "the generation", "POST", "gateway", "/gsql/v1/tokens/check", "no credential", GEN_ALL, NOTHING, NULL},
    {"46", "the generation", "GET", "REST++", "/requesttoken", "no credential, and an invented token", AB, NOTHING, NULL},

    /* Without a credential, or with one that nobody has given out. */
    {"24", "an invented JWT is checked", "POST", "gateway", "/gsql/v1/tokens/check", "no credential", GEN_C, NOTHING,
        check_invented},
    {"37", "no token", "GET", "REST++", "/version", "no credential", GEN_ALL, NOTHING, no_token},
    {"38", "a token of the wrong form", "GET", "REST++", "/version", "an invented token", GEN_ALL, NOTHING, as_malformed},
    {"38", "a token that is not known", "GET", "REST++", "/version", "an invented token", AB, NOTHING, as_opaque},
    {"40", "a JWT with a wrong signature", "GET", "REST++", "/version", "an invented JWT", GEN_C, NOTHING, wrong_signature},
    {"40", "the same at GSQL", "GET", "gateway", "/gsql/v1/auth/simple", "an invented JWT", GEN_C, NOTHING, as_jwt},
    {"42", "the old path of GSQL", "GET", "gateway", "/gsqlserver/gsql/simpleauth", "an invented JWT", GEN_C, NOTHING,
        old_gsql},
    {"39", "GSQL refuses", "GET", "gateway", "/gsqlserver/gsql/simpleauth", "an invented JWT", AB, NOTHING, old_gsql},
    {"36", "secrets by REST", "GET", "gateway", "/gsql/v1/secrets", "an invented JWT", GEN_C, NOTHING, as_jwt},
    {"44", "the version of GSQL", "GET", "gateway", "/gsql/v1/version", "an invented JWT", GEN_C, NOTHING, as_jwt},
    {"12", "a token without a secret", "POST", "gateway", "/gsql/v1/tokens", "an invented JWT", GEN_C, NOTHING,
        as_jwt_with_body},
    {"18", "PUT of a token", "PUT", "gateway", "/gsql/v1/tokens", "an invented JWT", GEN_C, NOTHING, as_jwt_with_body},
    {"18", "PUT of a token", "PUT", "REST++", "/requesttoken", "an invented JWT", GEN_C, NOTHING, as_jwt_with_body},
    {"9", "GET of a token", "GET", "REST++", "/requesttoken", "an invented token", BC, NOTHING, as_opaque},
    {"-", "ping", "GET", "gateway", "/api/ping", "an invented token", GEN_ALL, NOTHING, as_opaque},
    {"-", "echo", "GET", "REST++", "/echo", "an invented token", GEN_ALL, NOTHING, as_opaque},
    {"1", "a secret that does not exist", "POST", "REST++", "/requesttoken", "an invented secret", AB, NOTHING, wrong_secret},
    {"1", "a secret that does not exist", "GET", "REST++", "/requesttoken", "an invented secret", GEN_A, NOTHING, NULL},
    {"1", "a secret that does not exist", "POST", "gateway", "/gsql/v1/tokens", "an invented secret", GEN_C, NOTHING,
        wrong_secret},
    {"2", "a user who does not exist", "GET", "REST++", "/requesttoken", "an invented user", GEN_A, NOTHING, wrong_user},
    {"2", "a user who does not exist", "POST", "REST++", "/requesttoken", "an invented user", GEN_B, NOTHING, wrong_user},
    {"2", "a user who does not exist", "POST", "gateway", "/gsql/v1/tokens", "an invented user", GEN_C, NOTHING, wrong_user},

    /* A token that lives two minutes; from 4.1 on not with a password. Before 4.1 it is deleted at the end. */
    {"4", "a token", "POST", "gateway", "/gsql/v1/tokens", "the login, if it is a secret", GEN_C, A_TOKEN, NULL},
    {"6", "a token", "GET", "REST++", "/requesttoken", "the login", GEN_A, A_TOKEN, NULL},
    {"5", "a token", "POST", "REST++", "/requesttoken", "the login", AB, A_TOKEN, NULL},
    {"49", "a new token is used", "GET", "REST++", "/version", "the token", GEN_ALL, A_TOKEN, NULL},
    {"9", "an endpoint that does not exist", "GET", "REST++", "/tg_auth_contract", "the token", GEN_ALL, A_TOKEN, no_endpoint},
    {"34", "the list of secrets", "GET", "gateway", "/gsql/v1/secrets", "the token", GEN_C, A_TOKEN, rest_secrets},
    {"35", "a secret that does not exist", "GET", "gateway", "/gsql/v1/secrets/tg_auth_contract", "the token", GEN_C, A_TOKEN,
        with_token},
    {"44", "the version of GSQL", "GET", "gateway", "/gsql/v1/version", "the token", GEN_C, A_TOKEN, with_token},
    {"45", "control lines of GSQL", "POST", "gateway", "/gsql/v1/statements", "the token; the statement LS", GEN_C, A_TOKEN,
        statements},
    {"-", "the token is deleted", "DELETE", "REST++", "/requesttoken", "the login", AB, A_TOKEN, NULL},

    /* With --create. The tokens live two minutes, one two seconds, and before 4.1 one 31 days: there they end with the
     * secret. */
    {"-", "a secret is created", "POST", "gateway", "/gsql/v1/secrets", "the login", GEN_C, OWN_SECRET, NULL},
    {"-", "a secret is created and dropped", "POST", "gateway", "/gsqlserver/gsql/file", "the login", AB, OWN_SECRET, NULL},
    {"-", "the same in 4.0", "GET", "gateway", "/gsql/v1/secrets", "the login; in 4.0", GEN_C, OWN_SECRET, NULL},
    {"-", "the same in 4.0", "POST", "gateway", "/gsql/v1/statements", "the login; in 4.0", GEN_C, OWN_SECRET, NULL},
    {"35", "an alias that is taken", "POST", "gateway", "/gsql/v1/secrets", "the login", GEN_C, OWN_SECRET, same_alias},
    {"47", "a token", "POST", "gateway", "/gsql/v1/tokens", "its secret", GEN_C, OWN_SECRET, as_text},
    {"5", "the lifetime as a number", "POST", "gateway", "/gsql/v1/tokens", "its secret", GEN_C, OWN_SECRET, as_number},
    {"3", "the lifetime 0", "POST", "gateway", "/gsql/v1/tokens", "its secret", GEN_C, OWN_SECRET, as_zero},
    {"3", "the lifetime no number", "POST", "gateway", "/gsql/v1/tokens", "its secret", GEN_C, OWN_SECRET, as_word},
    {"15", "a token in the old way", "POST", "REST++", "/requesttoken", "its secret", GEN_C, OWN_SECRET, as_text},
    {"5", "the lifetime as a number", "POST", "REST++", "/requesttoken", "its secret", GEN_B, OWN_SECRET, as_number},
    {"3", "the lifetime 0", "POST", "REST++", "/requesttoken", "its secret", GEN_B, OWN_SECRET, as_zero},
    {"3", "the lifetime no number", "POST", "REST++", "/requesttoken", "its secret", GEN_B, OWN_SECRET, as_word},
    {"7", "a token by POST", "POST", "REST++", "/requesttoken?lifetime=120", "its secret", GEN_A, OWN_SECRET, posted},
    {"11", "a graph that does not exist", "POST", "gateway", "/gsql/v1/tokens", "its secret", GEN_C, OWN_SECRET,
        unknown_graph},
    {"3", "a long lifetime", "POST", "REST++", "/requesttoken", "its secret", AB, OWN_SECRET, long_life},
    {"37", "a token that has expired", "GET", "REST++", "/version", "a token of its secret", GEN_ALL, OWN_SECRET, expired},
    {"21", "an invented token is deleted", "DELETE", "REST++", "/requesttoken", "its secret", AB, OWN_SECRET, delete_unknown},
    {"22", "a token is deleted by its secret", "DELETE", "gateway", "/gsql/v1/tokens",
        "the token and its secret; one token is on the block list then, for two minutes", GEN_C, OWN_SECRET, block},
    {"33", "a token after its secret was dropped", "GET", "REST++", "/version", "a token of its secret", GEN_ALL, OWN_SECRET,
        after_drop},
    {"-", "the secret is dropped", "DELETE", "gateway", "/gsql/v1/secrets", "the login", GEN_C, OWN_SECRET, NULL},

    {"43", "the old port of REST++", "GET", "REST++", "/echo", "an invented token; at port 9000, or that of --restpp-port",
        GEN_C, AT_LAST, own_port},
};
const size_t question_count = COUNT(questions);
