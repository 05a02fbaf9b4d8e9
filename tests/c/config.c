/* Chapter configuration: every setting is judged by tg_conn_new and named by it, never shown. */
#include "check.h"
#include "posix.h"

static void fails(tg_config *config, const char *reason, const char *name) {
    tg_conn *conn = (tg_conn *)1;
    tg_error *error = NULL;
    CHECK(tg_conn_new(config, &conn, &error) != TG_STATUS_OK);
    CHECK(conn == NULL);
    CHECK_TEXT(tg_error_reason(error), reason);
    CHECK(strstr(tg_error_message(error), name) != NULL);
    CHECK(strstr(tg_error_message(error), "canary") == NULL && strstr(tg_error_hint(error), "canary") == NULL);
    tg_error_free(error);
    tg_config_free(config);
}

static tg_config *good(void) { return tg_config_new("https://127.0.0.1:1"); }

#define BAD(setter, reason, name)     \
    do {                              \
        tg_config *config = good();   \
        setter;                       \
        fails(config, reason, name);  \
    } while (0)

/* Settings from variables: "NAME=value", or "NAME" to take one away. */
static tg_config *from_environment(tg_config *config, const char *const *variables) {
    for (const char *const *at = variables; *at; at++) {
        char name[64];
        size_t length = strcspn(*at, "=");
        snprintf(name, sizeof name, "%.*s", (int)length, *at);
        if ((*at)[length]) setenv(name, *at + length + 1, 1);
        else unsetenv(name);
    }
    tg_config_load_env(config);
    return config;
}

#define FROM(config, ...) from_environment(config, (const char *const[]){__VA_ARGS__, NULL})

static void environment(void) {
    tg_conn *conn = NULL;
    tg_token *token = NULL;
    setenv("TG_SECRET", "canarycanary", 1);
    fails(FROM(tg_config_new(NULL), "TG_HOST=ftp://canary"), "argument.url", "TG_HOST");
    fails(FROM(good(), "TG_RESTPP_PORT=canary"), "argument.range", "TG_RESTPP_PORT");
    fails(FROM(good(), "TG_RESTPP_PORT", "TG_PROFILE=none"), "config.profile", "TG_PROFILE");
    fails(FROM(good(), "TG_PROFILE", "TG_JWT_TOKEN=canarycanary"), "config.conflict", "TG_JWT_TOKEN");
    fails(FROM(good(), "TG_JWT_TOKEN", "TG_TOKEN_CACHE=/no/such/folder"), "config.file", "TG_TOKEN_CACHE");
    /* What the program set stays, and its login keeps the environment's away. */
    tg_config *config = tg_config_new("http://127.0.0.1:1");
    tg_config_set_api_token(config, "abcdefgh");
    FROM(config, "TG_TOKEN_CACHE", "TG_GRAPHNAME=a b", "TG_GRAPHNAME", "TG_HOST=ftp://canary");
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    CHECK(tg_current_token(conn, &token, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_token_value(token), "abcdefgh");
    tg_token_free(token);
    tg_conn_free(conn);
    tg_config_free(config);
    /* A profile before everybody's. */
    config = FROM(tg_config_new(NULL), "TG_PROFILE=lab", "LAB_TG_HOST=http://127.0.0.1:1", "LAB_TG_TOKEN=ofthelab");
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    CHECK(tg_current_token(conn, &token, NULL) == TG_STATUS_OK);
    CHECK_TEXT(tg_token_value(token), "ofthelab");
    tg_token_free(token);
    tg_conn_free(conn);
    tg_config_free(config);
    /* By its name, whatever TG_PROFILE says. */
    config = tg_config_new(NULL);
    tg_config_load_profile(config, "nobody");
    fails(config, "config.profile", "NOBODY_TG_HOST");
    config = tg_config_new("http://127.0.0.1:1");
    tg_config_load_env_file(config, "/nowhere/.env");
    fails(config, "config.file", "/nowhere/.env");
    tg_config_load_env(NULL);
    tg_config_load_profile(NULL, "lab");
    tg_config_load_env_file(NULL, NULL);
}

/* Each file is a login, and each can be taken back; taking one password back leaves the other. */
static void files(const char *path) {
    tg_config *config = good();
    tg_conn *conn = NULL;
    for (int round = 0; round < 5; round++) {
        tg_config_set_secret_file(config, round == 0 ? path : NULL);
        tg_config_set_jwt_file(config, round == 1 ? path : NULL);
        tg_config_set_password_file(config, round == 2 ? "u" : NULL, round == 2 ? path : NULL);
        if (round == 2) tg_config_set_password(config, NULL, NULL);
        if (round == 3) {
            tg_config_set_password(config, "u", "p");
            tg_config_set_password_file(config, NULL, NULL);
        }
        if (round == 4) tg_config_set_password(config, NULL, NULL);
        tg_status status = tg_conn_new(config, &conn, NULL);
        CHECK(status == TG_STATUS_OK);
        tg_report *report = NULL;
        CHECK(tg_diagnose(conn, TG_REPORT_OFFLINE, &report, NULL) == TG_STATUS_OK);
        int is_told = strstr(tg_report_json(report), path) != NULL;
        CHECK(is_told == (round < 3));
        tg_report_free(report);
        tg_conn_free(conn);
        /* A second setter of a file replaces the first, and a credential in its place takes over. */
        if (round == 0) {
            tg_config_set_secret_file(config, "/no/such/file");
            CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_INVALID_ARGUMENT);
        }
    }
    tg_config_free(config);
}

/* A login by OAuth2 can be taken back whole or in parts, and no value of a parameter is shown. */
static void oauth2(const char *path) {
    tg_config *config = good();
    for (int round = 0; round < 3; round++) {
        const char *secret = round == 0 ? "canary" : NULL, *file = round == 1 ? path : NULL;
        tg_config_set_oauth2(config, round < 2 ? "https://h/t?key=canary" : NULL, round < 2 ? "me" : NULL, secret);
        tg_config_set_oauth2_secret_file(config, file);
        tg_config_set_oauth2_parameter(config, "audience", round < 2 ? "canary" : NULL);
        tg_config_set_oauth2_parameter(config, round < 2 ? "scope" : NULL, "canary");
        tg_conn *conn = NULL;
        tg_report *report = NULL;
        CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
        CHECK(tg_diagnose(conn, TG_REPORT_OFFLINE, &report, NULL) == TG_STATUS_OK);
        CHECK((strstr(tg_report_json(report), "\"https://h/t\"") != NULL) == (round < 2));
        CHECK((strstr(tg_report_text(report), "token_endpoint") != NULL) == (round < 2));
        CHECK((strstr(tg_report_json(report), "audience, scope") != NULL) == (round < 2));
        CHECK(strstr(tg_report_json(report), "canary") == NULL && strstr(tg_report_text(report), "canary") == NULL);
        tg_report_free(report);
        tg_conn_free(conn);
    }
    tg_config_free(config);
    tg_config_set_oauth2(NULL, "https://h/t", "me", "s");
    tg_config_set_oauth2_secret_file(NULL, path);
    tg_config_set_oauth2_parameter(NULL, "scope", "s");
}

int main(int argc, char **argv) {
    CHECK(argc > 2); /* a CA file and a file with a credential, which are good */
    fails(tg_config_new(NULL), "argument.null", "host");
    fails(tg_config_new("http://user:canary@h"), "argument.url", "host");
    fails(tg_config_new("http://db.example.com"), "config.plain_http", "db.example.com");
    fails(tg_config_new("https://a,http://b"), "argument.url", "\"host\"");
    fails(tg_config_new("https://a,,https://b"), "argument.url", "\"host\"");
    fails(tg_config_new("https://a,https://user:canary@b"), "argument.url", "\"host\"");
    fails(tg_config_new("h1,h2,h3,h4,h5,h6,h7,h8,h9"), "argument.url", "\"host\"");
    fails(FROM(tg_config_new(NULL), "TG_HOST=https://a;https://canary"), "argument.url", "TG_HOST");
    BAD(tg_config_set_graph(config, "a;b"), "argument.graph", "graph");
    BAD(tg_config_set_password(config, NULL, "canary"), "argument.null", "username");
    BAD(tg_config_set_password(config, "u", NULL), "argument.null", "password");
    BAD(tg_config_set_password(config, "u", "canary\n"), "argument.control_character", "password");
    BAD(tg_config_set_password(config, "u", "canary\xff"), "argument.utf8", "password");
    BAD(tg_config_set_secret(config, "canary\r"), "argument.control_character", "secret");
    BAD(tg_config_set_secret(config, "can****ary"), "credentials.masked_secret", "secret");
    BAD(tg_config_set_api_token(config, "canary,b"), "argument.range", "api_token");
    BAD(tg_config_set_jwt(config, "canary b"), "argument.range", "jwt");
    BAD((tg_config_set_secret(config, "canary"), tg_config_set_jwt(config, "canarycanary")), "config.conflict", "jwt");
    BAD(tg_config_set_secret_file(config, "/no/such/file"), "config.file", "\"secret_file\"");
    BAD(tg_config_set_secret_file(config, "canary\xff"), "argument.utf8", "\"secret_file\"");
    BAD(tg_config_set_jwt_file(config, "/no/such/file"), "config.file", "\"jwt_file\"");
    BAD(tg_config_set_password_file(config, "u", "/no/such/file"), "config.file", "\"password_file\"");
    BAD(tg_config_set_password_file(config, "u:v", argv[2]), "argument.range", "\"username\"");
    BAD(tg_config_set_password_file(config, NULL, argv[2]), "argument.null", "\"username\"");
    BAD(tg_config_set_password_file(config, "u", NULL), "argument.null", "\"password\"");
    /* A credential and its file are two logins, and so are any two of the files. */
    BAD((tg_config_set_secret(config, "canary"), tg_config_set_secret_file(config, argv[2])), "config.conflict",
        "\"secret_file\"");
    BAD((tg_config_set_jwt(config, "canary"), tg_config_set_jwt_file(config, argv[2])), "config.conflict",
        "\"jwt_file\"");
    BAD((tg_config_set_password(config, "u", "canary"), tg_config_set_password_file(config, "u", argv[2])),
        "config.conflict", "\"password_file\"");
    BAD((tg_config_set_password_file(config, "u", argv[2]), tg_config_set_password(config, "v", "canary")),
        "config.conflict", "\"password_file\"");
    BAD((tg_config_set_secret_file(config, argv[2]), tg_config_set_jwt_file(config, argv[2])), "config.conflict",
        "\"jwt_file\"");
    BAD((tg_config_set_secret(config, "canary"), tg_config_set_password_file(config, "u", argv[2])),
        "config.conflict", "\"username\"");
    BAD(tg_config_set_oauth2(config, "https://h/t", NULL, "canary"), "argument.null", "\"oauth2_client_id\"");
    BAD(tg_config_set_oauth2(config, NULL, "c", "canary"), "argument.null", "\"oauth2_url\"");
    BAD(tg_config_set_oauth2(config, "https://h/t", "c", NULL), "config.conflict", "\"oauth2_client_id\"");
    BAD(tg_config_set_oauth2(config, "https://h/t#canary", "c", "canary"), "argument.url", "\"oauth2_url\"");
    BAD(tg_config_set_oauth2(config, "http://h/t", "c", "canary"), "config.plain_http", "\"oauth2_url\"");
    BAD((tg_config_set_allow_http(config, 1), tg_config_set_oauth2(config, "http://h/t", "c", "canary")),
        "config.plain_http", "\"oauth2_url\"");
    BAD((tg_config_set_oauth2(config, "https://h/t", "c", "canary"), tg_config_set_secret(config, "canary")),
        "config.conflict", "\"oauth2_url\"");
    BAD((tg_config_set_oauth2(config, "https://h/t", "c", "canary"), tg_config_set_oauth2_secret_file(config, argv[2])),
        "config.conflict", "\"oauth2_client_secret_file\"");
    BAD((tg_config_set_oauth2(config, "https://h/t", "c", NULL), tg_config_set_oauth2_secret_file(config, "/no/file")),
        "config.file", "\"oauth2_client_secret_file\"");
    BAD((tg_config_set_oauth2(config, "https://h/t", "c", "canary"),
         tg_config_set_oauth2_parameter(config, "grant_type", "canary")),
        "config.conflict", "grant_type");
    BAD(tg_config_set_oauth2_parameter(config, "scope", "canary"), "argument.null", "\"oauth2_parameter\"");
    BAD((tg_config_set_oauth2(config, "https://h/t", "c", "canary"),
         tg_config_set_oauth2_parameter(config, "client_auth", "canary")),
        "argument.range", "client_auth");
    BAD((tg_config_set_oauth2(config, "https://h/t", "c", "canary"),
         tg_config_set_oauth2_parameter(config, "canary\xff", "x")),
        "argument.utf8", "\"oauth2_parameter\"");
    BAD(tg_config_set_tgcloud(config, 2), "argument.range", "tgcloud");
    BAD(tg_config_set_server_version(config, "four"), "argument.range", "server_version");
    BAD(tg_config_set_ca_file(config, "/no/such/file"), "config.file", "ca_file");
    BAD(tg_config_set_ca_file(config, "/dev/null"), "config.file", "ca_file");
    BAD(tg_config_set_ca_pem(config, "garbage"), "config.file", "ca_pem");
    BAD(tg_config_set_client_cert(config, argv[1], NULL), "argument.null", "client_cert");
    BAD(tg_config_set_client_cert(config, argv[1], argv[1]), "config.file", "client_key");
    BAD(tg_config_set_pin_sha256(config, "short"), "argument.range", "pin_sha256");
    BAD(tg_config_set_proxy(config, "socks5://h"), "argument.url", "proxy");
    BAD(tg_config_set_user_agent(config, "a\nb"), "argument.control_character", "user_agent");
    BAD(tg_config_set_token_lifetime(config, -1, 0), "argument.range", "token lifetime");
    BAD(tg_config_set_token_lifetime(config, 0, -1), "argument.range", "renew before");
    BAD(tg_config_set_token_cache(config, "/no/such/folder"), "config.file", "\"token_cache\"");
    BAD(tg_config_set_token_cache(config, argv[1]), "config.file", "\"token_cache\"");
    BAD(tg_config_set_token_cache(config, ""), "config.file", "\"token_cache\"");
    BAD(tg_config_set_token_cache(config, "canary\xff"), "argument.utf8", "\"token_cache\"");
    BAD((tg_config_set_jwt(config, "canarycanary"), tg_config_set_token_cache(config, "/no/such/folder")),
        "config.conflict", "\"token_cache\" and \"jwt\"");
    BAD((tg_config_set_jwt_file(config, argv[2]), tg_config_set_token_cache(config, "user")), "config.conflict",
        "\"token_cache\" and \"jwt_file\"");
    BAD((tg_config_set_secret(config, "canary"), tg_config_set_api_token(config, "canarycanary"),
         tg_config_set_token_cache(config, "/no/such/folder")),
        "config.conflict", "\"token_cache\" and \"api_token\"");

    /* All of them good, then taken back; a NULL config is ignored. */
    tg_config *config = good();
    for (int round = 0; round < 2; round++) {
        tg_config_set_graph(config, round ? NULL : "g");
        tg_config_set_password(config, round ? NULL : "u", round ? NULL : "p");
        tg_config_set_api_token(config, round ? NULL : "abcdefgh");
        tg_config_set_ports(config, 0, 0);
        tg_config_set_tgcloud(config, round - 1);
        tg_config_set_server_version(config, round ? NULL : "4.1.2");
        tg_config_set_ca_file(config, argv[1]);
        tg_config_set_insecure_tls(config, 0);
        tg_config_set_allow_http(config, 1);
        tg_config_set_timeouts(config, 100, 200);
        tg_config_set_proxy(config, round ? NULL : "http://127.0.0.1:3128");
        tg_config_set_user_agent(config, round ? NULL : "me/1.0");
        tg_config_set_token_provider(round ? config : NULL, NULL, NULL, NULL);
        tg_config_set_token_lifetime(config, 3600, 60);
        tg_config_set_token_cache(config, round ? NULL : "none");
        tg_conn *conn = NULL;
        CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
        tg_conn_free(conn);
    }
    tg_config_free(config);
    tg_config_set_graph(NULL, "g");
    tg_config_set_token_cache(NULL, "/no/such/folder");
    tg_config_set_secret(NULL, "s");
    tg_config_set_secret_file(NULL, argv[2]);
    tg_config_set_jwt_file(NULL, argv[2]);
    tg_config_set_password_file(NULL, "u", argv[2]);
    tg_config_free(NULL);
    files(argv[2]);
    oauth2(argv[2]);
    environment();
    return finish();
}
