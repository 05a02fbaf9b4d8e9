/* tg-auth: what it prints, and the failures of printing, which are never success. */
#include "tg-auth.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of standard output: wiped when all was written, because there are tokens and secrets in it. */
static char buffer[BUFSIZ];
static int was_open;
static char lost[512];

void begin_output(int is_open) {
    was_open = is_open;
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
}

int output_trouble(void) { return was_open ? refusal_of_output() : EBADF; }

int unwritten(int number) {
    fprintf(stderr, "tg-auth: standard output cannot be written: %s\n", strerror(number));
    return UNWRITTEN;
}

void remember_lost(const char *what, const char *alias, const char *advice) {
    snprintf(lost, sizeof lost, "tg-auth: %s %s, and its value is lost with what could not be written.\ntg-auth: %s\n",
             what, alias, advice);
}

int written(int code) {
    int trouble = was_open ? 0 : EBADF;
    errno = EIO;
    if (was_open && ferror(stdout)) trouble = output_trouble() ? output_trouble() : EIO;
    /* Some file systems tell only here that the disk is full. */
    errno = EIO;
    if (was_open && fclose(stdout) != 0) trouble = errno;
    wipe(buffer, sizeof buffer);
    if (!trouble) return code;
    unwritten(trouble);
    fputs(lost, stderr);
    return code == TG_STATUS_OK ? UNWRITTEN : code;
}

/* The length of the UTF-8 sequence that begins here; 0: there is none. */
static size_t utf8_length(const unsigned char *at, size_t left) {
    size_t length = *at < 0x80 ? 1 : *at < 0xC2 ? 0 : *at < 0xE0 ? 2 : *at < 0xF0 ? 3 : *at < 0xF5 ? 4 : 0;
    if (length > left) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) return 0;
    }
    int is_short = (*at == 0xE0 && at[1] < 0xA0) || (*at == 0xF0 && at[1] < 0x90);
    int is_none = (*at == 0xED && at[1] >= 0xA0) || (*at == 0xF4 && at[1] >= 0x90);
    return is_short || is_none ? 0 : length;
}

void print_json_bytes(const char *bytes, size_t length) {
    const unsigned char *at = (const unsigned char *)bytes, *end = at + length;
    putchar('"');
    while (at < end) {
        size_t count = utf8_length(at, (size_t)(end - at));
        if (*at == '"' || *at == '\\') printf("\\%c", *at);
        else if (*at < 0x20) printf("\\u%04x", *at);
        else if (count) fwrite(at, 1, count, stdout);
        else fputs("\xEF\xBF\xBD", stdout);
        at += count ? count : 1;
    }
    putchar('"');
}

void print_json_text(const char *text) { print_json_bytes(text, strlen(text)); }

void print_json_member(const char *name, const char *text) {
    print_json_text(name);
    putchar(':');
    print_json_text(text);
}

/* Bytes that mean a control character, from here on; 0: there is none. */
static size_t control_length(const unsigned char *at) {
    if (*at < 0x20 || *at == 0x7F) return 1;
    return at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0 ? 2 : 0;
}

void tell_given(const char *before, const char *given, const char *after) {
    fputs(before, stderr);
    for (const unsigned char *at = (const unsigned char *)given; *at;) {
        size_t controls = control_length(at);
        if (!controls) fputc(*at++, stderr);
        for (; controls; controls--) fprintf(stderr, "\\%03o", *at++);
    }
    fputs(after, stderr);
}

/* Colours only on a terminal, and not if NO_COLOR is set. */
int is_colourful(FILE *stream) {
    const char *no_colour = getenv("NO_COLOR");
    return shows_colours(stream) && !(no_colour && *no_colour);
}

void log_line(int32_t level, const char *message, void *unused) {
    static const char *const names[] = {"", "error", "warning", "info", "debug"};
    char *words = in_own_words(message, 0);
    (void)unused;
    fprintf(stderr, "tg-auth: %s: %s\n", level >= 1 && level <= 4 ? names[level] : "log", words ? words : message);
    free(words);
}

static void print_failure(const char *reason, const char *message, const char *hint, int64_t retry_after_ms) {
    const char *red = is_colourful(stderr) ? "\033[31m" : "", *plain = *red ? "\033[0m" : "";
    fprintf(stderr, "tg-auth: %s%s%s (%s)\n", red, message, plain, reason);
    if (*hint) fprintf(stderr, "tg-auth: %s\n", hint);
    if (retry_after_ms > 0) fprintf(stderr, "tg-auth: It asks to wait %g s.\n", (double)((retry_after_ms + 999) / 1000));
}

static void print_json_failure(int status, const char *reason, const char *message, const char *hint, int64_t wait) {
    printf("{\"error\":{");
    print_json_member("status", tg_status_name(status));
    putchar(',');
    print_json_member("reason", reason);
    putchar(',');
    print_json_member("message", message);
    putchar(',');
    print_json_member("hint", hint);
    if (wait >= 0) printf(",\"retry_after_ms\":%" PRId64, wait);
    printf("}}\n");
}

static int tell(int status, const char *reason, const char *message, const char *hint, int64_t wait, int json) {
    if (json) print_json_failure(status, reason, message, hint, wait);
    /* Where JSON cannot be written, the failure is told all the same. */
    if (!json || fflush(stdout) != 0) print_failure(reason, message, hint, wait);
    return status;
}

int failed_with(int status, const char *reason, const char *message, const char *hint, const struct given *given) {
    return tell(status, reason, message, hint, -1, given->value[O_JSON] != NULL);
}

int failed(tg_error *error, const struct given *given) {
    char *message = in_own_words(tg_error_message(error), 0), *hint = in_own_words(tg_error_hint(error), 0);
    /* Of a refused login it is the time until a program that goes on would try again. */
    int64_t wait = tg_error_status(error) == TG_STATUS_UNAVAILABLE ? tg_error_retry_after_ms(error) : -1;
    int status = tell(tg_error_status(error), tg_error_reason(error), message ? message : "", hint ? hint : "", wait,
                      given->value[O_JSON] != NULL);
    free(message);
    free(hint);
    tg_error_free(error);
    return status;
}

int wrong(const char *what, const char *which) {
    fprintf(stderr, "tg-auth: %s", what);
    tell_given("", which, "\nTry tg-auth --help.\n");
    return USAGE;
}
