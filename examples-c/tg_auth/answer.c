/* tg-auth doctor --contract: the report. Of an answer it has the HTTP status, the names of members that are known, the
 * forms of values, codes of the form REST-12345, and phrases that are known; never a text of the server. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

/* Members of answers that documents name. Others are counted. */
static const char *const known_members[] = {
    "version", "code", "expiration", "error", "message", "results", "token", "tokens", "secret", "alias", "value",
    "edition", "api", "schema", "graph", "user", "lifetime", "status",
};

/* What is looked for in a message: phrases of documents and of other clients. */
static const char *const known_phrases[] = {
    "Authentication failed.", "Access Denied", "is empty or too short", "is invalid.", "is not in correct format",
    "expire", "Endpoint is not found", "not found", "already exists", "audience", "No Token Found",
    "Generate new token", "Generate new JWT token", "Refresh token successfully", "Drop token successfully",
    "Successfully dropped", "Successfully removed", "verification succeed", "pong", "Hello GSQL", "successfully authored",
    "The request was rejected", "Client certificate verification failed", "Failed to", "does not exist", "not valid",
    "invalid", "permission", "privilege", "Wrong password", "too many", "GSQL version:", "GLE-", "stand-in:",
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

const char *status_text(const struct answer *answer) {
    static char text[16];
    if (!answer->status) return "";
    snprintf(text, sizeof text, "%d", answer->status);
    return text;
}

static struct json body_of(const struct answer *answer) {
    return answer->body ? (struct json){answer->body, answer->body + answer->length} : (struct json){NULL, NULL};
}

static size_t blanks_before(const struct answer *answer) {
    return answer->body ? strspn(answer->body, " \t\r\n") : 0;
}

int is_json(const struct answer *answer) { return answer->body && answer->body[blanks_before(answer)] == '{'; }

struct json member_of(const struct answer *answer, const char *name) {
    struct json none = {NULL, NULL};
    if (!is_json(answer)) return none;
    struct json found = json_member(body_of(answer), name);
    if (found.at) return found;
    struct json results = json_member(body_of(answer), "results");
    return results.at && *results.at == '{' ? json_member(results, name) : none;
}

static int says_error(const struct answer *answer) {
    struct json error = is_json(answer) ? json_member(body_of(answer), "error") : (struct json){NULL, NULL};
    return json_is(error, "true") || json_is(error, "\"true\"");
}

int is_success(const struct answer *answer) {
    return answer->status >= 200 && answer->status < 300 && !*answer->reason && !says_error(answer);
}

int is_refusal(const struct answer *answer) { return answer->status != 0 && !is_success(answer); }

static int has(struct json text, const char *phrase) {
    size_t length = strlen(phrase);
    for (const char *at = text.at; at && (size_t)(text.end - at) >= length; at++) {
        if (memcmp(at, phrase, length) == 0) return 1;
    }
    return 0;
}

static void print_phrases(struct json text) {
    const char *separator = " with \"";
    for (size_t i = 0; i < COUNT(known_phrases); i++) {
        if (!has(text, known_phrases[i])) continue;
        printf("%s%s", separator, known_phrases[i]);
        separator = "\", \"";
    }
    if (*separator == '"') putchar('"');
}

/* REST- and one to five digits. */
static int is_code(struct json value) {
    size_t length = (size_t)(value.end - value.at);
    if (length < 8 || length > 12 || memcmp(value.at, "\"REST-", 6) != 0 || value.end[-1] != '"') return 0;
    return strspn(value.at + 6, "0123456789") == length - 7;
}

/* "Fri Dec 20 09:07:39 UTC 2024", of any time and zone. */
static int is_date(struct json value) {
    size_t length = (size_t)(value.end - value.at);
    return length >= 26 && length <= 34 && value.at[4] == ' ' && value.at[8] == ' ' && value.at[14] == ':' &&
           value.at[17] == ':';
}

/* The form of a value. */
static void print_form(struct json value) {
    size_t length = (size_t)(value.end - value.at);
    if (json_is(value, "true") || json_is(value, "false") || json_is(value, "null")) printf("%.*s", (int)length, value.at);
    else if (json_is(value, "\"true\"") || json_is(value, "\"false\"")) printf("the text %.*s", (int)length, value.at);
    else if (json_is(value, "0") || json_is(value, "-1")) printf("%.*s", (int)length, value.at);
    else if (*value.at == '"' && is_code(value)) printf("%.*s", (int)length - 2, value.at + 1);
    else if (*value.at == '"' && is_date(value)) printf("date");
    else if (*value.at == '"') printf("text of %zu", length > 1 ? length - 2 : 0);
    else if (*value.at == '[') printf("list of %zu", json_count(value));
    else if (*value.at == '{') printf("object");
    else printf("number of %zu digits", strspn(value.at, "0123456789"));
}

static int is_known(struct json name) {
    for (size_t i = 0; i < COUNT(known_members); i++) {
        size_t length = strlen(known_members[i]);
        if ((size_t)(name.end - name.at) == length + 2 && memcmp(name.at + 1, known_members[i], length) == 0) return 1;
    }
    return 0;
}

/* The members of an object; those of results as well, in brackets. */
static void print_members(struct json object, int is_inner) {
    struct json rest = json_members(object.at, (size_t)(object.end - object.at)), name, value;
    size_t others = 0;
    const char *separator = "";
    while (json_next(&rest, &name, &value)) {
        if (!is_known(name)) {
            others++;
            continue;
        }
        printf("%s%.*s: ", separator, (int)(name.end - name.at) - 2, name.at + 1);
        print_form(value);
        separator = ", ";
        if (json_is(name, "\"message\"")) print_phrases(value);
        if (is_inner || !json_is(name, "\"results\"") || *value.at != '{') continue;
        fputs(" (", stdout);
        print_members(value, 1);
        putchar(')');
    }
    if (others) printf("%s%zu other members", separator, others);
}

void print_answer_form(const struct answer *answer) {
    if (answer->status) printf("HTTP %d", answer->status);
    else printf("no answer");
    if (*answer->reason) printf(", read as %s", answer->reason);
    if (!answer->body) return;
    char first = answer->body[blanks_before(answer)];
    if (is_json(answer)) {
        fputs(", JSON with ", stdout);
        print_members(body_of(answer), 0);
    } else if (!answer->length) {
        fputs(", empty", stdout);
    } else {
        printf(first == '<' ? ", a page" : ", a text of %zu bytes", answer->length);
        if (first != '<') print_phrases(body_of(answer));
    }
}

void begin_line(const struct question *question) { printf("%-5s | %s | ", question->row, question->what); }

/* The positions that the stand-in has; a server may have others, and they are no positions of its switches. */
static const struct {
    const char *name, *positions;
} switches[] = {
    {"wrong-secret", "200 401"}, {"wrong-secret-c", "400 401"}, {"lifetime-above", "clamp refuse"},
    {"lifetime-unit", "seconds milliseconds"}, {"post-reply", "real documented"},
    {"no-endpoint", "404 200"}, {"unknown-graph", "400 404"}, {"delete-form", "secret"}, {"failed-check", "200 401"},
    {"jwt-after-drop", "valid refused"}, {"list-shape", "list object"}, {"refusals", "403-401 401-403 200"},
    {"jwt-refusal", "401 403"}, {"gsqlserver-on-c", "404 works"}, {"port-9000-on-c", "closed open"},
    {"control-lines-on-c", "absent present"}, {"version-4.0", "b c"}, {"fresh-token", "at-once delayed"},
};

static int is_position(const char *name, const char *position) {
    for (size_t i = 0; i < COUNT(switches); i++) {
        if (strcmp(switches[i].name, name) == 0) return is_in_list(switches[i].positions, position, strlen(position));
    }
    return 0;
}

void end_line(struct contract *contract, const char *name, const char *position) {
    printf(" | ");
    if (!name || !position || !*position) {
        puts("-");
        return;
    }
    printf("%s=%s\n", name, position);
    size_t length = strlen(contract->switches);
    if (!is_position(name, position)) return;
    snprintf(contract->switches + length, sizeof contract->switches - length, " %s=%s", name, position);
}

void tell(struct contract *contract, const struct question *question, const struct answer *answer, const char *name,
          const char *position) {
    begin_line(question);
    print_answer_form(answer);
    end_line(contract, name, position);
}

/* --- What is sent ----------------------------------------------------------------------------------------- */

static const char *generations_text(unsigned generations) {
    switch (generations) {
    case GEN_A: return "2.x to 3.4";
    case GEN_B: return "3.5 to 3.11";
    case GEN_C: return "4.1 and later";
    case GEN_A | GEN_B: return "before 4.1";
    case GEN_B | GEN_C: return "3.5 and later";
    default: return "every version";
    }
}

/* Whether an earlier row has printed the same. */
static int is_printed(size_t index) {
    const struct question *row = &questions[index];
    for (size_t i = 0; i < index; i++) {
        const struct question *other = &questions[i];
        if (strcmp(row->method, other->method) == 0 && strcmp(row->server, other->server) == 0 &&
            strcmp(row->path, other->path) == 0 && strcmp(row->credential, other->credential) == 0 &&
            row->generations == other->generations && row->need == other->need) return 1;
    }
    return 0;
}

void print_requests(int creates) {
    puts("These requests are sent, those of the server's version, some of them more than once:");
    for (size_t i = 0; i < question_count; i++) {
        const struct question *row = &questions[i];
        if ((row->need == OWN_SECRET && !creates) || is_printed(i)) continue;
        printf("  %-6s %-7s %-28s | %-13s | %s\n", row->method, row->server, row->path, generations_text(row->generations),
               row->credential);
    }
}

/* What cannot be asked without harm, or not at all. */
static const char *const not_asked[][2] = {
    {"3", "from 4.1 on a long lifetime: nobody can take such a token back"},
    {"6", "the library does not tell where in the answer to a request with a password the token was"},
    {"8", "a request without a graph may make a token that nobody can delete"},
    {"10", "only a replica of another region can answer it"},
    {"13", "only with REST++ authentication off, which is the administrator's to change"},
    {"14", "it would need tens of thousands of tokens"},
    {"16", "no server before 2.4.1 is supported"},
    {"23", "it would make tokens valid again that somebody has deleted"},
    {"25", "it would remove what belongs to the user"},
    {"27", "the library reads the text and does not show it"},
    {"30", "it would need several secrets, and the library sends one name at a time"},
    {"31", "the library decides by the text"},
    {"32", "it would create secrets whose aliases could not be dropped"},
    {"41", "it would lock an account"},
    {"48", "a credential must not be sent to port 80"},
};

void print_not_asked(void) {
    puts("\nNot asked:");
    for (size_t i = 0; i < COUNT(not_asked); i++) printf("%-5s | %s\n", not_asked[i][0], not_asked[i][1]);
}
