/* tg-auth: secrets. */
#include "tg-auth.h"

#include <string.h>

static void print_secret(const tg_secrets *secrets, size_t index, int is_first, const struct given *given) {
    const char *alias = tg_secrets_alias(secrets, index), *graph = tg_secrets_graph(secrets, index);
    if (!given->value[O_JSON]) {
        printf("%-32s %s%s%s\n", alias, tg_secrets_value(secrets, index), *graph ? "  " : "", graph);
        return;
    }
    printf("%s{", is_first ? "" : ",");
    print_json_member("alias", alias);
    putchar(',');
    print_json_member("value", tg_secrets_value(secrets, index));
    putchar(',');
    print_json_member("graph", graph);
    printf(",\"masked\":%s}", tg_secrets_is_masked(secrets, index) ? "true" : "false");
}

/* All of them, or those with this alias; how many. */
static size_t print_secrets(const tg_secrets *secrets, const char *alias, const struct given *given) {
    size_t printed = 0;
    if (given->value[O_JSON]) putchar('[');
    for (size_t i = 0; i < tg_secrets_count(secrets); i++) {
        if (alias && strcmp(tg_secrets_alias(secrets, i), alias) != 0) continue;
        print_secret(secrets, i, printed++ == 0, given);
    }
    if (given->value[O_JSON]) puts("]");
    return printed;
}

static int has_alias(const tg_secrets *secrets, const char *alias, int *masked) {
    for (size_t i = 0; i < tg_secrets_count(secrets); i++) {
        if (strcmp(tg_secrets_alias(secrets, i), alias) != 0) continue;
        *masked = tg_secrets_is_masked(secrets, i);
        return 1;
    }
    return 0;
}

int secret_list(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    tg_secrets *secrets = NULL;
    (void)words, (void)count;
    if (tg_get_secrets(conn, given->value[O_USER], &secrets, &error) != TG_STATUS_OK) return failed(error, given);
    print_secrets(secrets, NULL, given);
    tg_secrets_free(secrets);
    return TG_STATUS_OK;
}

int secret_show(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    tg_secrets *secrets = NULL;
    int code = TG_STATUS_OK, masked = 0;
    (void)count;
    if (tg_get_secrets(conn, given->value[O_USER], &secrets, &error) != TG_STATUS_OK) return failed(error, given);
    if (has_alias(secrets, words[0], &masked)) {
        print_secrets(secrets, words[0], given);
        if (masked) fprintf(stderr, "tg-auth: the server shows the secret masked, as all do before 4.1\n");
    } else {
        code = failed_with(TG_STATUS_NOT_FOUND, "missing.secret", "there is no secret with this alias",
                           "List the existing secrets with tg-auth secret list.", given);
    }
    tg_secrets_free(secrets);
    return code;
}

int secret_create(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    tg_secrets *secret = NULL;
    tg_status status = tg_create_secret(conn, count ? words[0] : NULL, NULL, given->value[O_USER], &secret, &error);
    if (status != TG_STATUS_OK) return failed(error, given);
    remember_lost("a secret was created with the alias", tg_secrets_alias(secret, 0),
                  "Drop it with tg-auth secret drop and this alias, then create another one.");
    print_secrets(secret, NULL, given);
    tg_secrets_free(secret);
    return TG_STATUS_OK;
}

int secret_ensure(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    tg_secrets *secret = NULL;
    (void)count;
    if (tg_ensure_secret(conn, words[0], &secret, &error) != TG_STATUS_OK) return failed(error, given);
    remember_lost("there is now a secret with the alias", tg_secrets_alias(secret, 0),
                  "From 4.1 on, run the same once more; before, drop it with tg-auth secret drop and this alias first.");
    print_secrets(secret, NULL, given);
    tg_secrets_free(secret);
    return TG_STATUS_OK;
}

int secret_drop(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    size_t dropped = 0;
    uint32_t flags = given->value[O_IGNORE_MISSING] ? TG_IGNORE_MISSING : 0;
    tg_status status =
        tg_drop_secrets(conn, (const char *const *)words, count, given->value[O_USER], flags, &dropped, &error);
    if (status != TG_STATUS_OK) return failed(error, given);
    if (given->value[O_JSON]) printf("{\"dropped\":%zu}\n", dropped);
    return TG_STATUS_OK;
}
