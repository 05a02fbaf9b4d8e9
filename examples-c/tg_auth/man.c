/* tg-auth: its man page, from the tables. */
#include "tg-auth.h"

#include <string.h>

/* Text for roff, which takes a hyphen for a typographic one and knows requests by the first character of a line. */
static void print_roff(const char *text) {
    if (*text == '.' || *text == '\'') fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '-') fputs("\\-", stdout);
        else if (*text == '\\') fputs("\\e", stdout);
        else if (*text == '"') fputs("\\(dq", stdout);
        else if (*text == '\'') fputs("\\(aq", stdout);
        else putchar(*text);
    }
}

static void print_line(const char *text) {
    print_roff(text);
    putchar('\n');
}

static void print_option(enum option_id option) {
    const struct option_row *row = &options[option];
    puts(".TP");
    if (row->letter) printf("\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB\\-\\-", stdout);
    print_roff(row->name);
    fputs("\\fR", stdout);
    if (row->argument) printf(" \\fI%s\\fR", row->argument);
    putchar('\n');
    print_line(option_help(option, ~0u));
}

static void print_commands(void) {
    puts(".SH COMMANDS");
    for (int i = 0; i < COMMAND_COUNT; i++) {
        printf(".TP\n\\fB%s\\fR", command_name(i));
        if (*commands[i].words) printf(" \\fI%s\\fR", commands[i].words);
        putchar('\n');
        print_line(commands[i].help);
    }
}

static void print_options(void) {
    puts(".SH OPTIONS");
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (options[i].section) printf(".SS %s\n", options[i].section);
        print_option(i);
    }
}

static void print_environment(void) {
    puts(".SH ENVIRONMENT");
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (*options[i].variable) printf(".TP\n.B %s\n\\fB\\-\\-%s\\fR\n", options[i].variable, options[i].name);
    }
    puts(".TP\n.BR TG_SECRET ,\\  TG_PASSWORD ,\\  TG_JWT_TOKEN ,\\  TG_API_TOKEN\nthe credentials themselves");
    puts(".TP\n.B NO_COLOR\nif it is set, no colours on a terminal");
}

void print_man(void) {
    puts(".\\\" Printed by tg\\-auth help \\-\\-man; do not edit.\n.TH TG\\-AUTH 1 2026-11-29 tigergraph\\-auth\n.SH NAME\n"
         "tg\\-auth \\- tokens, secrets and requests of TigerGraph\n.SH SYNOPSIS\n.B tg\\-auth\n[\\fIOPTION\\fR]... \\fICOMMAND\\fR\n"
         ".SH DESCRIPTION\nPrints tokens, manages secrets, sends requests, and finds out why a connection does not work, with TigerGraph "
         "2.x to 4.x.");
    for (const char *const *paragraph = about_credentials; *paragraph; paragraph++) {
        puts(".PP");
        print_line(*paragraph);
    }
    print_commands();
    print_options();
    puts(".SH EXIT STATUS");
    for (size_t i = 0; i < exit_code_count; i++) {
        printf(".TP\n.B %d\n", exit_codes[i].code);
        print_line(exit_codes[i].meaning);
    }
    print_environment();
    puts(".SH EXAMPLES");
    for (size_t i = 0; examples[i][0]; i++) {
        puts(i ? ".PP" : ".\\\"");
        print_line(examples[i][1]);
        puts(".PP\n.nf");
        print_line(examples[i][0]);
        puts(".fi");
    }
}
