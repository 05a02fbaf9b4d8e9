/* One fork, seen from the server: the child's requests come over a connection of its own, and the
 * parent's next one over the parent's.   fork_wire URL CA-FILE SECRET */
#include "check.h"
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    CHECK(argc > 3);
    tg_conn *conn = NULL;
    tg_config *config = tg_config_new(argv[1]);
    tg_config_set_server_version(config, "4.2");
    if (strcmp(argv[2], "-") != 0) tg_config_set_ca_file(config, argv[2]);
    CHECK(tg_conn_new(config, &conn, NULL) == TG_STATUS_OK);
    tg_config_free(config);
    CHECK(tg_get_token(conn, argv[3], 0, 0, NULL, NULL) == TG_STATUS_OK);
    pid_t child = fork();
    if (child == 0) {
        tg_status status = tg_get_token(conn, argv[3], 0, 0, NULL, NULL);
        tg_conn_free(conn);
        _exit(status == TG_STATUS_OK ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(tg_get_token(conn, argv[3], 0, 0, NULL, NULL) == TG_STATUS_OK);
    tg_conn_free(conn);
    return finish();
}
