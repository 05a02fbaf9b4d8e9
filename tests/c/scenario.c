/* Plays the scenarios of tests/scenarios through C: carries out the commands that come in, one a line, fields
 * divided by tabs, "-" for NULL, and ends every answer with "ready". The commands and the line that tells of a
 * call are those of driver.c, as far as they go; what it tells of a token is its number in order of appearance,
 * 0 for the one that stands for none. */
#include "check.h"
#include "posix.h"

#define MOST_FIELDS 8
#define MOST_TOKENS 16

static tg_config *config;
static tg_conn *conn;
/* By number, the object that came last for each value. */
static tg_token *tokens[MOST_TOKENS];

struct call {
    char *args[MOST_FIELDS];
    tg_error *error;
    char told[32];
};

static void remember(struct call *call, tg_token *token) {
    size_t number = 0;
    if (!token) return;
    CHECK(tg_token_value(token)[0] != '\0' || tg_token_header(token)[0] == '\0');
    if (tg_token_value(token)[0] != '\0') {
        number = 1;
        while (tokens[number] && strcmp(tg_token_value(tokens[number]), tg_token_value(token)) != 0) number++;
    }
    if (number >= MOST_TOKENS - 1) abort();
    tg_token_free(tokens[number]);
    tokens[number] = token;
    snprintf(call->told, sizeof call->told, "%zu", number);
}

static tg_status new_connection(struct call *call) {
    return tg_conn_new(config, &conn, &call->error);
}

static tg_status authorization(struct call *call) {
    tg_token *token = NULL;
    tg_status status = tg_authorization(conn, &token, &call->error);
    remember(call, token);
    return status;
}

static tg_status current_token(struct call *call) {
    tg_token *token = NULL;
    tg_status status = tg_current_token(conn, &token, &call->error);
    remember(call, token);
    return status;
}

/* number of the token */
static tg_status reject_token(struct call *call) {
    tg_reject_token(conn, tokens[strtoul(call->args[0], NULL, 10) % MOST_TOKENS]);
    return TG_STATUS_OK;
}

/* secret, lifetime, flags */
static tg_status get_token(struct call *call) {
    tg_token *token = NULL;
    uint32_t flags = (uint32_t)strtoul(call->args[2], NULL, 10);
    tg_status status = tg_get_token(conn, call->args[0], strtoll(call->args[1], NULL, 10), flags, &token, &call->error);
    remember(call, token);
    return status;
}

/* secret, token, flags */
static tg_status delete_token(struct call *call) {
    uint32_t flags = (uint32_t)strtoul(call->args[2], NULL, 10);
    return tg_delete_token(conn, call->args[0], call->args[1], flags, &call->error);
}

static const struct {
    const char *name;
    size_t args;
    tg_status (*run)(struct call *call);
} operations[] = {
    {"conn_new", 0, new_connection},   {"authorization", 0, authorization},
    {"current_token", 0, current_token}, {"reject_token", 1, reject_token},
    {"get_token", 3, get_token},       {"delete_token", 3, delete_token},
};

/* The time a call took is not measured here. */
static void carry_out(char **fields, size_t count) {
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(operations[i].name, fields[0]) != 0 || operations[i].args != count - 1) continue;
        struct call call = {.error = NULL};
        for (size_t arg = 0; arg + 1 < count; arg++) call.args[arg] = fields[arg + 1];
        tg_status status = operations[i].run(&call);
        CHECK((status == TG_STATUS_OK) == (call.error == NULL));
        printf("call\t%s\t%s\t%s\t%" PRId32 "\t%s\t%" PRId64 "\t0\t%s\t%s\t%s\n", fields[0], tg_status_name(status),
               tg_error_reason(call.error), tg_error_http_status(call.error), tg_error_server_code(call.error),
               tg_error_retry_after_ms(call.error), tg_error_message(call.error), tg_error_hint(call.error), call.told);
        tg_error_free(call.error);
        return;
    }
    printf("BROKEN\tno operation %s with %zu fields\n", fields[0], count - 1);
}

static void set_lifetime(const char *lifetime, const char *before) {
    tg_config_set_token_lifetime(config, strtoll(lifetime, NULL, 10), strtoll(before, NULL, 10));
}

static const struct {
    const char *name;
    void (*set)(tg_config *config, const char *value);
} settings[] = {
    {"graph", tg_config_set_graph}, {"secret", tg_config_set_secret}, {"api_token", tg_config_set_api_token},
    {"jwt", tg_config_set_jwt},     {"server_version", tg_config_set_server_version},
};

static void set(char **fields, size_t count) {
    if (count == 3 && strcmp(fields[0], "token_lifetime") == 0) {
        set_lifetime(fields[1], fields[2]);
        return;
    }
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (count != 2 || strcmp(settings[i].name, fields[0]) != 0) continue;
        settings[i].set(config, fields[1]);
        return;
    }
    printf("BROKEN\tno setting %s with %zu fields\n", fields[0], count - 1);
}

static void run(char **fields, size_t count) {
    if (strcmp(fields[0], "config") == 0 && count == 2) config = tg_config_new(fields[1]);
    else if (strcmp(fields[0], "set") == 0 && count > 1) set(fields + 1, count - 1);
    else if (strcmp(fields[0], "call") == 0 && count > 1) carry_out(fields + 1, count - 1);
    else printf("BROKEN\tno command %s with %zu fields\n", fields[0], count);
}

int main(void) {
    char *line = NULL, *fields[MOST_FIELDS];
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        size_t count = 0;
        line[strcspn(line, "\n")] = '\0';
        for (char *rest = line; rest && count < MOST_FIELDS; count++) {
            fields[count] = strsep(&rest, "\t");
            if (strcmp(fields[count], "-") == 0) fields[count] = NULL;
        }
        if (!fields[0]) return 2;
        run(fields, count);
        puts("ready");
        fflush(stdout);
    }
    for (size_t i = 0; i < MOST_TOKENS; i++) tg_token_free(tokens[i]);
    tg_conn_free(conn);
    tg_config_free(config);
    free(line);
    return finish();
}
