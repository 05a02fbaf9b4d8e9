/* tg-auth: what the library says, in the words of the command line.
 *
 * The library names a setting in quotation marks after the word "setting", with the variable it came from, and
 * functions as whole words; see tg_error_hint() in the header. Here an option, a variable or a command stands in their
 * place. */
#include "tg-auth.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What is neither an option nor a command here. */
static const char *const others[][2] = {
    {"tg_conn_new", "tg-auth"},
    {"tg_config_load_env", "the environment"},
    {"tg_config_set_api_token", "TG_API_TOKEN"},
    {"tg_config_set_ca_pem", "--ca-file"},
    /* Programs alone have one. */
    {"tg_config_set_token_provider", "the token provider"},
    {"tg_provider_request_time_left_ms", "the request"},
    {"tg_conn_cancel", "a cancellation"},
    {"tg_conn_free", "the end of the connection"},
    {"tg_reject_token", "a rejection"},
    {"tg_error_retry_after_ms", "the server"},
    {"tg_current_token", "tg-auth token get"},
    {"tg_report_text", "tg-auth doctor"},
};

/* Advice for a programmer, and the same for whoever types a command. */
static const char *const phrases[][2] = {
    {"see tigergraph_auth.h or the list of settings", "see tg-auth help"},
    {"Configure user name and password, a secret, or a token.",
     "Set TG_SECRET, or TG_USERNAME and TG_PASSWORD, or another variable or option for the login: see tg-auth help."},
    {"Pass a valid pointer for the parameter that the message names", "Give what the message names"},
    {"the flag for all graphs", "--global"},
    {"Pass only the flags that the header lists for this function.",
     "Leave --global out: the login decides what its tokens are for."},
    {"Raise the request's limit for the length of answers", "Raise --max-size"},
    {"none was given, and the connection has none", "no token is in use"},
    {"Pass the token, or get one first.",
     "Give it with --token-file or TG_API_TOKEN, or give the token cache that it is in."},
};

/* The same of settings, by the names that they have in messages. */
static const char *const other_settings[][2] = {
    {"api_token", "TG_API_TOKEN"},
    {"ssl_port", "TG_SSL_PORT"},
    {"ca_pem", "--ca-file"},
    {"token_provider", "the token provider"},
    {"token lifetime", "--lifetime"},
    {"renew_before_s", "the time of renewal"},
    {"renew before", "the time of renewal"},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

char *copied(const char *text, size_t length) {
    char *copy = malloc(length + 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* A text that grows. Without memory it is NULL, and stays so. */
struct growing {
    char *text;
    size_t length, room;
};

static void add(struct growing *out, const char *text, size_t length) {
    if (!out->text) return;
    if (out->room - out->length <= length) {
        size_t room = 2 * out->room + length;
        char *larger = realloc(out->text, room);
        if (!larger) free(out->text);
        out->text = larger;
        if (!larger) return;
        out->room = room;
    }
    memcpy(out->text + out->length, text, length);
    out->length += length;
    out->text[out->length] = '\0';
}

static void add_word(struct growing *out, const char *word) { add(out, word, strlen(word)); }

static int is(const char *name, const char *text, size_t length) {
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

const char *word_for_setting(const char *name, size_t length) {
    static char option[40];
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!is_in_list(options[i].settings, name, length)) continue;
        snprintf(option, sizeof option, "--%s", options[i].name);
        return option;
    }
    for (size_t i = 0; i < COUNT(other_settings); i++) {
        if (is(other_settings[i][0], name, length)) return other_settings[i][1];
    }
    return NULL;
}

static const char *word_for_function(const char *name, size_t length) {
    static char word[40];
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (!is_in_list(options[i].functions, name, length)) continue;
        snprintf(word, sizeof word, "--%s", options[i].name);
        return word;
    }
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (!is_in_list(commands[i].functions, name, length)) continue;
        snprintf(word, sizeof word, "tg-auth %s", command_name(i));
        return word;
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        if (is(others[i][0], name, length)) return others[i][1];
    }
    return NULL;
}

static size_t word_length(const char *text) {
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_') length++;
    return length;
}

/* Writes what stands for the phrase, the function or the flag at the beginning of the text; how much of it that was. */
static size_t function(struct growing *out, const char *text) {
    for (size_t i = 0; i < COUNT(phrases); i++) {
        size_t length = strlen(phrases[i][0]);
        if (strncmp(text, phrases[i][0], length) != 0) continue;
        add_word(out, phrases[i][1]);
        return length;
    }
    size_t length = word_length(text);
    const char *word = word_for_function(text, length);
    if (!word) return 0;
    add_word(out, word);
    return length + (strncmp(text + length, "()", 2) == 0 ? 2 : 0);
}

static int ends_with(const char *start, const char *end, const char *what) {
    size_t length = strlen(what);
    return (size_t)(end - start) >= length && memcmp(end - length, what, length) == 0;
}

/* The end of what stands in round brackets; NULL: it has none. A path in it may have pairs of them. */
static const char *closing_bracket(const char *text) {
    int open = 1;
    for (const char *at = text; *at; at++) {
        open += (*at == '(') - (*at == ')');
        if (!open) return at;
    }
    return strchr(text, ')');
}

/* Writes what stands for the quoted name at the beginning of the text, or the variable that it is said to come from; how
 * much of the text that was. A name is a setting's only where the library says so: a server may quote things too. */
static size_t setting(struct growing *out, const char *start, const char *text, const char *mark, const char *last) {
    static const char from[] = " (from ";
    const char *name = text + strlen(mark), *end = strstr(name, mark);
    if (!end) return 0;
    const char *word = word_for_setting(name, (size_t)(end - name)), *after = end + strlen(mark);
    const char *variable = strncmp(after, from, sizeof from - 1) == 0 ? after + sizeof from - 1 : NULL;
    const char *closing = variable ? closing_bracket(variable) : NULL;
    int is_next = last && (is(" and ", last, (size_t)(text - last)) || is(" with ", last, (size_t)(text - last)));
    int is_named = closing || is_next || ends_with(start, text, "setting ") || ends_with(start, text, "settings ");
    if (!word || !is_named) return 0;
    if (!closing) {
        add_word(out, word);
        return (size_t)(after - text);
    }
    add(out, variable, (size_t)(closing - variable));
    return (size_t)(closing + 1 - text);
}

char *in_own_words(const char *text, int in_json) {
    const char *mark = in_json ? "\\\"" : "\"", *last = NULL;
    struct growing out = {.text = copied("", 0), .room = 1};
    for (const char *at = text; *at;) {
        size_t taken = strncmp(at, mark, strlen(mark)) == 0 ? setting(&out, text, at, mark, last) : 0;
        if (taken) last = at + taken;
        int is_start = at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
        if (!taken && is_start) taken = function(&out, at);
        if (!taken) add(&out, at, 1);
        at += taken ? taken : 1;
    }
    return out.text ? out.text : copied(text, strlen(text));
}
