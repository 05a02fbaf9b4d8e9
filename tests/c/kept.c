/* What the library keeps when the last handle is freed, above all the system's trust store. */
#include "check.h"

int main(void) {
    tg_config *config = tg_config_new("https://127.0.0.1:1");
    tg_conn *conn = NULL;
    tg_token *token = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    CHECK(tg_authorization(conn, &token, NULL) == TG_STATUS_NO_CREDENTIALS);
    tg_conn_free(conn);
    return finish();
}
