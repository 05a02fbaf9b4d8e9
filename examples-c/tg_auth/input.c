/* tg-auth: a credential in a file or on standard input, whatever that is. */
#include "tg-auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void wipe(void *memory, size_t size) {
    volatile unsigned char *at = memory;
    while (size--) *at++ = 0;
}

int is_input(const char *file) { return file && strcmp(file, "-") == 0; }

int unreadable(enum option_id option, const char *file, const char *trouble) {
    fprintf(stderr, "tg-auth: --%s: ", options[option].name);
    tell_given("", is_input(file) ? "standard input" : file, ": ");
    fprintf(stderr, "%s\n", trouble);
    return UNREADABLE;
}

/* Takes away the byte order mark that Windows writes before a text; how long that was. */
static size_t without_mark(struct line *line, size_t length) {
    static const char mark[] = "\xef\xbb\xbf";
    size_t size = sizeof mark - 1;
    if (length < size || memcmp(line->text, mark, size) != 0) return 0;
    memmove(line->text, line->text + size, length - size + 1);
    return size;
}

/* One byte at a time, so that what follows the line is left for others. */
static const char *read_from(int descriptor, struct line *line) {
    size_t length = 0;
    ptrdiff_t count;
    char byte = 0;
    while ((count = read_some(descriptor, &byte, 1)) == 1 && byte != '\n') {
        if (!byte) return "holds a NUL byte";
        if (length == LINE_LIMIT) return "is longer than 64 KiB";
        line->text[length++] = byte;
    }
    if (count < 0) return strerror(errno);
    if (length && line->text[length - 1] == '\r') length--;
    line->text[length] = '\0';
    length -= without_mark(line, length);
    return length ? NULL : "is empty";
}

static int open_file(const char *path) { return is_input(path) ? STANDARD_INPUT : open_to_read(path); }

const char *read_line(const char *path, const char *what, struct line *line) {
    int descriptor = open_file(path);
    if (descriptor < 0) return strerror(errno);
    int is_hidden = is_input(path) && hide_typing(what);
    const char *trouble = read_from(descriptor, line);
    if (is_hidden) show_typing();
    if (!is_input(path)) close_file(descriptor);
    if (trouble) wipe(line, sizeof *line);
    return trouble;
}

const char *read_all(const char *path, char **content, size_t *length) {
    int descriptor = open_file(path);
    size_t size = 0;
    ptrdiff_t count = 1;
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
    if (!is_input(path)) close_file(descriptor);
    if (trouble) free(*content);
    return trouble;
}
