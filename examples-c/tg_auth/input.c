/* tg-auth: a credential in a file or on standard input, whatever that is. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* sigaction, O_CLOEXEC */
#endif
#include "tg-auth.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

void wipe(void *memory, size_t size) {
    volatile unsigned char *at = memory;
    while (size--) *at++ = 0;
}

static struct termios shown;
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define SIGNAL_COUNT (sizeof signals / sizeof *signals)

/* The terminal shows what is typed again before the program ends. */
static void end_by_signal(int number) {
    tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    signal(number, SIG_DFL);
    raise(number);
}

/* Whether standard input is a terminal, which from now on does not show what is typed. */
static int hide_typing(const char *what, struct sigaction *before) {
    if (tcgetattr(STDIN_FILENO, &shown) != 0) return 0;
    struct sigaction action = {.sa_handler = end_by_signal};
    for (size_t i = 0; i < SIGNAL_COUNT; i++) sigaction(signals[i], &action, &before[i]);
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fprintf(stderr, "%s: ", what);
    return 1;
}

static void show_typing(const struct sigaction *before) {
    tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) sigaction(signals[i], &before[i], NULL);
    fputc('\n', stderr);
}

int is_input(const char *file) { return file && strcmp(file, "-") == 0; }

int unreadable(enum option_id option, const char *file, const char *trouble) {
    fprintf(stderr, "tg-auth: --%s: %s: %s\n", options[option].name, is_input(file) ? "standard input" : file, trouble);
    return UNREADABLE;
}

/* At most this many bytes; 0 at the end, -1 if it cannot be read. */
static ssize_t read_some(int descriptor, char *bytes, size_t most) {
    for (;;) {
        ssize_t count = read(descriptor, bytes, most);
        if (count >= 0) return count;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd asked = {.fd = descriptor, .events = POLLIN};
            poll(&asked, 1, -1);
        } else if (errno != EINTR) {
            return -1;
        }
    }
}

/* One byte, so that what follows the line is left for others; 0 at the end, -1 if it cannot be read. */
static int read_byte(int descriptor, char *byte) { return (int)read_some(descriptor, byte, 1); }

static const char *read_from(int descriptor, struct line *line) {
    size_t length = 0;
    int count;
    char byte = 0;
    while ((count = read_byte(descriptor, &byte)) == 1 && byte != '\n') {
        if (!byte) return "holds a NUL byte";
        if (length == LINE_LIMIT) return "is longer than 64 KiB";
        line->text[length++] = byte;
    }
    if (count < 0) return strerror(errno);
    if (length && line->text[length - 1] == '\r') length--;
    line->text[length] = '\0';
    return length ? NULL : "is empty";
}

static int open_file(const char *path) {
    return is_input(path) ? STDIN_FILENO : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
}

const char *read_line(const char *path, const char *what, struct line *line) {
    struct sigaction before[SIGNAL_COUNT];
    int descriptor = open_file(path);
    if (descriptor < 0) return strerror(errno);
    int is_hidden = is_input(path) && hide_typing(what, before);
    const char *trouble = read_from(descriptor, line);
    if (is_hidden) show_typing(before);
    if (!is_input(path)) close(descriptor);
    if (trouble) wipe(line, sizeof *line);
    return trouble;
}

const char *read_all(const char *path, char **content, size_t *length) {
    int descriptor = open_file(path);
    size_t size = 0;
    ssize_t count = 1;
    if (descriptor < 0) return strerror(errno);
    *content = NULL;
    *length = 0;
    while (count > 0) {
        if (*length == size) {
            char *larger = realloc(*content, size = size ? 2 * size : 65536);
            if (!larger) break;
            *content = larger;
        }
        count = read_some(descriptor, *content + *length, size - *length);
        if (count > 0) *length += (size_t)count;
    }
    const char *trouble = count ? strerror(errno) : NULL;
    if (!is_input(path)) close(descriptor);
    if (trouble) free(*content);
    return trouble;
}
