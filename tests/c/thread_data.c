/* The first token of a program with BIG KiB of static thread-local data, in a process none of whose threads has ended
 * yet: glibc would hand a larger stack of a dead thread to a new one, and hide one that is too small.
 *
 * Arguments: host, file with the CA certificates or "-", service that looks names up or "-". */
#include <netdb.h>
#include <string.h>

#include "check.h"

#if BIG > 0
__thread char big[BIG * 1024];
#endif

extern int __nss_configure_lookup(const char *database, const char *services);

int main(int count, char **arguments) {
    if (count != 4) return 2;
#if BIG > 0
    memset(big, 1, sizeof big);
#endif
    if (strcmp(arguments[3], "-") != 0) CHECK(__nss_configure_lookup("hosts", arguments[3]) == 0);
    tg_config *config = tg_config_new(arguments[1]);
    tg_config_set_password(config, "alice", "opensesame");
    tg_config_set_graph(config, "MyGraph");
    if (strcmp(arguments[2], "-") != 0) tg_config_set_ca_file(config, arguments[2]);
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    tg_token *token = NULL;
    for (int turn = 0; turn < 2; turn++) {
        CHECK(tg_authorization(conn, &token, NULL) == TG_STATUS_OK);
        CHECK(tg_token_value(token)[0] != '\0');
        tg_reject_token(conn, token);
        tg_token_free(token);
    }
    tg_conn_free(conn);
    return finish();
}
