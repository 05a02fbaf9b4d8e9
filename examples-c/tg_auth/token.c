/* tg-auth: tokens. */
#include "tg-auth.h"

#include <inttypes.h>
#include <string.h>

/* What stands in place of a header that is not needed, so that curl -H "$(...)" never gets an empty one. No server acts
 * on it. */
static const char no_header[] = "X-Tg-Auth: off";

/* The address is that of REST++, with which the token was got: of several servers it may not be the first. */
static void print_json(const char *token, const char *header, const char *expiration, int64_t end, const char *address) {
    const char *const members[][2] = {{"token", token}, {"header", header}, {"expiration", expiration}};
    putchar('{');
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        print_json_member(members[i][0], members[i][1]);
        putchar(',');
    }
    printf("\"expires_at\":%" PRId64 ",", end);
    print_json_member("url", address);
    puts("}");
}

static int print_off(const char *address, const struct given *given) {
    fprintf(stderr, "tg-auth: no token is needed, because REST++ authentication is off\n");
    if (given->value[O_JSON]) print_json("", "", "", 0, address);
    else if (given->value[O_HEADER]) puts(no_header);
    return TG_STATUS_OK;
}

static int print_token(tg_token *token, const struct given *given) {
    const char *value = tg_token_value(token), *address = tg_token_url(token, TG_SERVER_RESTPP);
    if (!*value) {
        print_off(address, given);
    } else if (given->value[O_JSON]) {
        print_json(value, tg_token_header(token), tg_token_expiration(token), tg_token_expires_at(token), address);
    } else if (given->value[O_HEADER]) {
        printf("Authorization: %s\n", tg_token_header(token));
    } else {
        puts(value);
    }
    tg_token_free(token);
    return TG_STATUS_OK;
}

int token_get(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    tg_token *token = NULL;
    (void)words, (void)count;
    tg_status status = given->value[O_GLOBAL] ? tg_get_token(conn, NULL, 0, TG_TOKEN_GLOBAL, &token, &error)
                                              : tg_authorization(conn, &token, &error);
    if (status == TG_STATUS_AUTH_DISABLED) {
        tg_error_free(error);
        return print_off(tg_conn_url(conn, TG_SERVER_RESTPP), given);
    }
    return status == TG_STATUS_OK ? print_token(token, given) : failed(error, given);
}

/* The token of --token-file in `line`; *token is NULL where the option is not given. */
static int given_token(const struct given *given, struct line *line, const char **token) {
    const char *file = given->value[O_TOKEN_FILE], *trouble = file ? read_line(file, "Token", line) : NULL;
    *token = file && !trouble ? line->text : NULL;
    return trouble ? unreadable(O_TOKEN_FILE, file, trouble) : 0;
}

/* The connection's own token as it is, which may have expired; else a new one. */
static tg_status own_token(tg_conn *conn, tg_token **token, tg_error **error) {
    if (tg_current_token(conn, token, NULL) == TG_STATUS_OK) return TG_STATUS_OK;
    return tg_authorization(conn, token, error);
}

/* Whether the token cache has a token for the connection. Asks nobody. */
static int is_in_cache(tg_conn *conn) {
    tg_report *report = NULL;
    tg_diagnose(conn, TG_REPORT_OFFLINE, &report, NULL);
    int is_there = strstr(tg_report_json(report), "\"token\":\"one, ") != NULL;
    tg_report_free(report);
    return is_there;
}

/* The connection's own token as it is, or the one in the token cache; NULL: no token is in use. A new one is not
 * requested, because it would be another one than the user means. */
static tg_status token_in_use(tg_conn *conn, tg_token **token, tg_error **error) {
    if (tg_current_token(conn, token, NULL) == TG_STATUS_OK || !is_in_cache(conn)) return TG_STATUS_OK;
    return tg_authorization(conn, token, error);
}

static int check_token(tg_conn *conn, const char *token, const struct given *given) {
    tg_error *error = NULL;
    int32_t valid = 0;
    if (tg_check_jwt_token(conn, token, &valid, &error) != TG_STATUS_OK) return failed(error, given);
    if (given->value[O_JSON]) printf("{\"valid\":%s}\n", valid ? "true" : "false");
    else puts(valid ? "valid" : "invalid");
    return valid ? TG_STATUS_OK : TG_STATUS_UNAUTHENTICATED;
}

int token_check(tg_conn *conn, char **words, size_t count, const struct given *given) {
    struct line line;
    tg_error *error = NULL;
    tg_token *own = NULL;
    const char *token;
    (void)words, (void)count;
    int code = given_token(given, &line, &token);
    if (code) return code;
    if (!token && own_token(conn, &own, &error) != TG_STATUS_OK) return failed(error, given);
    code = check_token(conn, token ? token : tg_token_value(own), given);
    tg_token_free(own);
    wipe(&line, sizeof line);
    return code;
}

int token_refresh(tg_conn *conn, char **words, size_t count, const struct given *given) {
    struct line line;
    tg_error *error = NULL;
    tg_token *token = NULL, *own = NULL;
    const char *old;
    uint32_t flags = given->value[O_OR_NEW] ? TG_TOKEN_OR_NEW : 0;
    (void)words, (void)count;
    int code = given_token(given, &line, &old);
    if (code) return code;
    if (!old && token_in_use(conn, &own, &error) != TG_STATUS_OK) return failed(error, given);
    if (own) old = tg_token_value(own);
    tg_status status = tg_refresh_token(conn, NULL, old, 0, flags, &token, &error);
    tg_token_free(own);
    wipe(&line, sizeof line);
    return status == TG_STATUS_OK ? print_token(token, given) : failed(error, given);
}

int token_delete(tg_conn *conn, char **words, size_t count, const struct given *given) {
    struct line line;
    tg_error *error = NULL;
    tg_token *own = NULL;
    const char *token;
    (void)words, (void)count;
    int code = given_token(given, &line, &token);
    if (code) return code;
    if (!token && token_in_use(conn, &own, &error) != TG_STATUS_OK) return failed(error, given);
    if (own) token = tg_token_value(own);
    /* A token that is gone may be ignored; that there is none to delete is never success. */
    uint32_t flags = token && given->value[O_IGNORE_MISSING] ? TG_IGNORE_MISSING : 0;
    tg_status status = tg_delete_token(conn, NULL, token, flags, &error);
    tg_token_free(own);
    wipe(&line, sizeof line);
    if (status != TG_STATUS_OK) return failed(error, given);
    if (given->value[O_JSON]) puts("{\"deleted\":true}");
    return TG_STATUS_OK;
}
