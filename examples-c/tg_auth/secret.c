/* tg-auth: secrets. */
#include "tg-auth.h"


static void print_secret(const tg_secrets *secrets, size_t index, const struct given *given) {
    const char *alias = tg_secrets_alias(secrets, index), *graph = tg_secrets_graph(secrets, index);
    if (!given->value[O_JSON]) {
        printf("%-32s %s%s%s\n", alias, tg_secrets_value(secrets, index), *graph ? "  " : "", graph);
        return;
    }
    printf("%s{", index ? "," : "");
    print_json_member("alias", alias);
    putchar(',');
    print_json_member("value", tg_secrets_value(secrets, index));
    putchar(',');
    print_json_member("graph", graph);
    printf(",\"masked\":%s}", tg_secrets_is_masked(secrets, index) ? "true" : "false");
}

static void print_secrets(const tg_secrets *secrets, const struct given *given) {
    if (given->value[O_JSON]) putchar('[');
    for (size_t i = 0; i < tg_secrets_count(secrets); i++) print_secret(secrets, i, given);
    if (given->value[O_JSON]) puts("]");
}

int secret_list(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    tg_secrets *secrets = NULL;
    (void)words, (void)count;
    if (tg_get_secrets(conn, given->value[O_USER], &secrets, &error) != TG_STATUS_OK) return failed(error, given);
    print_secrets(secrets, given);
    tg_secrets_free(secrets);
    return TG_STATUS_OK;
}

int secret_show(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    tg_secrets *secret = NULL;
    (void)count;
    if (tg_get_secret(conn, words[0], given->value[O_USER], &secret, &error) != TG_STATUS_OK) return failed(error, given);
    print_secrets(secret, given);
    if (tg_secrets_is_masked(secret, 0)) {
        fprintf(stderr, "tg-auth: the server shows the secret masked, as all do before 4.1\n");
    }
    tg_secrets_free(secret);
    return TG_STATUS_OK;
}

/* Prints a secret that was made, or tells why there is none. */
static int print_made(tg_status status, tg_secrets *secret, tg_error *error, const char *what, const char *advice,
                      const struct given *given) {
    if (status != TG_STATUS_OK) return failed(error, given);
    remember_lost(what, tg_secrets_alias(secret, 0), advice);
    print_secrets(secret, given);
    tg_secrets_free(secret);
    return TG_STATUS_OK;
}

int secret_create(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    tg_secrets *secret = NULL;
    tg_status status = tg_create_secret(conn, count ? words[0] : NULL, NULL, given->value[O_USER], &secret, &error);
    return print_made(status, secret, error, "a secret was created with the alias",
                      "Drop it with tg-auth secret drop and this alias, then create another one.", given);
}

int secret_ensure(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    tg_secrets *secret = NULL;
    (void)count;
    tg_status status = tg_ensure_secret(conn, words[0], &secret, &error);
    return print_made(status, secret, error, "there is now a secret with the alias",
                      "From 4.1 on, run the same once more; before, drop it with tg-auth secret drop and this alias first.",
                      given);
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
