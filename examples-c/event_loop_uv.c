/* The same as event_loop.c with libuv: a token without holding up the loop.
 *
 * The address and the secret are those in TG_HOST and TG_SECRET. Prints the header to send with requests to the
 * database, and how often a timer went off while the token was on its way.
 */

#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <tigergraph_auth.h>
#include <uv.h>

static tg_conn *conn;
static uv_timer_t timer;
static int ticks, exit_code = 1;

/* What wakes the loop, closed by the loop's thread after the last wakeup. */
struct bell {
    uv_async_t async;
    uv_mutex_t lock;
    int is_released;
};

/* Called on any thread. */
static void wake(void *user_data) {
    struct bell *bell = user_data;
    uv_async_send(&bell->async);
}

/* Called once, on any thread, after the last wake(). The lock keeps the loop from closing what is still in use here. */
static void release(void *user_data) {
    struct bell *bell = user_data;
    uv_mutex_lock(&bell->lock);
    bell->is_released = 1;
    uv_async_send(&bell->async);
    uv_mutex_unlock(&bell->lock);
}

static void on_closed(uv_handle_t *handle) {
    struct bell *bell = handle->data;
    uv_mutex_destroy(&bell->lock);
    free(bell);
}

/* Asks, on the loop's thread; what comes first ends this program. */
static void ask(void) {
    tg_token *token = NULL;
    tg_status status = tg_try_authorization(conn, &token, NULL);
    if (status == TG_STATUS_PENDING) return;
    if (status == TG_STATUS_OK) printf("Authorization: %s\n%d ticks meanwhile\n", tg_token_header(token), ticks);
    /* A program that goes on would start a timer of tg_error_retry_after_ms() and ask again then. */
    else fprintf(stderr, "%s\n%s\n", tg_last_error_message(), tg_error_hint(tg_last_error()));
    exit_code = status == TG_STATUS_OK ? 0 : 1;
    tg_token_free(token);
    tg_conn_free(conn);
    conn = NULL;
    uv_close((uv_handle_t *)&timer, NULL);
}

static void on_wakeup(uv_async_t *async) {
    struct bell *bell = async->data;
    uv_mutex_lock(&bell->lock);
    int is_released = bell->is_released;
    uv_mutex_unlock(&bell->lock);
    if (conn != NULL) ask();
    if (is_released) uv_close((uv_handle_t *)async, on_closed);
}

static void on_tick(uv_timer_t *unused) {
    (void)unused;
    ticks++;
}

int main(void) {
    tg_config *config = tg_config_new(getenv("TG_HOST"));
    tg_config_set_secret(config, getenv("TG_SECRET"));
    tg_status status = tg_conn_new(config, &conn, NULL);
    tg_config_free(config);
    struct bell *bell = calloc(1, sizeof *bell);
    if (status != TG_STATUS_OK || bell == NULL) {
        fprintf(stderr, "%s\n", tg_last_error_message());
        free(bell);
        return 1;
    }
    uv_loop_t *loop = uv_default_loop();
    uv_mutex_init(&bell->lock);
    uv_async_init(loop, &bell->async, on_wakeup);
    bell->async.data = bell;
    tg_conn_set_wakeup(conn, wake, bell, release);
    uv_timer_init(loop, &timer);
    uv_timer_start(&timer, on_tick, 10, 10);
    ask();
    uv_run(loop, UV_RUN_DEFAULT);
    uv_loop_close(loop);
    return exit_code;
}
