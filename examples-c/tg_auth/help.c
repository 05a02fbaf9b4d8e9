/* tg-auth: help of everything or of a command, from the tables, and the version. */
#include "tg-auth.h"

#include <stdarg.h>
#include <string.h>

#define WIDTH 100
/* Where the second column begins, that of what a command or an option does. */
#define COLUMN 30

/* Adds to a text as far as there is room. */
static void add(char *text, size_t size, const char *format, ...) {
    size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, size - length, format, arguments);
    va_end(arguments);
}

/* "token get, refresh; secret drop" */
static void add_commands(char *text, size_t size, enum option_id option, unsigned of) {
    const char *group = "";
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (!belongs_to(option, i) || !(of & 1u << i)) continue;
        int is_same = strcmp(group, commands[i].group) == 0;
        if (*group) add(text, size, is_same ? ", " : "; ");
        add(text, size, "%s", is_same ? commands[i].verb : command_name(i));
        group = commands[i].group;
    }
}

const char *option_help(enum option_id option, unsigned of) {
    static char text[512];
    const struct option_row *row = &options[option];
    snprintf(text, sizeof text, "%s", row->help);
    if (*row->variable) add(text, sizeof text, " [%s]", row->variable);
    if (!belongs_to(option, SERVER) && (of & ~row->commands)) {
        add(text, sizeof text, " (");
        add_commands(text, sizeof text, option, of);
        add(text, sizeof text, ")");
    }
    return text;
}

/* Two columns; the second one has lines that are no longer than a terminal is wide. */
static void print_columns(const char *left, int column, const char *right) {
    int at = printf("%-*s", column, left);
    if (column && (int)strlen(left) >= column) at = printf("\n%*s", column, "") - 1;
    for (int is_first = 1; *right; is_first = 0) {
        int length = (int)strcspn(right, " ");
        if (!is_first && at + 1 + length > WIDTH) at = printf("\n%*s", column, "") - 1;
        else if (!is_first) at += printf(" ");
        at += printf("%.*s", length, right);
        right += length + (right[length] == ' ');
    }
    putchar('\n');
}

static void print_option(enum option_id option, unsigned of) {
    char left[64] = "      ";
    const struct option_row *row = &options[option];
    char letter = of == 1u << REQUEST ? letter_beside(option, REQUEST) : row->letter;
    if (letter) snprintf(left, sizeof left, "  -%c, ", letter);
    add(left, sizeof left, "--%s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
    print_columns(left, COLUMN, option_help(option, of));
}

/* The options of these commands, one bit for each. */
static void print_options(unsigned of) {
    const char *section = NULL;
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (options[i].section) section = options[i].section;
        if (!(options[i].commands & of)) continue;
        if (section) printf("\n%s:\n", section);
        section = NULL;
        print_option(i, of);
    }
}

static void print_command(enum command_id command) {
    char left[64];
    const char *words = commands[command].words;
    snprintf(left, sizeof left, "  %s%s%s", command_name(command), *words ? " " : "", words);
    print_columns(left, COLUMN, commands[command].help);
}

static void print_exit_codes(void) {
    char text[1024] = "The exit code is ";
    for (size_t i = 0; i < exit_code_count; i++) {
        add(text, sizeof text, "%s%d %s", i ? ", " : "", exit_codes[i].code, exit_codes[i].meaning);
    }
    add(text, sizeof text, ".");
    print_columns("", 0, text);
}

void print_help(void) {
    puts("Usage: tg-auth [OPTION]... COMMAND\nTokens, secrets and requests of TigerGraph 2.x to 4.x.\n\nCommands:");
    for (int i = 0; i < COMMAND_COUNT; i++) print_command(i);
    print_options(~0u);
    for (const char *const *paragraph = about_credentials; *paragraph; paragraph++) {
        putchar('\n');
        print_columns("", 0, *paragraph);
    }
    putchar('\n');
    print_exit_codes();
    puts("\nExamples:");
    for (size_t i = 0; examples[i][0]; i++) printf("  %s\n", examples[i][0]);
}

int print_help_of(const char *group, const char *verb) {
    unsigned of = 0;
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].group, group) != 0 || (*verb && strcmp(commands[i].verb, verb) != 0)) continue;
        if (!of) puts("Usage: tg-auth [OPTION]... COMMAND\n\nCommands:");
        of |= 1u << i;
        print_command(i);
    }
    if (!of) return wrong("help of an unknown command", "");
    print_options(of);
    return 0;
}

int version(tg_conn *conn, char **words, size_t count, const struct given *given) {
    (void)conn, (void)words, (void)count;
    printf(given->value[O_JSON] ? "{\"version\":\"%s\"}\n" : "tg-auth %s\n", tg_version());
    return 0;
}

int help(tg_conn *conn, char **words, size_t count, const struct given *given) {
    const char *shell = given->value[O_COMPLETION];
    (void)conn;
    if (shell && given->value[O_MAN]) return wrong("--man and --completion are two things to print", "");
    if (given->value[O_MAN]) print_man();
    else if (shell) strcmp(shell, "bash") == 0 ? print_bash() : strcmp(shell, "zsh") == 0 ? print_zsh() : print_fish();
    else if (count == 0) print_help();
    else return print_help_of(words[0], count > 1 ? words[1] : "");
    return 0;
}
