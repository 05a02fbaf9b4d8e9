/* tg-auth: reads the command line by the tables. An option is never abbreviated, because --secret VALUE would be taken for
 * --secret-file VALUE, and what stands behind an unknown option is never repeated, because it may be a credential. */
#include "tg-auth.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_LIFETIME INT64_C(31556952000) /* 1000 years */
#define LONGEST_TIME_MS INT64_C(4294967295)     /* it is a uint32_t */
#define LARGEST_SIZE (INT64_C(1) << 40)

/* The digits at the beginning of the text as a number of at most `limit`; -1 if there is none, -2 if it is greater. */
static int64_t digits(const char **text, int64_t limit) {
    int64_t value = **text >= '0' && **text <= '9' ? 0 : -1;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        if (value >= 0) value = value * 10 + (**text - '0');
        if (value > limit) value = -2;
    }
    return value;
}

int64_t whole_seconds(const char *text, const char **wrong) {
    int64_t value = digits(&text, LONGEST_LIFETIME);
    *wrong = *text || value == -1 ? "is not a whole number of seconds" : value == -2 ? "is longer than 1000 years" : NULL;
    return *wrong ? -1 : value;
}

int64_t bytes(const char *text, const char **wrong) {
    int64_t value = digits(&text, LARGEST_SIZE);
    *wrong = *text || value == -1 ? "is not a whole number of bytes" : value == -2 ? "is larger than 1 TiB" : NULL;
    if (value == 0 && !*wrong) *wrong = "must be more than 0 bytes";
    return *wrong ? -1 : value;
}

/* The thousandths behind the point, rounded up; -1 if there are no digits. */
static int64_t thousandths(const char **text) {
    int64_t value = **text >= '0' && **text <= '9' ? 0 : -1, unit = 100;
    int is_more = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, unit /= 10) {
        value += (**text - '0') * unit;
        if (!unit && **text != '0') is_more = 1;
    }
    return value + is_more;
}

int64_t milliseconds(const char *text, const char **wrong) {
    int64_t value = digits(&text, LONGEST_TIME_MS / 1000), fraction = 0;
    int is_point = *text == '.';
    if (is_point) {
        text++;
        fraction = thousandths(&text);
    }
    int is_number = (value != -1 || is_point) && fraction >= 0 && !*text;
    int is_longer = value == -2 || (value > 0 ? value : 0) * 1000 + fraction > LONGEST_TIME_MS;
    *wrong = !is_number ? "is not a number of seconds" : is_longer ? "is longer than 4294967.295 seconds" : NULL;
    return *wrong ? -1 : (value > 0 ? value : 0) * 1000 + fraction;
}

static const char *wrong_number(enum option_id option, const char *text) {
    const char *wrong = NULL;
    int64_t value = 1;
    char *end = NULL;
    switch (option) {
    case O_LIFETIME: whole_seconds(text, &wrong); break;
    case O_MAX_SIZE: bytes(text, &wrong); break;
    case O_GRACE:
    case O_WAIT: milliseconds(text, &wrong); break;
    case O_TIMEOUT:
    case O_CONNECT_TIMEOUT:
        value = milliseconds(text, &wrong);
        if (!wrong && value == 0) wrong = "must be more than 0 seconds";
        break;
    case O_PROXY:
        if (strchr(text, '@')) wrong = "must not have a login in it, which every user could read: use TG_PROXY";
        break;
    case O_RESTPP_PORT:
    case O_GSQL_PORT:
        value = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
        if (value < 1 || value > 65535 || *end) wrong = "is not a port number, 1 to 65535";
        break;
    default: break;
    }
    return wrong;
}

/* "--name what"; gives the exit code. */
static int wrong_option(enum option_id option, const char *what) {
    char text[256];
    snprintf(text, sizeof text, "--%s %s", options[option].name, what);
    return wrong(text, "");
}

static int take_header(struct given *given, const char *value) {
    if (given->header_count == MOST_HEADERS) return wrong_option(O_ADD_HEADER, "is given more than 64 times");
    given->headers[given->header_count++] = given->value[O_ADD_HEADER] = value;
    return 0;
}

static int take(struct given *given, enum option_id option, const char *value) {
    const struct option_row *row = &options[option];
    const char *before = given->value[option], *trouble = wrong_number(option, value);
    if (option == O_ADD_HEADER) return take_header(given, value);
    /* A body may be empty. */
    if (option != O_DATA && row->argument && !*value) return wrong_option(option, "needs a value that is not empty");
    if (before && strcmp(before, value) != 0) return wrong_option(option, "is given twice, with different values");
    if (*row->values && !is_in_list(row->values, value, strlen(value))) {
        char text[64];
        snprintf(text, sizeof text, "must be one of: %s", row->values);
        return wrong_option(option, text);
    }
    if (trouble) return wrong_option(option, trouble);
    given->value[option] = value;
    return 0;
}

/* Whether a name has this word in it, in capitals or not. */
static int has_word(const char *name, size_t length, const char *word) {
    size_t size = strlen(word), same = 0;
    for (size_t start = 0; same < size && start + size <= length; start++) {
        for (same = 0; same < size && tolower((unsigned char)name[start + same]) == word[same]; same++) continue;
    }
    return same == size;
}

/* A name with a word for a credential may be one and its value, as in --secretVALUE, and is not repeated. */
static int may_have_credential(const char *name, size_t length) {
    static const char *const words[] = {"secret", "password", "passwd", "jwt", "token"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (has_word(name, length, words[i])) return 1;
    }
    return 0;
}

/* The option that begins like this and has more than a word for a credential; -1: none. */
static int abbreviated(const char *name, size_t length) {
    static const char *const secrets[] = {"secret", "password", "jwt", "token", "api-token", "jwt-token"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        if (strlen(secrets[i]) == length && memcmp(secrets[i], name, length) == 0) return -1;
    }
    for (int i = 0; length > 1 && i < OPTION_COUNT; i++) {
        if (strncmp(options[i].name, name, length) == 0) return i;
    }
    return -1;
}

static int unknown(const char *name, size_t length) {
    int meant = abbreviated(name, length);
    char text[64];
    if (meant >= 0) {
        snprintf(text, sizeof text, "--%s", options[meant].name);
        return wrong("options are not abbreviated: perhaps you mean ", text);
    }
    if (may_have_credential(name, length)) {
        return wrong("a credential is never an argument: use a variable, or --secret-file, --password-file, "
                     "--jwt-file or --token-file", "");
    }
    snprintf(text, sizeof text, "--%.*s", (int)(length < 40 ? length : 40), name);
    return wrong("unknown option ", text);
}

/* --name, --name=value or --name value. */
static int take_long(struct given *given, const char *name, char ***next) {
    size_t length = strcspn(name, "=");
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options[i].name) != length || memcmp(options[i].name, name, length) != 0) continue;
        if (options[i].argument && name[length]) return take(given, i, name + length + 1);
        if (options[i].argument && !**next) return wrong_option(i, "needs a value");
        if (options[i].argument) return take(given, i, *(*next)++);
        return name[length] ? wrong_option(i, "takes no value") : take(given, i, "");
    }
    return unknown(name, length);
}

/* The option with this letter; -1: none. Two of one command share -H, and it is the later one behind the command's name. */
static int option_of_letter(char letter, const struct command_line *line) {
    int is_request = line->count && strcmp(line->words[0], commands[REQUEST].group) == 0, found = -1;
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (options[i].letter == letter && (found < 0 || is_request)) found = i;
    }
    return found;
}

/* -jv, -g value or -gvalue. */
static int take_short(struct command_line *line, const char *letters, char ***next) {
    struct given *given = &line->given;
    for (; *letters; letters++) {
        int found = option_of_letter(*letters, line), code;
        if (found < 0) return wrong("unknown option -", (char[]){*letters, '\0'});
        if (!options[found].argument) {
            code = take(given, found, "");
            if (code) return code;
            continue;
        }
        if (letters[1]) return take(given, found, letters + 1);
        if (!**next) return wrong_option(found, "needs a value");
        return take(given, found, *(*next)++);
    }
    return 0;
}

/* Takes the name of a command off the words. */
static int find_command(struct command_line *line) {
    static const char token_words[] = "token may be followed by get, check, refresh or delete; "
                                      "a token itself is never an argument";
    static const char secret_words[] = "secret must be followed by list, show, create, ensure, drop or rotate";
    if (line->count == 0) return wrong("no command given", "");
    const char *group = line->words[0], *alone = strcmp(group, "token") == 0 ? "get" : "";
    const char *verb = line->count > 1 ? line->words[1] : alone;
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].group, group) != 0 || (*commands[i].verb && strcmp(commands[i].verb, verb) != 0)) continue;
        size_t length = *commands[i].verb && line->count > 1 ? 2 : 1;
        line->command = i;
        line->words += length;
        line->count -= length;
        return 0;
    }
    if (strcmp(group, "token") == 0) return wrong(token_words, "");
    if (strcmp(group, "secret") == 0) return wrong(secret_words, "");
    return wrong("unknown command", "");
}

static int check(const struct command_line *line) {
    const struct command *command = &commands[line->command];
    char text[200];
    if (line->count < (size_t)command->least || (command->most >= 0 && line->count > (size_t)command->most)) {
        const char *space = *command->words ? " " : "";
        snprintf(text, sizeof text, "the command is: %s%s%s", command_name(line->command), space, command->words);
        return wrong(text, "");
    }
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!line->given.value[i] || belongs_to(i, line->command)) continue;
        snprintf(text, sizeof text, "does not belong to %s", command_name(line->command));
        return wrong_option(i, text);
    }
    return 0;
}

int read_command_line(int argc, char **argv, struct command_line *line) {
    char **next = argv + (argc > 0);
    int only_words = 0, code = 0;
    line->words = next; /* the words move to the front, over what was read before */
    while (!code && *next) {
        char *argument = *next++;
        if (only_words || argument[0] != '-' || !argument[1]) line->words[line->count++] = argument;
        else if (strcmp(argument, "--") == 0) only_words = 1;
        else if (argument[1] == '-') code = take_long(&line->given, argument + 2, &next);
        else code = take_short(line, argument + 1, &next);
    }
    if (code) return code;
    if (line->given.value[O_VERSION] && !line->given.value[O_HELP]) {
        line->command = VERSION;
        line->count = 0;
        return 0;
    }
    if (line->given.value[O_HELP]) {
        int is_help = line->count && strcmp(line->words[0], "help") == 0;
        line->command = HELP;
        line->words += is_help;
        line->count -= (size_t)is_help;
        return 0;
    }
    code = find_command(line);
    return code ? code : check(line);
}
