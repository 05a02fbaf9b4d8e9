/* tg-auth: looks at JSON that a server sent, where it stands. It reads what it can of what is cut off or not quite JSON,
 * such as the raw line breaks in the answer to /version. */
#include "tg-auth.h"

#include <string.h>

/* The end of the text that begins here, behind its quotation mark. */
static const char *end_of_text(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\') at++;
    }
    return at < end ? at + 1 : end;
}

static int is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

static const char *skip_blanks(const char *at, const char *end) {
    while (at < end && is_blank(*at)) at++;
    return at;
}

/* The end of the value that begins here. */
static const char *end_of_value(const char *at, const char *end) {
    int depth = 0;
    while (at < end) {
        int closes = *at == '}' || *at == ']';
        if (depth == 0 && (closes || *at == ',' || is_blank(*at))) return at;
        if (*at == '"') {
            at = end_of_text(at, end);
            if (depth == 0) return at;
            continue;
        }
        depth += (*at == '{' || *at == '[') - closes;
        at++;
        if (depth == 0 && closes) return at;
    }
    return end;
}

/* What is behind the opening bracket; nothing if it begins with another character. */
static struct json opened(struct json value, char bracket) {
    value.at = skip_blanks(value.at, value.end);
    if (value.at < value.end && *value.at == bracket) value.at++;
    else value.at = value.end;
    return value;
}

struct json json_members(const char *text, size_t length) { return opened((struct json){text, text + length}, '{'); }

int json_next(struct json *rest, struct json *name, struct json *value) {
    const char *end = rest->end, *at = skip_blanks(rest->at, end);
    if (at < end && *at == ',') at = skip_blanks(at + 1, end);
    if (at >= end || *at != '"') return 0;
    *name = (struct json){at, end_of_text(at, end)};
    at = skip_blanks(name->end, end);
    if (at >= end || *at != ':') return 0;
    at = skip_blanks(at + 1, end);
    *value = (struct json){at, end_of_value(at, end)};
    rest->at = value->end;
    return 1;
}

struct json json_member(struct json object, const char *name) {
    struct json rest = opened(object, '{'), found, value;
    while (json_next(&rest, &found, &value)) {
        size_t length = strlen(name);
        if ((size_t)(found.end - found.at) == length + 2 && memcmp(found.at + 1, name, length) == 0) return value;
    }
    return (struct json){NULL, NULL};
}

size_t json_count(struct json list) {
    struct json rest = opened(list, '[');
    const char *at = skip_blanks(rest.at, rest.end);
    size_t count = 0;
    while (at < rest.end && *at != ']') {
        const char *next = end_of_value(at, rest.end);
        if (next == at) break;
        count++;
        at = skip_blanks(next, rest.end);
        if (at < rest.end && *at == ',') at = skip_blanks(at + 1, rest.end);
    }
    return count;
}

int json_is(struct json value, const char *text) {
    size_t length = strlen(text);
    return value.at && (size_t)(value.end - value.at) == length && memcmp(value.at, text, length) == 0;
}
