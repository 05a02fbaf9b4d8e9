/* No credential stays in memory: walks the life of credentials, frees everything, and looks through all
 * memory of this process for them.
 *
 *     memory URL CA-FILE USER NAME=HEX...     CA-FILE "-": plain http
 *                                             HEX: a credential in one of its forms, each byte xor 0x5a
 *
 * With SUFFER in the environment the server may fail as it likes; with CACHE the token is shared by this folder. LOGIN
 * says what the first credential is, if it is no password: "secret"; "oauth2", a client's secret, "oauth2_file", the same in
 * the file CREDENTIAL_FILE, and "assertion", all three for the client USER of TOKEN_URL; "provider", a token.
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

static void wait_for_provider(void);

static int is_at_most(size_t most, const size_t hits[FORMS]) {
    for (size_t i = 0; i < form_count; i++)
        if (hits[i] > most) return 0;
    return 1;
}

/* What does not go away. The thread of a renewal may still be busy with its end when everybody has the token. */
static void expect_at_most(size_t most, const char *when) {
    static size_t hits[FORMS];
    wait_for_provider();
    search(hits);
    for (int waited = 0; waited < 10 && !is_at_most(most, hits); waited++) {
        usleep(50000);
        search(hits);
    }
    for (size_t i = 0; i < form_count; i++)
        if (hits[i] > most) printf("%s: %s stands in memory %d times\n", when, forms[i].name, (int)hits[i]);
    CHECK(is_at_most(most, hits));
}

/* How the program logs in; "password" if nobody says so. */
static const char *login(void) {
    return getenv("LOGIN") != NULL ? getenv("LOGIN") : "password";
}

static int is_login(const char *name) {
    return strcmp(login(), name) == 0;
}

/* Providers that have not returned, and may have the token on their stack. */
static int providing;

static void wait_for_provider(void) {
    while (__atomic_load_n(&providing, __ATOMIC_SEQ_CST) > 0) usleep(1000);
}

/* Brings the first credential as a token, once in three times; else it talks of it, or brings it too late. */
static void provide(tg_provider_request *request, void *user_data) {
    static unsigned asked;
    __atomic_add_fetch(&providing, 1, __ATOMIC_SEQ_CST);
    char token[4097] = "", words[4200];
    (void)user_data;
    reveal("password", token);
    snprintf(words, sizeof words, "no, not %s", token);
    switch (getenv("SUFFER") == NULL ? 0 : asked++ % 3) {
    case 1:
        tg_provider_request_fail(request, TG_STATUS_UNAVAILABLE, words, 0, NULL);
        break;
    case 2:
        while (!tg_provider_request_is_cancelled(request)) usleep(1000);
        /* fallthrough */
    default:
        tg_provider_request_set_token(request, token, 0, NULL);
        tg_provider_request_set_token(request, token, 0, NULL);
        tg_provider_request_fail(request, TG_STATUS_UNAVAILABLE, words, 0, NULL);
    }
    explicit_bzero(token, sizeof token);
    explicit_bzero(words, sizeof words);
    __atomic_sub_fetch(&providing, 1, __ATOMIC_SEQ_CST);
}

static void set_login(tg_config *config, const char *user, const char *credential) {
    const char *token_url = getenv("TOKEN_URL");
    if (is_login("password")) tg_config_set_password(config, user, credential);
    else if (is_login("secret")) tg_config_set_secret(config, credential);
    else if (is_login("provider")) tg_config_set_token_provider(config, provide, NULL, NULL);
    else tg_config_set_oauth2(config, token_url, user, is_login("oauth2") ? credential : NULL);
    if (is_login("oauth2_file")) tg_config_set_oauth2_secret_file(config, getenv("CREDENTIAL_FILE"));
    if (is_login("assertion")) tg_config_set_oauth2_parameter(config, "client_assertion", credential);
}

static tg_conn *connect_to(char **argv) {
    char credential[4097] = "";
    tg_config *config = tg_config_new(argv[1]);
    if (strcmp(argv[2], "-") != 0) tg_config_set_ca_file(config, argv[2]);
    tg_config_set_graph(config, "MyGraph");
    reveal("password", credential);
    set_login(config, argv[3], credential);
    explicit_bzero(credential, sizeof credential);
    tg_config_set_token_cache(config, getenv("CACHE"));
    /* A provider that waits for the end of its time. */
    if (is_login("provider")) tg_config_set_timeouts(config, 200, 200);
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

/* The life of a login whose tokens come from elsewhere. */
static void live_elsewhere(tg_conn *conn) {
    int suffers = getenv("SUFFER") != NULL, rounds = suffers ? 12 : 4;
    for (int round = 0; round < rounds; round++) {
        tg_token *token = NULL, *own = NULL;
        tg_secrets *secrets = NULL;
        tg_response *response = NULL;
        tg_request *request = tg_request_new("GET", TG_SERVER_RESTPP, "/version");
        tg_status status = tg_authorization(conn, &token, NULL);
        CHECK(suffers || status == TG_STATUS_OK);
        if (token != NULL && !is_login("provider")) keep("a managed token", tg_token_value(token));
        status = tg_get_token(conn, NULL, 0, TG_TOKEN_KEEP_CURRENT, &own, NULL);
        CHECK(suffers || status == TG_STATUS_OK);
        if (own != NULL && !is_login("provider")) keep("a token", tg_token_value(own));
        status = tg_get_secrets(conn, NULL, &secrets, NULL);
        CHECK(suffers || status == TG_STATUS_OK);
        status = tg_send(conn, request, &response, NULL);
        CHECK(suffers || status == TG_STATUS_OK);
        tg_token_free(own);
        /* The connection's token and its caller's are one and the same. */
        if (round == rounds - 1) expect_at_most(1, "outside a call");
        if (token != NULL && (suffers || round == 0)) tg_reject_token(conn, token);
        tg_request_free(request);
        tg_response_free(response);
        tg_secrets_free(secrets);
        tg_token_free(token);
    }
}

int main(int argc, char **argv) {
    CHECK(argc > 4);
    for (int i = 4; i < argc; i++) keep_hex(argv[i]);
    tg_conn *conn = getenv("CACHE") != NULL ? NULL : connect_to(argv);
    if (getenv("CACHE") != NULL) share(argv);
    else if (!is_login("password")) live_elsewhere(conn);
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
