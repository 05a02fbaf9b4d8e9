/* Gets a token for a secret and prints the header to send with requests to the database. */

#include <stdio.h>
#include <stdlib.h>
#include <tigergraph_auth.h>

int main(void) {
    tg_config *config = tg_config_new(getenv("TG_HOST"));
    tg_config_set_secret(config, getenv("TG_SECRET"));
    tg_conn *conn = NULL;
    tg_token *token = NULL;
    tg_status status = tg_conn_new(config, &conn, NULL);
    tg_config_free(config);
    if (status == TG_STATUS_OK) status = tg_authorization(conn, &token, NULL);
    if (status == TG_STATUS_OK) printf("Authorization: %s\n", tg_token_header(token));
    else fprintf(stderr, "%s\n%s\n", tg_last_error_message(), tg_error_hint(tg_last_error()));
    tg_token_free(token);
    tg_conn_free(conn);
    return status == TG_STATUS_OK ? 0 : 1;
}
