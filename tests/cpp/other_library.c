/* A library that only says which version it is, for library_version.cpp: the least that the program needs to link.
 * Built with -DVERSION_NUMBER=... and -DVERSION="...". */
#include <stdio.h>
#include <tigergraph_auth.h>

uint32_t tg_version_number(void) { return VERSION_NUMBER; }
const char *tg_version(void) { return VERSION; }
const char *tg_status_name(tg_status status) { return status == TG_STATUS_OK ? "OK" : "UNKNOWN"; }

tg_config *tg_config_new(const char *host) { return (void)host, NULL; }
void tg_config_free(tg_config *config) { (void)config; }
tg_status tg_conn_new(const tg_config *config, tg_conn **conn, tg_error **error) {
    (void)config, (void)error;
    *conn = NULL;
    puts("asked");
    return TG_STATUS_INTERNAL;
}
void tg_conn_free(tg_conn *conn) { (void)conn; }
const char *tg_error_reason(const tg_error *error) { return (void)error, ""; }
const char *tg_error_message(const tg_error *error) { return (void)error, ""; }
const char *tg_error_hint(const tg_error *error) { return (void)error, ""; }
const char *tg_error_server_code(const tg_error *error) { return (void)error, ""; }
int32_t tg_error_http_status(const tg_error *error) { return (void)error, 0; }
int64_t tg_error_retry_after_ms(const tg_error *error) { return (void)error, -1; }
void tg_error_free(tg_error *error) { (void)error; }
