/* tg-auth: tokens and secrets of TigerGraph from the command line, and a diagnosis of what does not work.
 *
 * Credentials come from the environment (TG_SECRET and so on) and never from an argument, because every user
 * of the machine can read those. The exit code is the tg_status of the call, 64 if the command line was wrong. */
#define _GNU_SOURCE 1 /* getopt_long, setenv, isatty */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tigergraph_auth.h>

#define USAGE 64

static const char help[] =
    "Usage: tg-auth [OPTION]... COMMAND\n"
    "Tokens and secrets of TigerGraph 2.x to 4.x.\n"
    "\n"
    "Commands:\n"
    "  token                 print a valid token\n"
    "  secret list           list the user's secrets\n"
    "  secret create [ALIAS] create a secret and print it; without ALIAS one is generated\n"
    "  secret drop ALIAS...  drop secrets\n"
    "  server                print the version of the server\n"
    "  doctor                check whether everything works and, if not, say how to fix it\n"
    "\n"
    "Options:\n"
    "  -H, --host URL        the server, such as https://db.example.com (default: TG_HOST)\n"
    "  -g, --graph NAME      the graph (default: TG_GRAPHNAME)\n"
    "  -p, --profile NAME    read NAME_TG_HOST before TG_HOST, and so on (default: TG_PROFILE)\n"
    "  -c, --ca-file FILE    CA certificates to trust, in PEM (default: TG_CERT_PATH, or the system's)\n"
    "  -l, --lifetime SEC    lifetime of the token, in seconds\n"
    "  -t, --timeout SEC     time limit for a whole call, in seconds (default: 30)\n"
    "  -u, --user NAME       secrets of another user (4.1 and later, superusers only)\n"
    "      --header          token: print it as \"Authorization: Bearer ...\"\n"
    "      --ignore-missing  secret drop: ignore secrets that do not exist\n"
    "      --offline         doctor: send nothing\n"
    "      --wait SEC        doctor: wait up to SEC seconds for a server that is starting or busy\n"
    "  -j, --json            print JSON\n"
    "  -v, --verbose         log every request to standard error\n"
    "  -h, --help            print this\n"
    "  -V, --version         print the version\n"
    "\n"
    "Credentials are read from the environment: TG_SECRET, or TG_USERNAME and TG_PASSWORD, or TG_JWT_TOKEN,\n"
    "or TG_API_TOKEN; or from the files that TG_SECRET_FILE, TG_PASSWORD_FILE or TG_JWT_FILE name.\n"
    "\n"
    "The exit code is 0 for success, or the kind of failure: 1 wrong argument or setting, 2 no connection,\n"
    "3 timeout, 4 TLS, 5 not a TigerGraph server, 6 credentials refused, 7 not allowed, 8 not found,\n"
    "9 already exists, 10 not supported by this version, 11 authentication is off, 12 try again later,\n"
    "13 server error, 14 result unknown, 15 no credentials, 16 bug in the library, 17 cancelled,\n"
    "64 wrong command line.\n"
    "\n"
    "Examples:\n"
    "  curl -H \"$(tg-auth token --header)\" https://db.example.com:14240/restpp/echo\n"
    "  tg-auth --profile staging doctor --wait 300\n";

struct options {
    const char *host, *graph, *ca_file, *user;
    int64_t lifetime_s;
    uint32_t timeout_ms;
    long wait_s;
    int header, ignore_missing, offline, json, verbose;
};

/* --- Printing --------------------------------------------------------------------------------------- */

static void print_json_text(const char *text) {
    putchar('"');
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '"' || *at == '\\') printf("\\%c", *at);
        else if (*at < 0x20) printf("\\u%04x", *at);
        else putchar(*at);
    }
    putchar('"');
}

static void print_json_member(const char *name, const char *text) {
    print_json_text(name);
    putchar(':');
    print_json_text(text);
}

/* Colours only on a terminal, and not if NO_COLOR is set. */
static int is_colourful(FILE *stream) {
    const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    return isatty(fileno(stream)) && term && strcmp(term, "dumb") != 0 && !(no_colour && *no_colour);
}

static void log_line(int32_t level, const char *message, void *unused) {
    static const char *const names[] = {"", "error", "warning", "info", "debug"};
    (void)unused;
    fprintf(stderr, "tg-auth: %s: %s\n", level >= 1 && level <= 4 ? names[level] : "log", message);
}

/* Says what went wrong and what to do; gives the exit code. */
static int failed(tg_error *error, const struct options *options) {
    int status = tg_error_status(error);
    if (options->json) {
        printf("{\"error\":{");
        print_json_member("status", tg_status_name(status));
        putchar(',');
        print_json_member("reason", tg_error_reason(error));
        putchar(',');
        print_json_member("message", tg_error_message(error));
        putchar(',');
        print_json_member("hint", tg_error_hint(error));
        printf("}}\n");
    } else {
        const char *red = is_colourful(stderr) ? "\033[31m" : "", *plain = *red ? "\033[0m" : "";
        fprintf(stderr, "tg-auth: %s%s%s (%s)\n", red, tg_error_message(error), plain, tg_error_reason(error));
        if (tg_error_hint(error)[0]) fprintf(stderr, "tg-auth: %s\n", tg_error_hint(error));
    }
    tg_error_free(error);
    return status;
}

static int wrong(const char *what, const char *which) {
    fprintf(stderr, "tg-auth: %s%s\nTry tg-auth --help.\n", what, which);
    return USAGE;
}

/* --- Commands --------------------------------------------------------------------------------------- */

static int token(tg_conn *conn, const struct options *options) {
    tg_error *error = NULL;
    tg_token *token = NULL;
    if (tg_authorization(conn, &token, &error) != TG_STATUS_OK) return failed(error, options);
    const char *value = tg_token_value(token);
    if (options->json) {
        putchar('{');
        print_json_member("token", value);
        putchar(',');
        print_json_member("header", tg_token_header(token));
        putchar(',');
        print_json_member("expiration", tg_token_expiration(token));
        printf(",\"expires_at\":%" PRId64 "}\n", tg_token_expires_at(token));
    } else if (!*value) {
        fprintf(stderr, "tg-auth: no token is needed, because REST++ authentication is off\n");
    } else if (options->header) {
        printf("Authorization: %s\n", tg_token_header(token));
    } else {
        puts(value);
    }
    tg_token_free(token);
    return TG_STATUS_OK;
}

static void print_secret(const tg_secrets *secrets, size_t index, const struct options *options) {
    const char *alias = tg_secrets_alias(secrets, index), *graph = tg_secrets_graph(secrets, index);
    if (!options->json) {
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

static int print_secrets(tg_secrets *secrets, const struct options *options) {
    if (options->json) putchar('[');
    for (size_t i = 0; i < tg_secrets_count(secrets); i++) print_secret(secrets, i, options);
    if (options->json) puts("]");
    tg_secrets_free(secrets);
    return TG_STATUS_OK;
}

static int secret_list(tg_conn *conn, const struct options *options) {
    tg_error *error = NULL;
    tg_secrets *secrets = NULL;
    if (tg_get_secrets(conn, options->user, &secrets, &error) != TG_STATUS_OK) return failed(error, options);
    return print_secrets(secrets, options);
}

static int secret_create(tg_conn *conn, const char *alias, const struct options *options) {
    tg_error *error = NULL;
    tg_secrets *secret = NULL;
    if (tg_create_secret(conn, alias, NULL, options->user, &secret, &error) != TG_STATUS_OK) {
        return failed(error, options);
    }
    return print_secrets(secret, options);
}

static int secret_drop(tg_conn *conn, char **aliases, size_t count, const struct options *options) {
    tg_error *error = NULL;
    size_t dropped = 0;
    uint32_t flags = options->ignore_missing ? TG_IGNORE_MISSING : 0;
    tg_status status =
        tg_drop_secrets(conn, (const char *const *)aliases, count, options->user, flags, &dropped, &error);
    if (status != TG_STATUS_OK) return failed(error, options);
    if (options->json) printf("{\"dropped\":%zu}\n", dropped);
    return TG_STATUS_OK;
}

static int secret(tg_conn *conn, char **words, int count, const struct options *options) {
    if (count == 1 && strcmp(words[0], "list") == 0) return secret_list(conn, options);
    if (count <= 2 && count > 0 && strcmp(words[0], "create") == 0) {
        return secret_create(conn, count == 2 ? words[1] : NULL, options);
    }
    if (count > 1 && strcmp(words[0], "drop") == 0) return secret_drop(conn, words + 1, (size_t)count - 1, options);
    return wrong("secret must be followed by list, create [ALIAS] or drop ALIAS...", "");
}

static int server(tg_conn *conn, const struct options *options) {
    tg_error *error = NULL;
    int32_t major = 0, minor = 0, patch = 0;
    if (tg_server_version(conn, &major, &minor, &patch, &error) != TG_STATUS_OK) return failed(error, options);
    const char *form = options->json ? "{\"version\":\"%" PRId32 ".%" PRId32 ".%" PRId32 "\"}\n"
                                     : "%" PRId32 ".%" PRId32 ".%" PRId32 "\n";
    printf(form, major, minor, patch);
    return TG_STATUS_OK;
}

/* The number of the status that the report names as the failure, 0 if it names none. */
static int status_of(const tg_report *report) {
    const char *found = strstr(tg_report_json(report), "\"failure\":{\"status\":\"");
    if (!found) return TG_STATUS_OK;
    found += strlen("\"failure\":{\"status\":\"");
    for (int status = 1; strcmp(tg_status_name(status), "UNKNOWN") != 0; status++) {
        size_t length = strlen(tg_status_name(status));
        if (strncmp(found, tg_status_name(status), length) == 0 && found[length] == '"') return status;
    }
    return TG_STATUS_INTERNAL;
}

static void print_report(const tg_report *report, int status, const struct options *options) {
    const char *text = tg_report_text(report);
    int verdict = (int)strcspn(text, "\n");
    if (options->json) puts(tg_report_json(report));
    else if (!is_colourful(stdout)) fputs(text, stdout);
    else printf("\033[%dm%.*s\033[0m%s", status == TG_STATUS_OK ? 32 : 31, verdict, text, text + verdict);
}

static int doctor(tg_conn *conn, const struct options *options) {
    time_t until = time(NULL) + options->wait_s;
    for (;;) {
        tg_error *error = NULL;
        tg_report *report = NULL;
        uint32_t flags = options->offline ? TG_REPORT_OFFLINE : 0;
        if (tg_diagnose(conn, flags, &report, &error) != TG_STATUS_OK) return failed(error, options);
        int status = status_of(report);
        int is_transient = status == TG_STATUS_UNAVAILABLE && time(NULL) < until;
        if (!is_transient) print_report(report, status, options);
        else fprintf(stderr, "tg-auth: %.*s\n", (int)strcspn(tg_report_text(report), "\n"), tg_report_text(report));
        tg_report_free(report);
        if (!is_transient) return status;
        sleep(5);
    }
}

/* --- Settings --------------------------------------------------------------------------------------- */

static tg_config *settings(const struct options *options) {
    tg_config *config = tg_config_new(options->host);
    if (options->graph) tg_config_set_graph(config, options->graph);
    if (options->ca_file) tg_config_set_ca_file(config, options->ca_file);
    tg_config_set_timeouts(config, 0, options->timeout_ms);
    tg_config_set_token_lifetime(config, options->lifetime_s, 0);
    if (options->verbose) tg_config_set_log(config, TG_LOG_DEBUG, log_line, NULL, NULL);
    tg_config_load_env(config);
    return config;
}

static int run(char **words, int count, const struct options *options) {
    tg_error *error = NULL;
    tg_conn *conn = NULL;
    tg_config *config = settings(options);
    tg_status status = tg_conn_new(config, &conn, &error);
    int code;
    tg_config_free(config);
    if (status != TG_STATUS_OK) return failed(error, options);
    if (strcmp(words[0], "secret") == 0) code = secret(conn, words + 1, count - 1, options);
    else if (count > 1) code = wrong("unexpected argument: ", words[1]);
    else if (strcmp(words[0], "token") == 0) code = token(conn, options);
    else if (strcmp(words[0], "server") == 0) code = server(conn, options);
    else if (strcmp(words[0], "doctor") == 0) code = doctor(conn, options);
    else code = wrong("unknown command: ", words[0]);
    tg_conn_free(conn);
    return code;
}

/* A number of seconds, or -1. */
static long seconds(const char *text) {
    char *end;
    long value = strtol(text, &end, 10);
    return *text && !*end && value >= 0 && value <= 4000000 ? value : -1;
}

enum { HEADER = 256, IGNORE_MISSING, OFFLINE, WAIT };

static const struct option long_options[] = {
    {"host", required_argument, NULL, 'H'},       {"graph", required_argument, NULL, 'g'},
    {"profile", required_argument, NULL, 'p'},    {"ca-file", required_argument, NULL, 'c'},
    {"lifetime", required_argument, NULL, 'l'},   {"timeout", required_argument, NULL, 't'},
    {"user", required_argument, NULL, 'u'},       {"header", no_argument, NULL, HEADER},
    {"ignore-missing", no_argument, NULL, IGNORE_MISSING}, {"offline", no_argument, NULL, OFFLINE},
    {"wait", required_argument, NULL, WAIT},      {"json", no_argument, NULL, 'j'},
    {"verbose", no_argument, NULL, 'v'},          {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},          {NULL, 0, NULL, 0},
};

int main(int argc, char **argv) {
    struct options options = {.host = NULL};
    for (int option; (option = getopt_long(argc, argv, "H:g:p:c:l:t:u:jvhV", long_options, NULL)) != -1;) {
        int is_number = option == 'l' || option == 't' || option == WAIT;
        long number = is_number ? seconds(optarg) : 0;
        if (number < 0) return wrong("not a number of seconds: ", optarg);
        switch (option) {
        case 'H': options.host = optarg; break;
        case 'g': options.graph = optarg; break;
        case 'p': setenv("TG_PROFILE", optarg, 1); break;
        case 'c': options.ca_file = optarg; break;
        case 'l': options.lifetime_s = number; break;
        case 't': options.timeout_ms = (uint32_t)number * 1000; break;
        case 'u': options.user = optarg; break;
        case HEADER: options.header = 1; break;
        case IGNORE_MISSING: options.ignore_missing = 1; break;
        case OFFLINE: options.offline = 1; break;
        case WAIT: options.wait_s = number; break;
        case 'j': options.json = 1; break;
        case 'v': options.verbose = 1; break;
        case 'h': fputs(help, stdout); return 0;
        case 'V': printf("tg-auth %s\n", tg_version()); return 0;
        default: return wrong("unknown or incomplete option", "");
        }
    }
    if (optind == argc) return wrong("no command given", "");
    return run(argv + optind, argc - optind, &options);
}
