/* tg-auth: what its files share. */
#ifndef TG_AUTH_H
#define TG_AUTH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <tigergraph_auth.h>

#include "system.h"

/* Exit codes beside those that are a tg_status. */
#define USAGE 64
#define UNREADABLE 66
#define UNWRITTEN 74

/* --- The tables (tables.c) ---------------------------------------------------------------------------- */

enum command_id {
    TOKEN_GET, TOKEN_CHECK, TOKEN_REFRESH, TOKEN_DELETE,
    SECRET_LIST, SECRET_SHOW, SECRET_CREATE, SECRET_ENSURE, SECRET_DROP, SECRET_ROTATE,
    URL, REQUEST, SERVER, DOCTOR, VERSION, HELP, COMMAND_COUNT
};

enum option_id {
    O_HOST, O_GRAPH, O_PROFILE, O_ENV_FILE, O_RESTPP_PORT, O_GSQL_PORT, O_CLOUD, O_SERVER_VERSION, O_ALLOW_HTTP, O_PROXY,
    O_CA_FILE, O_ADD_CA_FILE, O_PIN, O_CLIENT_CERT, O_CLIENT_KEY, O_INSECURE,
    O_SECRET_FILE, O_USERNAME, O_PASSWORD_FILE, O_JWT_FILE,
    O_OAUTH2_URL, O_OAUTH2_CLIENT_ID, O_OAUTH2_CLIENT_SECRET_FILE, O_OAUTH2_SCOPE, O_CACHE,
    O_TIMEOUT, O_CONNECT_TIMEOUT, O_USER_AGENT, O_VERBOSE,
    O_LIFETIME, O_GLOBAL, O_HEADER, O_TOKEN_FILE, O_OR_NEW, O_USER, O_IGNORE_MISSING, O_GRACE,
    O_GATEWAY, O_METHOD, O_ADD_HEADER, O_DATA, O_MAX_SIZE, O_OFFLINE, O_WAIT, O_CONTRACT, O_CREATE,
    O_JSON, O_MAN, O_COMPLETION, O_HELP, O_VERSION, OPTION_COUNT
};

#define MOST_HEADERS 64

/* What was given for the options, by their numbers: NULL is not given, "" is a switch that is on. */
struct given {
    const char *value[OPTION_COUNT];
    const char *headers[MOST_HEADERS]; /* of --add-header */
    size_t header_count;
};

struct command {
    const char *group, *verb;    /* its two words; verb "" where it is one word */
    const char *words;           /* how its arguments are written in help; "" if it takes none */
    int least, most;             /* how many arguments; most -1: any number */
    const char *functions;       /* the names that the library's texts have for it */
    const char *help;
    /* Gives the exit code. */
    int (*run)(tg_conn *conn, char **words, size_t count, const struct given *given);
};

struct option_row {
    const char *name;
    char letter;                 /* 0: none */
    const char *argument;        /* NULL: a switch. FILE is completed as a file */
    const char *values;          /* all that the argument may be; "": many things */
    unsigned commands;           /* bits of the commands it belongs to */
    const char *section;         /* of help; NULL: the same as of the row before */
    const char *variable;        /* what stands for it in the environment, or "" */
    const char *functions;       /* the names that the library's texts have for it: functions and flags */
    const char *settings;        /* the names that the library has for the setting */
    const char *help;
};

extern const struct command commands[COMMAND_COUNT];
extern const struct option_row options[OPTION_COUNT];

struct exit_code {
    int code;
    const char *meaning;
};
extern const struct exit_code exit_codes[];
extern const size_t exit_code_count;
extern const char *const about_credentials[];
extern const char *const examples[][2];

/* The letter of an option beside this command: none if the command has another option with it. */
char letter_beside(enum option_id option, enum command_id command);
int belongs_to(enum option_id option, enum command_id command);
/* Whether an option says how to log in. */
int is_for_login(enum option_id option);
int is_in_list(const char *list, const char *word, size_t length);
int has_verb(const char *word);
/* "token get", in a buffer that the next call uses again. */
const char *command_name(enum command_id command);

/* --- The library's texts in the words of the command line (words.c) ------------------------------------ */

/* A copy to be freed; NULL without memory. */
char *copied(const char *text, size_t length);
/* A copy to be freed. in_json: the text is JSON, in which quotation marks have backslashes. */
char *in_own_words(const char *text, int in_json);
/* What a report's setting is called here, which came from there. */
const char *word_for_setting(const char *name, size_t length);

/* --- Output (output.c) --------------------------------------------------------------------------------- */

/* Whether standard output was open. */
void begin_output(int is_open);
/* 0, or why standard output cannot be written, as far as this can be seen before something is written. */
int output_trouble(void);
int unwritten(int number);
/* What was created and is lost if standard output cannot be written. */
void remember_lost(const char *what, const char *alias, const char *advice);
/* Success is what was written. */
int written(int code);
/* On standard error; of what a person gave, such as a name, nothing reaches the terminal that it would obey. */
void tell_given(const char *before, const char *given, const char *after);
int is_colourful(FILE *stream);
void print_json_text(const char *text);
/* What is not UTF-8 in it is replaced. */
void print_json_bytes(const char *bytes, size_t length);
void print_json_member(const char *name, const char *text);
/* Says what went wrong and what to do, frees the error, and gives the exit code. */
int failed(tg_error *error, const struct given *given);
int failed_with(int status, const char *reason, const char *message, const char *hint, const struct given *given);
int wrong(const char *what, const char *which);
void log_line(int32_t level, const char *message, void *unused);

/* --- Input (input.c) ----------------------------------------------------------------------------------- */

/* Whether an option's file is standard input. */
int is_input(const char *file);
/* Tells that the file of an option cannot be read; the exit code. */
int unreadable(enum option_id option, const char *file, const char *trouble);
/* All of a file, or of standard input for "-", to be freed. NULL, or what is wrong with it. */
const char *read_all(const char *path, char **content, size_t *length);

#define LINE_LIMIT 65536

struct line {
    char text[LINE_LIMIT + 2];
};

/* The first line of a file, of standard input for "-". NULL, or what is wrong with it. */
const char *read_line(const char *path, const char *what, struct line *line);
void wipe(void *memory, size_t size);

/* --- JSON of a server (json.c) -------------------------------------------------------------------------- */

/* Where a value, a name or the rest of an object stands in a text; at NULL: nowhere. */
struct json {
    const char *at, *end;
};

/* The members of the object that a text is; none if it is something else. */
struct json json_members(const char *text, size_t length);
/* Takes the next member off them, with the quotation marks of its name; 0: there is none. */
int json_next(struct json *rest, struct json *name, struct json *value);
struct json json_member(struct json object, const char *name);
/* How many elements a list has. */
size_t json_count(struct json list);
int json_is(struct json value, const char *text);

/* --- The command line (arguments.c) -------------------------------------------------------------------- */

struct command_line {
    struct given given;
    enum command_id command;
    char **words;                /* of the command, without its name */
    size_t count;
};

/* 0, or the exit code after what is wrong was told. */
int read_command_line(int argc, char **argv, struct command_line *line);
/* Milliseconds of "1.5"; -1 and what is wrong with it. */
int64_t milliseconds(const char *text, const char **wrong);
int64_t whole_seconds(const char *text, const char **wrong);
/* Bytes of "1048576"; -1 and what is wrong with it. */
int64_t bytes(const char *text, const char **wrong);

/* --- Settings (settings.c) ----------------------------------------------------------------------------- */

/* 0 with a config, or the exit code after what is wrong was told. */
int make_config(const struct given *given, tg_config **config);

/* --- Help (help.c, man.c, completion.c) ---------------------------------------------------------------- */

/* What help of these commands (one bit for each) says of an option, with its variable and, if it is not for all of them,
 * those that it is for. In a buffer that the next call uses again. */
const char *option_help(enum option_id option, unsigned of);
void print_help(void);
/* Of a command, or of all that begin with this word; the exit code. */
int print_help_of(const char *group, const char *verb);
void print_man(void);
void print_bash(void);
void print_zsh(void);
void print_fish(void);

/* --- Commands (token.c, secret.c, rotate.c, request.c, diagnosis.c, contract.c) ------------------------------------------- */

int token_get(tg_conn *conn, char **words, size_t count, const struct given *given);
int token_check(tg_conn *conn, char **words, size_t count, const struct given *given);
int token_refresh(tg_conn *conn, char **words, size_t count, const struct given *given);
int token_delete(tg_conn *conn, char **words, size_t count, const struct given *given);
int secret_list(tg_conn *conn, char **words, size_t count, const struct given *given);
int secret_show(tg_conn *conn, char **words, size_t count, const struct given *given);
int secret_create(tg_conn *conn, char **words, size_t count, const struct given *given);
int secret_ensure(tg_conn *conn, char **words, size_t count, const struct given *given);
int secret_drop(tg_conn *conn, char **words, size_t count, const struct given *given);
int secret_rotate(tg_conn *conn, char **words, size_t count, const struct given *given);
int url(tg_conn *conn, char **words, size_t count, const struct given *given);
int request(tg_conn *conn, char **words, size_t count, const struct given *given);
int server(tg_conn *conn, char **words, size_t count, const struct given *given);
/* Of doctor, with connections of its own. The config loses its login. */
int contract(tg_config *config, const struct given *given);
int doctor(tg_conn *conn, char **words, size_t count, const struct given *given);
int version(tg_conn *conn, char **words, size_t count, const struct given *given);
int help(tg_conn *conn, char **words, size_t count, const struct given *given);

#endif
