/* An event loop that gets a token and is never held up by it: poll() and an eventfd (Linux; elsewhere a pipe).
 *
 * The address and the secret are those in TG_HOST and TG_SECRET. Prints the header to send with requests to the
 * database, and how often a timer went off while the token was on its way.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <tigergraph_auth.h>
#include <unistd.h>

/* Called on any thread. If the counter is full, the loop has been told already. */
static void wake(void *user_data) {
    const uint64_t one = 1;
    ssize_t written = write(*(const int *)user_data, &one, sizeof one);
    (void)written;
}

/* Called once, after the last wake(), which may be later than tg_conn_free(): not before this may it be closed. */
static void release(void *user_data) {
    close(*(const int *)user_data);
    free(user_data);
}

static tg_conn *open_conn(void) {
    tg_config *config = tg_config_new(getenv("TG_HOST"));
    tg_conn *conn = NULL;
    tg_config_set_secret(config, getenv("TG_SECRET"));
    if (tg_conn_new(config, &conn, NULL) != TG_STATUS_OK) fprintf(stderr, "%s\n", tg_last_error_message());
    tg_config_free(config);
    return conn;
}

int main(void) {
    int *event = malloc(sizeof *event), timer_ms = 10, ticks = 0;
    tg_conn *conn = open_conn();
    if (event == NULL || conn == NULL || (*event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) return 1;
    tg_conn_set_wakeup(conn, wake, event, release);

    tg_token *token = NULL;
    tg_status status = tg_try_authorization(conn, &token, NULL);
    while (status == TG_STATUS_PENDING) {
        /* A program's own sockets and timers belong here, too. */
        struct pollfd source = {.fd = *event, .events = POLLIN};
        int ready = poll(&source, 1, timer_ms);
        uint64_t count;
        if (ready < 0 && errno != EINTR) break;
        if (ready == 0) ticks++;
        if (ready > 0 && read(*event, &count, sizeof count) > 0) status = tg_try_authorization(conn, &token, NULL);
    }
    if (status == TG_STATUS_OK) printf("Authorization: %s\n%d ticks meanwhile\n", tg_token_header(token), ticks);
    /* A program that goes on would set a timer for tg_error_retry_after_ms() and ask again then. */
    else fprintf(stderr, "%s\n%s\n", tg_last_error_message(), tg_error_hint(tg_last_error()));
    tg_token_free(token);
    tg_conn_free(conn);
    return status == TG_STATUS_OK ? 0 : 1;
}
