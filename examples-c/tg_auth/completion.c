/* tg-auth: completions for bash, zsh and fish, from the tables. */
#include "tg-auth.h"

#include <string.h>

/* The options that this command has, or that any has if it is COMMAND_COUNT. */
static int is_offered(enum option_id option, enum command_id command) {
    return command == COMMAND_COUNT || belongs_to(option, command);
}

/* As a text between single quotes of all three shells. */
static void print_quoted(const char *text) {
    for (; *text; text++) {
        if (*text == '\'') fputs("'\\''", stdout);
        else putchar(*text);
    }
}

/* The first words of commands, once each. */
static void print_groups(const char *separator) {
    for (int i = 0; i < COMMAND_COUNT; i++) {
        int is_first = i == 0 || strcmp(commands[i].group, commands[i - 1].group) != 0;
        if (is_first) printf("%s%s", i ? separator : "", commands[i].group);
    }
}

static void print_verbs(const char *group, const char *separator) {
    const char *before = "";
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].group, group) != 0) continue;
        printf("%s%s", before, commands[i].verb);
        before = separator;
    }
}

/* The options with an argument, as a pattern of a shell's case. */
static void print_with_argument(const char *separator) {
    const char *before = "";
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!options[i].argument) continue;
        printf("%s--%s", before, options[i].name);
        before = separator;
        if (options[i].letter) printf("%s-%c", separator, options[i].letter);
    }
}

/* --- bash ----------------------------------------------------------------------------------------------- */

static void print_bash_values(void) {
    puts("    case $before in");
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_row *row = &options[i];
        if (!row->argument) continue;
        printf("        --%s", row->name);
        if (row->letter) printf("|-%c", row->letter);
        if (*row->values) printf(") COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n", row->values);
        else if (strcmp(row->argument, "FILE") == 0) puts(") _tg_auth_files; return ;;");
        else puts(") return ;;");
    }
    puts("    esac");
}

void print_bash(void) {
    puts("# Completions of tg-auth for bash, printed by: tg-auth help --completion bash\n"
         "_tg_auth_files() {\n"
         "    compopt -o filenames 2> /dev/null\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
         "}\n"
         "_tg_auth() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= options= i\n"
         "    if [[ $word == = ]]; then word=\n"
         "    elif [[ $before == = ]]; then before=${COMP_WORDS[COMP_CWORD-2]}\n"
         "    fi\n"
         "    COMPREPLY=()");
    print_bash_values();
    fputs("    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in\n"
          "            ", stdout);
    print_with_argument("|");
    puts(")\n"
         "                ((i++))\n"
         "                [[ ${COMP_WORDS[i]} != = ]] || ((i++)) ;;\n"
         "            -*) ;;\n"
         "            *) command+=\"${command:+ }${COMP_WORDS[i]}\" ;;\n"
         "        esac\n"
         "    done\n"
         "    if [[ $word != -* ]]; then\n"
         "        case $command in");
    fputs("            ''|help) COMPREPLY=($(compgen -W '", stdout);
    print_groups(" ");
    puts("' -- \"$word\")) ;;");
    for (int i = TOKEN_GET; i <= SECRET_LIST; i += SECRET_LIST) {
        printf("            %s|'help %s') COMPREPLY=($(compgen -W '", commands[i].group, commands[i].group);
        print_verbs(commands[i].group, " ");
        puts("' -- \"$word\")) ;;");
    }
    puts("        esac\n        return\n    fi\n    case $command in");
    for (int i = 0; i <= COMMAND_COUNT; i++) {
        if (i == COMMAND_COUNT) fputs("        *", stdout);
        else printf("        %s'%s'*", i == TOKEN_GET ? "token|" : "", command_name(i));
        fputs(") options='", stdout);
        for (int o = 0, first = 1; o < OPTION_COUNT; o++) {
            if (!is_offered(o, i)) continue;
            printf("%s--%s", first ? "" : " ", options[o].name);
            first = 0;
        }
        puts("' ;;");
    }
    puts("    esac\n    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n}\ncomplete -F _tg_auth tg-auth");
}

/* --- zsh ------------------------------------------------------------------------------------------------ */

/* '(-H --host)'{-H,--host}'[the server]:URL:' */
static void print_zsh_option(enum option_id option, enum command_id command) {
    const struct option_row *row = &options[option];
    const char *plus = row->argument ? "+" : "", *equals = row->argument ? "=" : "", *name = row->name;
    char letter = letter_beside(option, command);
    if (option == O_ADD_HEADER && command != REQUEST) printf("'*--%s=[", name);
    else if (option == O_ADD_HEADER) printf("'*'{-%c%s,--%s%s}'[", letter, plus, name, equals);
    else if (letter) printf("'(-%c --%s)'{-%c%s,--%s%s}'[", letter, name, letter, plus, name, equals);
    else printf("'--%s%s[", name, equals);
    for (const char *at = row->help; *at; at++) {
        if (*at == '\'') fputs("'\\''", stdout);
        else if (strchr("[]:\\", *at)) printf("\\%c", *at);
        else putchar(*at);
    }
    putchar(']');
    if (row->argument) printf(":%s:", row->argument);
    if (*row->values) printf("(%s)", row->values);
    else if (row->argument && strcmp(row->argument, "FILE") == 0) fputs("_files", stdout);
    fputs("'\n", stdout);
}

/* The words of commands with what they do, 'get:print a token'. */
static void print_zsh_words(const char *group) {
    const char *before = "";
    for (int i = 0; i < COMMAND_COUNT; i++) {
        const char *word = group ? commands[i].verb : commands[i].group;
        if (group ? strcmp(group, commands[i].group) != 0 : strcmp(before, word) == 0) continue;
        printf(" '%s:", word);
        print_quoted(!group && *commands[i].verb ? "get, check and more: see the second word" : commands[i].help);
        putchar('\'');
        before = word;
    }
}

void print_zsh(void) {
    fputs("#compdef tg-auth\n"
          "# Completions of tg-auth for zsh, printed by: tg-auth help --completion zsh\n"
          "_tg_auth_words() {\n"
          "    local -a found\n"
          "    case $command in\n"
          "        ''|help) found=(", stdout);
    print_zsh_words(NULL);
    puts(") ;;");
    for (int i = TOKEN_GET; i <= SECRET_LIST; i += SECRET_LIST) {
        printf("        %s|'help %s') found=(", commands[i].group, commands[i].group);
        print_zsh_words(commands[i].group);
        puts(") ;;");
    }
    fputs("    esac\n"
          "    _describe -t commands command found\n"
          "}\n"
          "_tg_auth() {\n"
          "    local command= i\n"
          "    local -a found\n"
          "    for ((i = 2; i < CURRENT; i++)); do\n"
          "        case $words[i] in\n"
          "            ", stdout);
    print_with_argument("|");
    puts(") ((i++)) ;;\n"
         "            -*) ;;\n"
         "            *) command+=\"${command:+ }$words[i]\" ;;\n"
         "        esac\n"
         "    done\n"
         "    case $command in");
    for (int i = 0; i <= COMMAND_COUNT; i++) {
        if (i == COMMAND_COUNT) fputs("        *", stdout);
        else printf("        %s'%s'*", i == TOKEN_GET ? "token|" : "", command_name(i));
        puts(") found=(");
        for (int o = 0; o < OPTION_COUNT; o++) {
            if (is_offered(o, i)) print_zsh_option(o, i);
        }
        puts("        ) ;;");
    }
    puts("    esac\n    _arguments -s -S : $found '*: :_tg_auth_words'\n}\n_tg_auth \"$@\"");
}

/* --- fish ----------------------------------------------------------------------------------------------- */

static void print_fish_option(enum option_id option) {
    const struct option_row *row = &options[option];
    fputs("complete -c tg-auth -n '__tg_auth_is \"\"", stdout);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (!belongs_to(option, i)) continue;
        printf(" \"%s\"", command_name(i));
        if (i == TOKEN_GET) fputs(" token", stdout);
    }
    printf("' -l %s", row->name);
    if (row->letter) printf(" -s %c", row->letter);
    if (*row->values) printf(" -x -a '%s'", row->values);
    else if (row->argument) fputs(strcmp(row->argument, "FILE") == 0 ? " -r -F" : " -x", stdout);
    fputs(" -d '", stdout);
    for (const char *at = row->help; *at; at++) printf(*at == '\'' ? "\\'" : "%c", *at);
    puts("'");
}

void print_fish(void) {
    fputs("# Completions of tg-auth for fish, printed by: tg-auth help --completion fish\n"
          "# The command so far, without options and what belongs to them.\n"
          "function __tg_auth_command\n"
          "    set -l found\n"
          "    set -l skip 0\n"
          "    for word in (commandline -opc)[2..-1]\n"
          "        if test $skip = 1\n"
          "            set skip 0\n"
          "            continue\n"
          "        end\n"
          "        switch $word\n"
          "            case ", stdout);
    print_with_argument(" ");
    puts("\n"
         "                set skip 1\n"
         "            case '-*'\n"
         "            case '*'\n"
         "                set -a found $word\n"
         "        end\n"
         "    end\n"
         "    string join ' ' $found[1..2]\n"
         "end\n"
         "function __tg_auth_is\n"
         "    set -l command (__tg_auth_command)\n"
         "    contains -- \"$command\" $argv\n"
         "    or begin\n"
         "        set -l first (string split -f 1 ' ' -- \"$command\")\n"
         "        contains -- \"$first\" url request server doctor version help; and contains -- \"$first\" $argv\n"
         "    end\n"
         "end\n"
         "complete -c tg-auth -f");
    fputs("complete -c tg-auth -n '__tg_auth_is \"\"' -a '", stdout);
    print_groups(" ");
    puts("'");
    fputs("complete -c tg-auth -n 'test \"$(__tg_auth_command)\" = help' -a '", stdout);
    print_groups(" ");
    puts("'");
    for (int i = TOKEN_GET; i <= SECRET_LIST; i += SECRET_LIST) {
        const char *group = commands[i].group;
        printf("complete -c tg-auth -n 'contains -- \"$(__tg_auth_command)\" %s \"help %s\"' -a '", group, group);
        print_verbs(group, " ");
        puts("'");
    }
    for (int i = 0; i < OPTION_COUNT; i++) print_fish_option(i);
}
