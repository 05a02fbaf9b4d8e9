/* tg-auth: another secret in place of one that programs read from a file. Each step may fail, and the same command
 * goes on from there:
 *
 *     a note beside the file says which secret is being made, so that no other one is taken for it
 *     the new secret is created, and a token is got with it
 *     the file gets it, all at once, and a token is got with what the file holds then
 *     after a while, in which programs have read the file, the old secret is dropped
 *
 * Nothing is written into a file that holds neither of the two, and the old secret is dropped only when the file
 * holds the new one. */
#include "tg-auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALIAS_LIMIT 128
#define PATH_LIMIT 4096
/* Tokens that only show that a secret is good live for so many seconds. */
#define SHORT_LIFETIME 60
/* The usual time limit of a call: a program that has just read the old secret is done with it after this. */
#define USUAL_GRACE "30"

struct rotation {
    tg_conn *conn;
    const struct given *given;
    const char *old_alias;
    char new_alias[ALIAS_LIMIT + 16];
    char file[PATH_LIMIT];        /* without links */
    char fresh[PATH_LIMIT + 16];  /* what takes its place */
    char note[PATH_LIMIT + 16];
    int has_file, has_note, is_created, is_dropped;
    struct line held;             /* what the file holds */
    tg_secrets *old_secret, *new_secret;
};

static void say(const struct rotation *rotation, const char *what, const char *more) {
    if (rotation->given->value[O_JSON]) return;
    printf("%s%s\n", what, more);
    fflush(stdout);
}

/* How far it came, after what went wrong was told. Gives the exit code. */
static int stopped(const struct rotation *rotation, int code) {
    const char *old = rotation->old_alias, *new = rotation->new_alias;
    fprintf(stderr, "tg-auth: %s was not dropped%s%s%s.\n", old, rotation->is_created ? ", and " : "",
            rotation->is_created ? new : "", rotation->is_created ? " was created" : "");
    fprintf(stderr, "tg-auth: To go on from here, run the same again: tg-auth secret rotate %s %s\n", old, new);
    return code;
}

static int stopped_by(const struct rotation *rotation, tg_error *error) {
    return stopped(rotation, failed(error, rotation->given));
}

static int stopped_at_file(const struct rotation *rotation, const char *file) {
    const char *trouble = strerror(errno);
    tell_given("tg-auth: ", file, ": ");
    fprintf(stderr, "%s\n", trouble);
    return stopped(rotation, UNWRITTEN);
}

/* Nothing was changed by this run. */
static int refused(const struct rotation *rotation, int status, const char *reason, const char *what, const char *hint) {
    char message[2 * PATH_LIMIT];
    snprintf(message, sizeof message, "%s: %s", rotation->file, what);
    return failed_with(status, reason, message, hint, rotation->given);
}

/* "reporting_3" for "reporting_2", "reporting_2" for "reporting". */
static void name_new(struct rotation *rotation) {
    const char *old = rotation->old_alias, *line = strrchr(old, '_');
    size_t digits = line ? strspn(line + 1, "0123456789") : 0;
    int is_numbered = digits > 0 && digits < 10 && !line[1 + digits];
    int length = (int)(is_numbered ? (size_t)(line - old) : strlen(old));
    unsigned long number = is_numbered ? strtoul(line + 1, NULL, 10) + 1 : 2;
    snprintf(rotation->new_alias, sizeof rotation->new_alias, "%.*s_%lu", length, old, number);
}

/* Whether a secret as the server shows it, with stars for what it hides, is this one. */
static int is_shown_as(const tg_secrets *secret, const char *value) {
    const char *shown = tg_secrets_value(secret, 0);
    if (!secret) return 0;
    if (!tg_secrets_is_masked(secret, 0)) return strcmp(shown, value) == 0;
    size_t start = strcspn(shown, "*"), length = strlen(shown), size = strlen(value);
    size_t end = (size_t)(shown + length - strrchr(shown, '*')) - 1;
    return size >= start + end && strncmp(value, shown, start) == 0 && strcmp(value + size - end, shown + length - end) == 0;
}

/* The secret with this alias; NULL without an error: there is none. */
static tg_status find(tg_conn *conn, const char *alias, tg_secrets **secret, tg_error **error) {
    tg_status status = tg_get_secret(conn, alias, NULL, secret, error);
    if (status != TG_STATUS_NOT_FOUND || strcmp(tg_error_reason(*error), "missing.secret") != 0) return status;
    tg_error_free(*error);
    *error = NULL;
    return TG_STATUS_OK;
}

/* What the note beside the file says: 1 that this secret is being made, 0 nothing, -1 something else. */
static int read_note(const struct rotation *rotation) {
    struct line line;
    char expected[2 * ALIAS_LIMIT + 32];
    if (read_line(rotation->note, "", &line)) return 0;
    snprintf(expected, sizeof expected, "%s %s", rotation->old_alias, rotation->new_alias);
    return strcmp(line.text, expected) == 0 ? 1 : -1;
}

static int write_note(const struct rotation *rotation) {
    int note = open_new(rotation->note);
    char text[2 * ALIAS_LIMIT + 32];
    if (note < 0) return 0;
    snprintf(text, sizeof text, "%s %s\n", rotation->old_alias, rotation->new_alias);
    int is_written = write_whole(note, text, strlen(text));
    close_file(note);
    return is_written;
}

/* Whether the server gives a token for it. */
static tg_status check(const struct rotation *rotation, const char *value, tg_error **error) {
    tg_token *token = NULL;
    tg_status status = tg_get_token(rotation->conn, value, SHORT_LIFETIME, TG_TOKEN_KEEP_CURRENT, &token, error);
    tg_token_free(token);
    return status;
}

/* Makes the new secret, or takes the one that an earlier run made and handed to nobody. */
static int make(struct rotation *rotation) {
    tg_error *error = NULL;
    tg_secrets *found = rotation->new_secret;
    if (found && !tg_secrets_is_masked(found, 0)) {
        rotation->is_created = 1;
        return 0;
    }
    tg_secrets_free(found);
    rotation->new_secret = NULL;
    if (found && tg_drop_secret(rotation->conn, rotation->new_alias, NULL, TG_IGNORE_MISSING, &error) != TG_STATUS_OK) {
        return stopped_by(rotation, error);
    }
    if (found) say(rotation, rotation->new_alias, " was dropped: an earlier run created it, and its value is lost");
    if (tg_create_secret(rotation->conn, rotation->new_alias, NULL, NULL, &rotation->new_secret, &error) != TG_STATUS_OK) {
        return stopped_by(rotation, error);
    }
    rotation->is_created = 1;
    say(rotation, rotation->new_alias, " was created");
    return 0;
}

/* Writes the new secret into what takes the place of the file. */
static int write_fresh(struct rotation *rotation, int fresh) {
    tg_error *error = NULL;
    const char *value = tg_secrets_value(rotation->new_secret, 0);
    if (check(rotation, value, &error) != TG_STATUS_OK) return stopped_by(rotation, error);
    int is_written = write_whole(fresh, value, strlen(value)) && write_whole(fresh, "\n", 1);
    return is_written ? 0 : stopped_at_file(rotation, rotation->fresh);
}

/* Puts the new secret into the file, all at once. */
static int hand_over(struct rotation *rotation) {
    if (replace_file(rotation->fresh, rotation->file) != 0 || !settle_folder(rotation->file)) {
        return stopped_at_file(rotation, rotation->file);
    }
    say(rotation, rotation->file, " was replaced");
    return 0;
}

/* Programs that can read the file must be able to read the one in its place: theirs may be another user than this one. */
static int share(const struct rotation *rotation, int fresh) {
    const char *trouble = rotation->has_file ? share_like(fresh, rotation->file) : NULL;
    if (!trouble) return 0;
    return refused(rotation, TG_STATUS_INVALID_ARGUMENT, "config.file", trouble,
                   "Programs could not read the new file. Run this as the owner of the file, without an access list for "
                   "it and its folder.");
}

static int make_and_hand_over(struct rotation *rotation) {
    /* Before anything is created that there would be no place for. */
    int fresh = open_new(rotation->fresh);
    if (fresh < 0) return stopped_at_file(rotation, rotation->fresh);
    int code = share(rotation, fresh);
    int has_note = code || rotation->has_note || (write_note(rotation) && settle_folder(rotation->note));
    if (!has_note) code = stopped_at_file(rotation, rotation->note);
    if (!code) code = make(rotation);
    if (!code) code = write_fresh(rotation, fresh);
    close_file(fresh);
    if (!code) code = hand_over(rotation);
    if (code) remove_file(rotation->fresh);
    return code;
}

static void wait_for_readers(const struct rotation *rotation) {
    const char *wrong, *text = rotation->given->value[O_GRACE];
    int64_t ms = milliseconds(text ? text : USUAL_GRACE, &wrong);
    if (ms) say(rotation, "waiting for programs that have just read the old one: seconds ", text ? text : USUAL_GRACE);
    sleep_ms(ms);
}

/* The file holds the new secret: nobody needs the old one any more. */
static int finish(struct rotation *rotation) {
    tg_error *error = NULL;
    size_t dropped = 0;
    const char *trouble = read_line(rotation->file, "", &rotation->held);
    if (trouble || (rotation->new_secret && !is_shown_as(rotation->new_secret, rotation->held.text))) {
        return stopped(rotation, refused(rotation, TG_STATUS_INVALID_ARGUMENT, "config.file",
                                         trouble ? trouble : "it does not hold the new secret any more", ""));
    }
    if (check(rotation, rotation->held.text, &error) != TG_STATUS_OK) return stopped_by(rotation, error);
    say(rotation, rotation->new_alias, " was verified: the server gives a token for what the file holds");
    if (rotation->old_secret) {
        wait_for_readers(rotation);
        if (tg_drop_secrets(rotation->conn, &rotation->old_alias, 1, NULL, TG_IGNORE_MISSING, &dropped, &error) !=
            TG_STATUS_OK) {
            return stopped_by(rotation, error);
        }
    }
    rotation->is_dropped = dropped > 0;
    say(rotation, rotation->old_alias, dropped ? " was dropped" : " does not exist: it was dropped before");
    if (remove_file(rotation->note) != 0) return stopped_at_file(rotation, rotation->note);
    return TG_STATUS_OK;
}

static int print_result(const struct rotation *rotation) {
    if (!rotation->given->value[O_JSON]) {
        printf("the next time: tg-auth secret rotate %s\n", rotation->new_alias);
        return TG_STATUS_OK;
    }
    putchar('{');
    print_json_member("old", rotation->old_alias);
    putchar(',');
    print_json_member("new", rotation->new_alias);
    printf(",\"created\":%s,\"dropped\":%s}\n", rotation->is_created ? "true" : "false",
           rotation->is_dropped ? "true" : "false");
    return TG_STATUS_OK;
}

/* Which of the two the file holds, and what that means. */
static int go_on(struct rotation *rotation) {
    int has_old = rotation->has_file && is_shown_as(rotation->old_secret, rotation->held.text);
    int has_new = rotation->has_file && is_shown_as(rotation->new_secret, rotation->held.text);
    int code = 0;
    if (has_old && has_new) {
        return refused(rotation, TG_STATUS_INVALID_ARGUMENT, "config.conflict",
                       "the server shows the old and the new secret alike, so nobody knows which one this is",
                       "Choose another alias for the new one, as a second word.");
    }
    if (!has_old && !has_new && rotation->has_file) {
        return refused(rotation, TG_STATUS_INVALID_ARGUMENT, "config.conflict",
                       "the file holds neither the secret to be replaced nor the new one, and was not changed",
                       "Check the alias: tg-auth secret list shows all of them.");
    }
    if (!has_new && !rotation->old_secret) {
        return refused(rotation, TG_STATUS_NOT_FOUND, "missing.secret", "there is no secret with the alias to be replaced",
                       "Check the alias: tg-auth secret list shows all of them.");
    }
    if (!has_new && rotation->new_secret && !rotation->has_note) {
        return refused(rotation, TG_STATUS_ALREADY_EXISTS, "exists.secret",
                       "there is a secret with the new alias already, which this command did not create",
                       "Choose another alias for the new one, as a second word.");
    }
    if (!has_new) code = make_and_hand_over(rotation);
    if (!code) code = finish(rotation);
    return code ? code : print_result(rotation);
}

/* Where the file is, whatever links lead to it, and what stands beside it. */
static int find_file(struct rotation *rotation, const char *given) {
    char *real = real_path(given);
    size_t length = strlen(real ? real : given);
    if ((!real && errno != ENOENT) || length >= PATH_LIMIT) {
        free(real);
        return unreadable(O_SECRET_FILE, given, strerror(length >= PATH_LIMIT ? ENAMETOOLONG : errno));
    }
    memcpy(rotation->file, real ? real : given, length + 1);
    rotation->has_file = real != NULL;
    free(real);
    snprintf(rotation->fresh, sizeof rotation->fresh, "%s.new", rotation->file);
    snprintf(rotation->note, sizeof rotation->note, "%s.rotation", rotation->file);
    const char *trouble = rotation->has_file ? read_line(rotation->file, "", &rotation->held) : NULL;
    return trouble ? unreadable(O_SECRET_FILE, given, trouble) : 0;
}

static int rotate(struct rotation *rotation, const char *file) {
    tg_error *error = NULL;
    int code = find_file(rotation, file);
    if (code) return code;
    int note = read_note(rotation);
    if (note < 0) {
        return refused(rotation, TG_STATUS_INVALID_ARGUMENT, "config.conflict",
                       "another rotation of this file has not ended", "Look into the file that ends in .rotation: run "
                       "tg-auth secret rotate with the two aliases in it first.");
    }
    rotation->has_note = note;
    if (find(rotation->conn, rotation->old_alias, &rotation->old_secret, &error) != TG_STATUS_OK ||
        find(rotation->conn, rotation->new_alias, &rotation->new_secret, &error) != TG_STATUS_OK) {
        return failed(error, rotation->given);
    }
    return go_on(rotation);
}

int secret_rotate(tg_conn *conn, char **words, size_t count, const struct given *given) {
    const char *file = given->value[O_SECRET_FILE];
    static struct rotation rotation;
    if (!file || is_input(file)) return wrong("secret rotate needs --secret-file: the file that programs read", "");
    rotation.conn = conn;
    rotation.given = given;
    rotation.old_alias = words[0];
    if (strlen(words[0]) > ALIAS_LIMIT || (count > 1 && strlen(words[1]) > ALIAS_LIMIT)) {
        return wrong("an alias has at most 128 characters", "");
    }
    if (count > 1) snprintf(rotation.new_alias, sizeof rotation.new_alias, "%s", words[1]);
    else name_new(&rotation);
    if (strcmp(rotation.old_alias, rotation.new_alias) == 0) return wrong("the new secret needs another alias", "");
    int code = rotate(&rotation, file);
    wipe(&rotation.held, sizeof rotation.held);
    tg_secrets_free(rotation.old_secret);
    tg_secrets_free(rotation.new_secret);
    return code;
}
