/* Chapter connection: the server's version, and servers that are not there or not TigerGraph.
 *     conn URL MAJOR MINOR PATCH DEAD-PORT-URL */
#include "check.h"

static tg_conn *connect_to(const char *url) {
    tg_config *config = tg_config_new(url);
    tg_config_set_password(config, "alice", "opensesame");
    tg_config_set_graph(config, "MyGraph");
    tg_conn *conn = NULL;
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    return conn;
}

int main(int argc, char **argv) {
    CHECK(argc > 5);
    tg_conn *conn = connect_to(argv[1]);
    int32_t major = -1, minor = -1, patch = -1;
    CHECK(tg_server_version(conn, &major, &minor, &patch, NULL) == TG_STATUS_OK);
    CHECK(major == atoi(argv[2]) && minor == atoi(argv[3]) && patch == atoi(argv[4]));
    CHECK(tg_server_version(conn, NULL, NULL, NULL, NULL) == TG_STATUS_OK);
    tg_conn_free(conn);

    conn = connect_to(argv[5]);
    major = minor = patch = -1;
    CHECK_FAILS(tg_server_version(conn, &major, &minor, &patch, &error), TG_STATUS_CONNECT, "connect.refused");
    CHECK(major == 0 && minor == 0 && patch == 0);
    tg_secrets *secrets = (tg_secrets *)1;
    CHECK_FAILS(tg_get_secrets(conn, NULL, &secrets, &error), TG_STATUS_CONNECT, "connect.refused");
    CHECK(secrets == NULL);
    tg_conn_free(conn);
    tg_conn_free(NULL);
    return finish();
}
