/* tg-auth: tokens, secrets and requests of TigerGraph from the command line, and a diagnosis of what does not work.
 *
 * Credentials come from the environment, from files or from standard input, and never from an argument, because every
 * user of the machine can read those. The exit code is the tg_status of the call, 64 if the command line was wrong,
 * 66 if a credential or a body cannot be read, 74 if the result could not be written.
 *
 *     tables.c      the commands and the options
 *     arguments.c   reads the command line            settings.c   passes it on to the library
 *     token.c, secret.c, rotate.c, request.c, diagnosis.c   the commands
 *     contract.c, questions.c, answer.c               doctor --contract: what it does, asks, and reports
 *     help.c, man.c, completion.c                     what is printed from the tables
 *     output.c, input.c, words.c, json.c              what is written, read, said, and looked at
 *     posix.c, windows                                what differs between systems, as system.h names it */
#include "tg-auth.h"

/* Whether an option is given that is for another login than the one with a secret. */
static int has_other_login(const struct given *given) {
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (is_for_login(i) && i != O_SECRET_FILE && given->value[i]) return 1;
    }
    return 0;
}

static int connect_and_run(const struct command_line *line) {
    tg_error *error = NULL;
    tg_conn *conn = NULL;
    tg_config *config = NULL;
    struct given login = line->given;
    if (line->command == SECRET_ROTATE && has_other_login(&login)) login.value[O_SECRET_FILE] = NULL;
    int code = make_config(&login, &config);
    tg_status status = code ? TG_STATUS_OK : tg_conn_new(config, &conn, &error);
    int is_contract = !code && status == TG_STATUS_OK && line->given.value[O_CONTRACT];
    if (is_contract) code = contract(config, &line->given);
    tg_config_free(config);
    if (status != TG_STATUS_OK) return failed(error, &line->given);
    if (!code && !is_contract) code = commands[line->command].run(conn, line->words, line->count, &line->given);
    tg_conn_free(conn);
    return code;
}

/* Standard output cannot be written, and so nothing was asked for. */
static int not_begun(const struct command_line *line, int trouble) {
    int creates = line->command == SECRET_CREATE || line->command == SECRET_ENSURE;
    int code = unwritten(trouble);
    if (creates && line->count) tell_given("tg-auth: No secret was created with the alias ", line->words[0], ".\n");
    return code;
}

static int run(int argc, char **argv) {
    struct command_line line = {.command = HELP};
    int code = read_command_line(argc, argv, &line);
    if (code) return written(code);
    /* Before anything is asked for or created whose result would be lost. */
    int trouble = output_trouble();
    if (trouble) return not_begun(&line, trouble);
    int is_offline = line.command == HELP || line.command == VERSION;
    code = is_offline ? commands[line.command].run(NULL, line.words, line.count, &line.given) : connect_and_run(&line);
    return written(code);
}

int main(int argc, char **argv) {
    begin_output(begin_program(&argc, &argv));
    return end_program(run(argc, argv));
}
