/* tg-auth: the options as settings of the library. */
#include "tg-auth.h"

#include <stdlib.h>
#include <string.h>

static uint32_t limit(const char *text) {
    const char *wrong;
    return text ? (uint32_t)milliseconds(text, &wrong) : 0;
}

static uint16_t port(const char *text) { return text ? (uint16_t)strtoul(text, NULL, 10) : 0; }

/* A file for the library, which reads it when it logs in; standard input is read here, once. */
static int set_login(const struct given *given, tg_config *config, enum option_id option, struct line *line) {
    const char *file = given->value[option], *user = given->value[O_USERNAME], *credential = NULL;
    if (is_input(file)) {
        const char *what = option == O_PASSWORD_FILE ? "Password" : option == O_JWT_FILE ? "JWT" : "Secret";
        if (option == O_OAUTH2_CLIENT_SECRET_FILE) what = "Client secret";
        const char *trouble = read_line(file, what, line);
        if (trouble) {
            int is_sentence = strncmp(trouble, "is ", 3) == 0 || strncmp(trouble, "holds ", 6) == 0;
            fprintf(stderr, "tg-auth: --%s: standard input %s%s\n", options[option].name,
                    is_sentence ? "" : "cannot be read: ", trouble);
            return UNREADABLE;
        }
        credential = line->text;
        file = NULL;
    }
    switch (option) {
    case O_PASSWORD_FILE:
        if (credential) tg_config_set_password(config, user, credential);
        else if (file || user) tg_config_set_password_file(config, user, file);
        break;
    case O_JWT_FILE:
        if (credential) tg_config_set_jwt(config, credential);
        else if (file) tg_config_set_jwt_file(config, file);
        break;
    case O_OAUTH2_CLIENT_SECRET_FILE:
        tg_config_set_oauth2(config, given->value[O_OAUTH2_URL], given->value[O_OAUTH2_CLIENT_ID], credential);
        tg_config_set_oauth2_secret_file(config, file);
        if (given->value[O_OAUTH2_SCOPE]) tg_config_set_oauth2_parameter(config, "scope", given->value[O_OAUTH2_SCOPE]);
        break;
    default:
        if (credential) tg_config_set_secret(config, credential);
        else if (file) tg_config_set_secret_file(config, file);
    }
    return 0;
}

static int set_logins(const struct given *given, tg_config *config) {
    static const enum option_id files[] = {O_SECRET_FILE, O_PASSWORD_FILE, O_JWT_FILE, O_OAUTH2_CLIENT_SECRET_FILE};
    const size_t count = sizeof files / sizeof *files;
    const char *data = given->value[O_DATA];
    int inputs = is_input(given->value[O_TOKEN_FILE]) + is_input(given->value[O_ENV_FILE]), code = 0;
    inputs += data && *data == '@' && is_input(data + 1);
    struct line line;
    for (size_t i = 0; i < count; i++) inputs += is_input(given->value[files[i]]);
    if (inputs > 1) return wrong("standard input is read once: only one option may have - for its file", "");
    for (size_t i = 0; i < count && !code; i++) {
        code = set_login(given, config, files[i], &line);
        wipe(&line, sizeof line);
    }
    return code;
}

int make_config(const struct given *given, tg_config **made) {
    const char *const *value = given->value, *none;
    tg_config *config = *made = tg_config_new(value[O_HOST]);
    tg_config_set_graph(config, value[O_GRAPH]);
    tg_config_set_ports(config, port(value[O_RESTPP_PORT]), port(value[O_GSQL_PORT]));
    if (value[O_CLOUD]) tg_config_set_tgcloud(config, strcmp(value[O_CLOUD], "yes") == 0 ? 1 : -1);
    tg_config_set_server_version(config, value[O_SERVER_VERSION]);
    tg_config_set_allow_http(config, value[O_ALLOW_HTTP] != NULL);
    tg_config_set_proxy(config, value[O_PROXY]);
    tg_config_set_ca_file(config, value[O_CA_FILE]);
    if (value[O_ADD_CA_FILE]) tg_config_add_ca_file(config, value[O_ADD_CA_FILE]);
    tg_config_set_pin_sha256(config, value[O_PIN]);
    tg_config_set_client_cert(config, value[O_CLIENT_CERT], value[O_CLIENT_KEY]);
    tg_config_set_insecure_tls(config, value[O_INSECURE] != NULL);
    tg_config_set_timeouts(config, limit(value[O_CONNECT_TIMEOUT]), limit(value[O_TIMEOUT]));
    tg_config_set_user_agent(config, value[O_USER_AGENT]);
    tg_config_set_token_cache(config, value[O_CACHE]);
    if (value[O_LIFETIME]) tg_config_set_token_lifetime(config, whole_seconds(value[O_LIFETIME], &none), 0);
    if (value[O_VERBOSE]) tg_config_set_log(config, TG_LOG_DEBUG, log_line, NULL, NULL);
    int code = set_logins(given, config);
    if (code) return code;
    if (value[O_PROFILE]) tg_config_load_profile(config, value[O_PROFILE]);
    else tg_config_load_env(config);
    const char *file = is_input(value[O_ENV_FILE]) ? name_of_input : value[O_ENV_FILE];
    if (file) tg_config_load_env_file(config, file);
    else if (value[O_ENV_FILE]) return unreadable(O_ENV_FILE, "-", "Windows has no name for it: save it in a file");
    return 0;
}
