/* tg-auth: its commands and options, from which its help, its man page, its completions, and the words that it puts
 * in place of the library's are made. */
#include "tg-auth.h"

#include <string.h>

#define OF(command) (1u << (command))
#define TOKENS (OF(TOKEN_GET) | OF(TOKEN_CHECK) | OF(TOKEN_REFRESH) | OF(TOKEN_DELETE))
#define OWN_SECRETS (OF(SECRET_LIST) | OF(SECRET_SHOW) | OF(SECRET_CREATE) | OF(SECRET_DROP))
#define SECRETS (OWN_SECRETS | OF(SECRET_ENSURE) | OF(SECRET_ROTATE))
/* Those that have to do with a server. */
#define CONNECTING (TOKENS | SECRETS | OF(URL) | OF(REQUEST) | OF(SERVER) | OF(DOCTOR))
#define EVERY (CONNECTING | OF(VERSION) | OF(HELP))

const struct command commands[COMMAND_COUNT] = {
    [TOKEN_GET] = {"token", "get", "", 0, 0, "tg_authorization tg_get_token",
        "print a valid token; also written token", token_get},
    [TOKEN_CHECK] = {"token", "check", "", 0, 0, "tg_check_jwt_token tg_check_token",
        "ask the server whether it accepts a token: valid, or invalid and exit code 6 (4.1 and later)", token_check},
    [TOKEN_REFRESH] = {"token", "refresh", "", 0, 0, "tg_refresh_token",
        "extend the lifetime of a token (before 4.1) and print it", token_refresh},
    [TOKEN_DELETE] = {"token", "delete", "", 0, 0, "tg_delete_token", "delete a token", token_delete},
    [SECRET_LIST] = {"secret", "list", "", 0, 0, "tg_get_secrets tg_show_secrets", "list the user's secrets",
        secret_list},
    [SECRET_SHOW] = {"secret", "show", "ALIAS", 1, 1, "tg_get_secret",
        "print one secret; before 4.1 servers show it masked", secret_show},
    [SECRET_CREATE] = {"secret", "create", "[ALIAS]", 0, 1, "tg_create_secret",
        "create a secret and print it; without ALIAS one is generated", secret_create},
    [SECRET_ENSURE] = {"secret", "ensure", "ALIAS", 1, 1, "tg_ensure_secret",
        "print the secret with this alias, created if there is none; before 4.1 one that exists is an error",
        secret_ensure},
    [SECRET_DROP] = {"secret", "drop", "ALIAS...", 1, -1, "tg_drop_secret tg_drop_secrets", "drop secrets",
        secret_drop},
    [SECRET_ROTATE] = {"secret", "rotate", "ALIAS [NEW]", 1, 2, "",
        "replace the secret in the file of --secret-file: create NEW (default: ALIAS with the next number), write it into "
        "the file, and drop ALIAS. After a failure, run the same again",
        secret_rotate},
    [URL] = {"url", "", "", 0, 0, "tg_conn_url tg_token_url",
        "print the address that requests begin with, such as https://db.example.com:14240/restpp; sends nothing", url},
    [REQUEST] = {"request", "", "PATH", 1, 1, "tg_send tg_request_new",
        "send a request with a token and print the answer; PATH follows the address that url prints", request},
    [SERVER] = {"server", "", "", 0, 0, "tg_server_version", "print the version of the server", server},
    [DOCTOR] = {"doctor", "", "", 0, 0, "tg_diagnose",
        "check whether everything works and, if not, say how to fix it", doctor},
    [VERSION] = {"version", "", "", 0, 0, "tg_version tg_version_number", "print the version of tg-auth", version},
    [HELP] = {"help", "", "[COMMAND]", 0, 2, "", "print help, of everything or of a command", help},
};

/* The columns are those of struct option_row. */
const struct option_row options[OPTION_COUNT] = {
    [O_HOST] = {"host", 'H', "URL", "", CONNECTING, "The server", "TG_HOST", "tg_config_new", "host",
        "the server, such as https://db.example.com"},
    [O_GRAPH] = {"graph", 'g', "NAME", "", CONNECTING, NULL, "TG_GRAPHNAME", "tg_config_set_graph", "graph",
        "the graph"},
    [O_PROFILE] = {"profile", 'p', "NAME", "", CONNECTING, NULL, "TG_PROFILE", "tg_config_load_profile", "profile",
        "read NAME_TG_HOST before TG_HOST, and so on"},
    [O_ENV_FILE] = {"env-file", 0, "FILE", "", CONNECTING, NULL, "", "tg_config_load_env_file", "env_file",
        "a .env file with variables that are not set in the environment; -: on standard input"},
    [O_RESTPP_PORT] = {"restpp-port", 0, "PORT", "", CONNECTING, NULL, "TG_RESTPP_PORT", "", "restpp_port",
        "the port of REST++"},
    [O_GSQL_PORT] = {"gsql-port", 0, "PORT", "", CONNECTING, NULL, "TG_GS_PORT", "tg_config_set_ports", "gsql_port",
        "the port of the gateway"},
    [O_CLOUD] = {"cloud", 0, "yes|no", "yes no", CONNECTING, NULL, "TG_TGCLOUD", "tg_config_set_tgcloud", "tgcloud",
        "whether the server is in TigerGraph Cloud; default: by the host name"},
    [O_SERVER_VERSION] = {"server-version", 0, "X.Y", "", CONNECTING, NULL, "TG_SERVER_VERSION",
        "tg_config_set_server_version", "server_version",
        "the server's version, such as 3.10: it is not asked for"},
    [O_ALLOW_HTTP] = {"allow-http", 0, NULL, "", CONNECTING, NULL, "TG_ALLOW_HTTP", "tg_config_set_allow_http",
        "allow_http",
        "allow plain http to other machines: anybody in between can read the credentials"},
    [O_PROXY] = {"proxy", 0, "URL|env", "", CONNECTING, NULL, "TG_PROXY", "tg_config_set_proxy", "proxy",
        "an HTTP proxy, such as http://proxy:3128; env: the one of HTTPS_PROXY, NO_PROXY and so on"},

    [O_CA_FILE] = {"ca-file", 'c', "FILE", "", CONNECTING, "Trust", "TG_CERT_PATH",
        "tg_config_set_ca_file", "ca_file",
        "CA certificates to trust, in PEM; default: the system's"},
    [O_ADD_CA_FILE] = {"add-ca-file", 0, "FILE", "", CONNECTING, NULL, "", "tg_config_add_ca_file", "added_ca_file",
        "CA certificates to trust beside the system's, or beside those of --ca-file"},
    [O_PIN] = {"pin", 0, "SHA256", "", CONNECTING, NULL, "TG_PIN_SHA256", "tg_config_set_pin_sha256", "pin_sha256",
        "accept only this key of the server: SHA-256 of its SubjectPublicKeyInfo, in Base64"},
    [O_CLIENT_CERT] = {"client-cert", 0, "FILE", "", CONNECTING, NULL, "TG_CLIENT_CERT_PATH",
        "tg_config_set_client_cert", "client_cert",
        "the client certificate, in PEM"},
    [O_CLIENT_KEY] = {"client-key", 0, "FILE", "", CONNECTING, NULL, "TG_CLIENT_KEY_PATH", "", "client_key",
        "its private key, in PEM"},
    [O_INSECURE] = {"insecure", 0, NULL, "", CONNECTING, NULL, "", "tg_config_set_insecure_tls", "insecure_tls",
        "accept any certificate: only for tests"},

    [O_SECRET_FILE] = {"secret-file", 0, "FILE", "", CONNECTING, "Login", "TG_SECRET_FILE",
        "tg_config_set_secret tg_config_set_secret_file", "secret secret_file",
        "log in with the secret in this file; -: on standard input. With secret rotate and another login, only the "
        "file to be replaced"},
    [O_USERNAME] = {"username", 0, "NAME", "", CONNECTING, NULL, "TG_USERNAME", "", "username",
        "log in as this user, with --password-file"},
    [O_PASSWORD_FILE] = {"password-file", 0, "FILE", "", CONNECTING, NULL, "TG_PASSWORD_FILE",
        "tg_config_set_password tg_config_set_password_file", "password password_file",
        "the password is in this file; -: on standard input"},
    [O_JWT_FILE] = {"jwt-file", 0, "FILE", "", CONNECTING, NULL, "TG_JWT_FILE",
        "tg_config_set_jwt tg_config_set_jwt_file", "jwt jwt_file",
        "log in with the JWT in this file; -: on standard input"},
    [O_OAUTH2_URL] = {"oauth2-url", 0, "URL", "", CONNECTING, NULL, "TG_OAUTH2_URL", "tg_config_set_oauth2",
        "oauth2_url",
        "get tokens from the token endpoint of an authorization server (OAuth2 client credentials)"},
    [O_OAUTH2_CLIENT_ID] = {"oauth2-client-id", 0, "ID", "", CONNECTING, NULL, "TG_OAUTH2_CLIENT_ID", "",
        "oauth2_client_id",
        "the client's id there"},
    [O_OAUTH2_CLIENT_SECRET_FILE] = {"oauth2-client-secret-file", 0, "FILE", "", CONNECTING, NULL,
        "TG_OAUTH2_CLIENT_SECRET_FILE", "tg_config_set_oauth2_secret_file",
        "oauth2_client_secret oauth2_client_secret_file",
        "the client's secret is in this file; -: on standard input"},
    [O_OAUTH2_SCOPE] = {"oauth2-scope", 0, "SCOPE", "", CONNECTING, NULL, "TG_OAUTH2_SCOPE",
        "tg_config_set_oauth2_parameter", "oauth2_scope oauth2_parameter",
        "what the token is for; several scopes are separated by spaces"},
    [O_CACHE] = {"cache", 0, "DIR|user|none", "", CONNECTING, NULL, "TG_TOKEN_CACHE", "tg_config_set_token_cache",
        "token_cache",
        "share tokens with other processes in this folder; user: in the user's cache folder"},

    [O_TIMEOUT] = {"timeout", 't', "SEC", "", CONNECTING, "The call", "",
        "tg_config_set_timeouts tg_conn_set_timeout", "total_ms",
        "time limit for a whole call, such as 2.5; default: 30"},
    [O_CONNECT_TIMEOUT] = {"connect-timeout", 0, "SEC", "", CONNECTING, NULL, "", "", "connect_ms",
        "time limit for one attempt to connect; default: 5"},
    [O_USER_AGENT] = {"user-agent", 0, "TEXT", "", CONNECTING, NULL, "", "tg_config_set_user_agent", "user_agent",
        "the User-Agent header; default: tigergraph-auth/ and the version"},
    [O_VERBOSE] = {"verbose", 'v', NULL, "", CONNECTING, NULL, "", "tg_config_set_log", "",
        "log every request to standard error"},

    [O_LIFETIME] = {"lifetime", 'l', "SEC", "", OF(TOKEN_GET) | OF(TOKEN_REFRESH), "What to do", "",
        "tg_config_set_token_lifetime",
        "lifetime_s", "lifetime of the token, in whole seconds; default: the server's"},
    [O_GLOBAL] = {"global", 0, NULL, "", OF(TOKEN_GET), NULL, "", "TG_TOKEN_GLOBAL", "", "a new token, for all graphs"},
    [O_HEADER] = {"header", 0, NULL, "", OF(TOKEN_GET) | OF(TOKEN_REFRESH), NULL, "", "tg_token_header", "",
        "print the token as \"Authorization: Bearer ...\"; where authentication is off, \"X-Tg-Auth: off\""},
    [O_TOKEN_FILE] = {"token-file", 0, "FILE", "", OF(TOKEN_CHECK) | OF(TOKEN_REFRESH) | OF(TOKEN_DELETE), NULL, "",
        "", "",
        "the token in this file; -: on standard input; default: the token in use, that of TG_API_TOKEN or of the cache"},
    [O_OR_NEW] = {"or-new", 0, NULL, "", OF(TOKEN_REFRESH), NULL, "", "TG_TOKEN_OR_NEW", "",
        "where servers cannot refresh (4.1 and later), a new token"},
    [O_USER] = {"user", 'u', "NAME", "", OWN_SECRETS, NULL, "", "", "",
        "secrets of another user (4.1 and later, superusers only)"},
    [O_IGNORE_MISSING] = {"ignore-missing", 0, NULL, "", OF(TOKEN_DELETE) | OF(SECRET_DROP), NULL, "",
        "TG_IGNORE_MISSING", "",
        "it is no error if something does not exist"},
    [O_GRACE] = {"grace", 0, "SEC", "", OF(SECRET_ROTATE), NULL, "", "", "",
        "wait so long before the old secret is dropped, for programs that have just read it; default: 30"},
    [O_GATEWAY] = {"gateway", 0, NULL, "", OF(URL) | OF(REQUEST), NULL, "", "", "",
        "of the gateway, with GSQL and the other servers behind it, and not of REST++"},
    [O_METHOD] = {"method", 'X', "METHOD", "", OF(REQUEST), NULL, "", "", "",
        "the method; default: GET, or POST with a body"},
    [O_ADD_HEADER] = {"add-header", 'H', "HEADER", "", OF(REQUEST), NULL, "", "tg_request_set_header", "",
        "a header, such as 'GSQL-TIMEOUT: 60000'; may be given several times. Behind the word request -H is this one"},
    [O_DATA] = {"data", 'd', "BODY|@FILE", "", OF(REQUEST), NULL, "", "tg_request_set_body", "",
        "the body, or the file that has it; @-: standard input. JSON unless there is a header Content-Type"},
    [O_MAX_SIZE] = {"max-size", 0, "BYTES", "", OF(REQUEST), NULL, "", "tg_request_set_response_limit", "",
        "the longest answer to accept; default: 67108864"},
    [O_OFFLINE] = {"offline", 0, NULL, "", OF(DOCTOR), NULL, "", "TG_REPORT_OFFLINE", "", "send nothing"},
    [O_WAIT] = {"wait", 0, "SEC", "", OF(DOCTOR), NULL, "", "", "",
        "wait so long for a server that is starting or busy"},
    [O_CONTRACT] = {"contract", 0, NULL, "", OF(DOCTOR), NULL, "", "", "",
        "ask the server what no document says of it, and print a report to send back: no credential, no host name is in it. "
        "It begins with the list of the requests; with --offline it is that list alone"},
    [O_CREATE] = {"create", 0, NULL, "", OF(DOCTOR), NULL, "", "", "",
        "with --contract: also ask what needs a secret of its own, which is created and dropped"},

    [O_JSON] = {"json", 'j', NULL, "", CONNECTING | OF(VERSION), "Output", "", "tg_report_json", "", "print JSON"},
    [O_MAN] = {"man", 0, NULL, "", OF(HELP), NULL, "", "", "", "print the man page"},
    [O_COMPLETION] = {"completion", 0, "SHELL", "bash zsh fish", OF(HELP), NULL, "", "", "",
        "print the completions for bash, zsh or fish"},
    [O_HELP] = {"help", 'h', NULL, "", EVERY, NULL, "", "", "", "print this, or what belongs to the command"},
    [O_VERSION] = {"version", 'V', NULL, "", EVERY, NULL, "", "", "", "print the version"},
};

const struct exit_code exit_codes[] = {
    {0, "success"}, {1, "wrong argument or setting"}, {2, "no connection"}, {3, "timeout"}, {4, "TLS"},
    {5, "not a TigerGraph server"}, {6, "credentials refused, token not valid"}, {7, "not allowed"}, {8, "not found"},
    {9, "already exists"}, {10, "not supported by this version"}, {11, "authentication is off"}, {12, "try again later"},
    {13, "server error"}, {14, "result unknown"}, {15, "no credentials"}, {16, "bug in the library"}, {17, "cancelled"},
    {USAGE, "wrong command line"}, {UNREADABLE, "standard input, or a file of --token-file or --data, cannot be read"},
    {UNWRITTEN, "standard output cannot be written"},
};
const size_t exit_code_count = sizeof exit_codes / sizeof *exit_codes;

const char *const about_credentials[] = {
    "Credentials are never arguments, because every user of the machine can read those. They come from the environment: "
    "TG_SECRET, or TG_USERNAME and TG_PASSWORD, or TG_JWT_TOKEN, or TG_API_TOKEN, or TG_OAUTH2_CLIENT_SECRET; or from "
    "files, which nobody else may read; or, with - as the file, as the first line of standard input. On a terminal it is not shown.",
    "An option that is given here comes before its variable, which stands behind it in brackets. If one of the options "
    "for the login is given, no other part of the login is taken from the environment. The same option with two values is an "
    "error.",
    NULL,
};

const char *const examples[][2] = {
    {"tg-auth request /query/MyGraph/my_query?vertex=5", "Runs a query with a token."},
    {"curl -H \"$(tg-auth token --header)\" \"$(tg-auth url)/echo\"", "The same token and address for another program."},
    {"pass show db | tg-auth --username alice --password-file - secret create reporting", "A password from a password manager."},
    {"tg-auth --profile staging doctor --wait 300", "Waits up to five minutes for a server that is starting."},
    {NULL, NULL},
};

char letter_beside(enum option_id option, enum command_id command) {
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (i > (int)option && options[i].letter == options[option].letter && belongs_to(i, command)) return 0;
    }
    return options[option].letter;
}

int belongs_to(enum option_id option, enum command_id command) { return (options[option].commands & OF(command)) != 0; }

/* The cache stands last in its section, and is no part of a login. */
int is_for_login(enum option_id option) { return option >= O_SECRET_FILE && option < O_CACHE; }

/* Whether a list, whose words are separated by spaces, has this word. */
int is_in_list(const char *list, const char *word, size_t length) {
    while (*list) {
        size_t end = strcspn(list, " ");
        if (end == length && memcmp(list, word, length) == 0) return 1;
        list += end + (list[end] == ' ');
    }
    return 0;
}

/* Whether a first word is followed by a second one. */
int has_verb(const char *word) { return strcmp(word, "token") == 0 || strcmp(word, "secret") == 0; }

const char *command_name(enum command_id command) {
    static char name[32];
    const struct command *row = &commands[command];
    snprintf(name, sizeof name, "%s%s%s", row->group, *row->verb ? " " : "", row->verb);
    return name;
}
