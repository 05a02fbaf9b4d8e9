/* No credential stays in memory: walks the life of credentials, frees everything, and looks through all
 * memory of this process for them.
 *
 *     memory URL CA-FILE USER NAME=HEX...     CA-FILE "-": plain http
 *                                             HEX: a credential in one of its forms, each byte xor 0x5a
 *
 * With SUFFER in the environment the server may fail as it likes; with CACHE the token is shared by this folder.
 *
 * This program never keeps a credential itself: what it looks for is kept with every byte changed. */
#include "check.h"
#include <fcntl.h>
#include <unistd.h>

#define CHANGE 0x5a
#define FORMS 64

struct form {
    char name[32];
    unsigned char changed[4096];
    size_t length;
};

static struct form forms[FORMS];
static size_t form_count;
/* What is read of this process's memory. What stands in it is a copy, and does not count. */
static unsigned char window[1 << 16];

static void keep(const char *name, const char *credential) {
    if (form_count == FORMS) return;
    struct form *form = &forms[form_count++];
    snprintf(form->name, sizeof form->name, "%s", name);
    for (form->length = 0; credential[form->length] != '\0'; form->length++)
        form->changed[form->length] = (unsigned char)credential[form->length] ^ CHANGE;
}

static void keep_hex(char *argument) {
    char *hex = strchr(argument, '=');
    struct form *form = &forms[form_count++];
    snprintf(form->name, sizeof form->name, "%.*s", (int)(hex - argument), argument);
    for (hex++; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        unsigned byte = 0;
        sscanf(hex, "%2x", &byte);
        form->changed[form->length++] = (unsigned char)byte;
    }
}

/* Lends the credential itself to one call. */
static void reveal(const char *name, char *out) {
    for (size_t i = 0; i < form_count; i++)
        if (strcmp(forms[i].name, name) == 0)
            for (size_t k = 0; k <= forms[i].length; k++)
                out[k] = k < forms[i].length ? (char)(forms[i].changed[k] ^ CHANGE) : '\0';
}

static int is_at(const struct form *form, const unsigned char *bytes) {
    size_t same = 0;
    while (same < form->length && (bytes[same] ^ CHANGE) == form->changed[same]) same++;
    return same == form->length;
}

/* Counts what begins in the first bytes of the window, which holds `got` bytes of memory from `at`. */
static void count(size_t hits[FORMS], uintptr_t at, size_t first, size_t got) {
    for (size_t offset = 0; offset < first; offset++) {
        uintptr_t here = at + offset;
        if (here >= (uintptr_t)window && here < (uintptr_t)(window + sizeof window)) continue;
        for (size_t i = 0; i < form_count; i++)
            hits[i] += offset + forms[i].length <= got && is_at(&forms[i], window + offset);
    }
}

/* How often each form stands in memory. */
static void search(size_t hits[FORMS]) {
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    const size_t overlap = sizeof forms[0].changed;
    char line[512];
    memset(hits, 0, FORMS * sizeof *hits);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long long from, to;
        char rights[8];
        if (sscanf(line, "%llx-%llx %7s", &from, &to, rights) != 3 || rights[0] != 'r') continue;
        for (; from < to; from += sizeof window - overlap) {
            ssize_t got = pread(memory, window, to - from < sizeof window ? (size_t)(to - from) : sizeof window, (off_t)from);
            if (got <= 0) break;
            int last = to - from <= sizeof window;
            count(hits, (uintptr_t)from, last ? (size_t)got : sizeof window - overlap, (size_t)got);
            if (last) break;
        }
    }
    close(memory);
    fclose(maps);
}

static void expect_at_most(size_t most, const char *when) {
    static size_t hits[FORMS];
    search(hits);
    for (size_t i = 0; i < form_count; i++) {
        if (hits[i] > most) printf("%s: %s stands in memory %d times\n", when, forms[i].name, (int)hits[i]);
        CHECK(hits[i] <= most);
    }
}

static tg_conn *connect_to(char **argv) {
    char password[4097] = "";
    tg_config *config = tg_config_new(argv[1]);
    if (strcmp(argv[2], "-") != 0) tg_config_set_ca_file(config, argv[2]);
    tg_config_set_graph(config, "MyGraph");
    reveal("password", password);
    tg_config_set_password(config, argv[3], password);
    explicit_bzero(password, sizeof password);
    tg_config_set_token_cache(config, getenv("CACHE"));
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return conn;
}

/* A token is left in the cache, taken from there, and removed. */
static void share(char **argv) {
    for (int round = 0; round < 3; round++) {
        tg_conn *conn = connect_to(argv);
        tg_token *token = NULL;
        CHECK(tg_authorization(conn, &token, NULL) == TG_STATUS_OK);
        if (round != 1) keep(round ? "another token" : "a token", tg_token_value(token));
        if (round == 1) tg_reject_token(conn, token);
        tg_token_free(token);
        expect_at_most(1, "outside a call, with a cache");
        tg_conn_free(conn);
        expect_at_most(0, "after a free, with a cache");
    }
}

/* The life of a secret and its token; what the server made is kept in its changed form. */
static void live(tg_conn *conn) {
    tg_secrets *secrets = NULL;
    tg_token *token = NULL;
    tg_error *error = NULL;
    char value[4097] = "";
    CHECK(tg_create_secret(conn, "memory", NULL, NULL, &secrets, NULL) == TG_STATUS_OK);
    keep("secret", tg_secrets_value(secrets, 0));
    tg_secrets_free(secrets);
    CHECK(tg_get_secrets(conn, NULL, &secrets, NULL) == TG_STATUS_OK);
    tg_secrets_free(secrets);
    reveal("secret", value);
    CHECK(tg_get_token(conn, value, 600, 0, &token, NULL) == TG_STATUS_OK);
    keep("token", tg_token_value(token));
    tg_status refreshed = tg_refresh_token(conn, value, NULL, 600, TG_TOKEN_KEEP_CURRENT, NULL, NULL);
    CHECK(refreshed == TG_STATUS_OK || refreshed == TG_STATUS_UNSUPPORTED);
    int32_t valid;
    tg_status checked = tg_check_jwt_token(conn, tg_token_value(token), &valid, NULL);
    CHECK(checked == TG_STATUS_OK || checked == TG_STATUS_UNSUPPORTED);
    explicit_bzero(value, sizeof value);
    expect_at_most(1, "outside a call");
    reveal("secret", value);
    CHECK(tg_delete_token(conn, value, tg_token_value(token), 0, NULL) == TG_STATUS_OK);
    /* A refusal whose words hold the credential, which the error must not. */
    CHECK(tg_get_token(conn, value, 600, 0, NULL, &error) != TG_STATUS_OK || error == NULL);
    tg_error_free(error);
    explicit_bzero(value, sizeof value);
    tg_token_free(token);
    CHECK(tg_drop_secret(conn, "memory", NULL, 0, NULL) == TG_STATUS_OK);
}

/* The same while the server fails in one way after the other: what comes of it does not matter here, only
 * that nothing of it stays. */
static void suffer(tg_conn *conn) {
    for (int round = 0; round < 12; round++) {
        char alias[16], value[4097] = "";
        int32_t valid;
        tg_secrets *secrets = NULL;
        tg_token *token = NULL;
        snprintf(alias, sizeof alias, "round%d", round);
        if (tg_create_secret(conn, alias, NULL, NULL, &secrets, NULL) == TG_STATUS_OK) {
            keep(alias, tg_secrets_value(secrets, 0));
            reveal(alias, value);
        }
        tg_secrets_free(secrets);
        tg_get_secrets(conn, NULL, &secrets, NULL);
        tg_secrets_free(secrets);
        tg_get_token(conn, value[0] ? value : NULL, 600, 0, &token, NULL);
        if (token != NULL) keep("a token", tg_token_value(token));
        tg_check_jwt_token(conn, token != NULL ? tg_token_value(token) : "notatokenatall", &valid, NULL);
        tg_delete_token(conn, value[0] ? value : NULL, NULL, 0, NULL);
        tg_token_free(token);
        tg_authorization(conn, &token, NULL);
        /* It is empty where the server said that authentication is off. */
        if (tg_token_value(token)[0] != '\0') keep("a managed token", tg_token_value(token));
        tg_token_free(token);
        tg_drop_secret(conn, alias, NULL, 0, NULL);
        explicit_bzero(value, sizeof value);
    }
}

int main(int argc, char **argv) {
    CHECK(argc > 4);
    for (int i = 4; i < argc; i++) keep_hex(argv[i]);
    tg_conn *conn = getenv("CACHE") != NULL ? NULL : connect_to(argv);
    if (getenv("CACHE") != NULL) share(argv);
    else if (getenv("SUFFER") != NULL) suffer(conn);
    else live(conn);
    tg_conn_free(conn);
    expect_at_most(0, "after the last free");
    /* The search itself finds what is there. */
    char planted[4097] = "";
    reveal("password", planted);
    static size_t hits[FORMS];
    search(hits);
    CHECK(hits[0] >= 1 && planted[0] != '\0');
    return finish();
}
