/* tg-auth: what the server is, and whether everything works. */
#include "tg-auth.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int server(tg_conn *conn, char **words, size_t count, const struct given *given) {
    tg_error *error = NULL;
    int32_t major = 0, minor = 0, patch = 0;
    (void)words, (void)count;
    if (tg_server_version(conn, &major, &minor, &patch, &error) != TG_STATUS_OK) return failed(error, given);
    const char *form = given->value[O_JSON] ? "{\"version\":\"%" PRId32 ".%" PRId32 ".%" PRId32 "\"}\n"
                                            : "%" PRId32 ".%" PRId32 ".%" PRId32 "\n";
    printf(form, major, minor, patch);
    return TG_STATUS_OK;
}

/* What the report names as the failure; nowhere if it names none. */
static struct json failure_of(const tg_report *report) {
    const char *text = tg_report_json(report);
    return json_member((struct json){text, text + strlen(text)}, "failure");
}

/* The number of the status that the report names, 0 if it names none. */
static int status_of(const tg_report *report) {
    struct json found = json_member(failure_of(report), "status");
    if (!found.at) return TG_STATUS_OK;
    for (int status = 1; strcmp(tg_status_name(status), "UNKNOWN") != 0; status++) {
        size_t length = strlen(tg_status_name(status));
        int is_as_long = (size_t)(found.end - found.at) == length + 2;
        if (is_as_long && memcmp(found.at + 1, tg_status_name(status), length) == 0) return status;
    }
    return TG_STATUS_INTERNAL;
}

/* Whether a server that is starting may be the cause. Before it listens its port is closed, or its machine is not there;
 * what stands in front of it may take connections and give them up. */
static int may_pass(const tg_report *report, int status) {
    static const char *const reasons[] = {
        "\"connect.refused\"", "\"connect.unreachable\"", "\"connect.reset\"", "\"connect.closed\"",
    };
    struct json reason = json_member(failure_of(report), "reason");
    if (status == TG_STATUS_UNAVAILABLE || status == TG_STATUS_TIMEOUT) return 1;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (json_is(reason, reasons[i])) return 1;
    }
    return 0;
}

/* A line of the settings, "  name value  (from)", as it was written on the command line or in the environment. */
static void print_setting(const char *line, size_t length) {
    const char *name = line + strspn(line, " "), *end = line + length;
    size_t name_length = strcspn(name, " \n");
    const char *value = name + name_length + strspn(name + name_length, " "), *from = end;
    while (from > value && strncmp(from, "  (", 3) != 0) from--;
    const char *word = word_for_setting(name, name_length);
    int is_given = strncmp(from, "  (program)", 11) == 0, is_default = strncmp(from, "  (default)", 11) == 0;
    if (!word || from == value) {
        printf("%.*s\n", (int)length, line);
        return;
    }
    const char *variable = from + 3;
    size_t variable_length = strcspn(variable, " )");
    if (is_given || is_default) printf("  %-20s ", word);
    else printf("  %-20.*s ", (int)variable_length, variable);
    int is_time = name_length > 3 && memcmp(name + name_length - 3, "_ms", 3) == 0;
    if (is_time) printf("%g", (double)atoll(value) / 1000);
    else printf("%.*s", (int)(from - value), value);
    const char *file = variable + variable_length;
    if (!is_given && !is_default && *file == ' ') printf("  (%.*s\n", (int)(end - file - 1), file + 1);
    else puts(is_given ? "  (option)" : is_default ? "  (default)" : "  (environment)");
}

/* The first line is the verdict, the last part the settings. */
static void print_text(const char *text, int colour) {
    static const char heading[] = "\nSettings\n";
    size_t verdict = strcspn(text, "\n");
    const char *settings = strstr(text, heading);
    size_t length = settings ? (size_t)(settings - text) + sizeof heading - 1 : strlen(text);
    if (colour) printf("\033[%dm%.*s\033[0m%.*s", colour, (int)verdict, text, (int)(length - verdict), text + verdict);
    else printf("%.*s", (int)length, text);
    for (const char *line = text + length; *line;) {
        size_t end = strcspn(line, "\n");
        print_setting(line, end);
        line += end + (line[end] == '\n');
    }
}

static void print_report(const tg_report *report, int status, int is_json) {
    char *words = in_own_words(is_json ? tg_report_json(report) : tg_report_text(report), is_json);
    int colour = !is_colourful(stdout) ? 0 : status == TG_STATUS_OK ? 32 : 31;
    if (words && is_json) puts(words);
    else if (words) print_text(words, colour);
    free(words);
}

static void print_verdict(const tg_report *report) {
    char *words = in_own_words(tg_report_text(report), 0);
    if (words) fprintf(stderr, "tg-auth: %.*s\n", (int)strcspn(words, "\n"), words);
    free(words);
}

int doctor(tg_conn *conn, char **words, size_t count, const struct given *given) {
    const char *trouble;
    int64_t until = now_ms() + (given->value[O_WAIT] ? milliseconds(given->value[O_WAIT], &trouble) : 0);
    (void)words, (void)count;
    if (given->value[O_CREATE]) return wrong("--create needs --contract", "");
    for (;;) {
        tg_error *error = NULL;
        tg_report *report = NULL;
        uint32_t flags = given->value[O_OFFLINE] ? TG_REPORT_OFFLINE : 0;
        if (tg_diagnose(conn, flags, &report, &error) != TG_STATUS_OK) return failed(error, given);
        int status = status_of(report);
        int64_t left = until - now_ms();
        int waits = left > 0 && may_pass(report, status);
        if (waits) print_verdict(report);
        else print_report(report, status, given->value[O_JSON] != NULL);
        tg_report_free(report);
        if (!waits) return status;
        sleep_ms(left > 5000 ? 5000 : left);
    }
}
