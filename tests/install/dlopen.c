/* examples-c/get_token.c without linking: the library is found by the name that its ABI has.   dlopen SONAME */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tigergraph_auth.h>

static void *library;

static void find(const char *name, void *function) {
    void *found = dlsym(library, name);
    if (found == NULL) fprintf(stderr, "%s\n", dlerror()), exit(2);
    memcpy(function, &found, sizeof found);
}

/* A pointer to a function of the header, of the type that the header gives it. */
#define FIND(name) __typeof__(name) *p_##name; find(#name, &p_##name)

int main(int argc, char **argv) {
    library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) return fprintf(stderr, "%s\n", dlerror()), 2;
    FIND(tg_config_new);
    FIND(tg_config_set_secret);
    FIND(tg_config_free);
    FIND(tg_conn_new);
    FIND(tg_conn_free);
    FIND(tg_authorization);
    FIND(tg_token_header);
    FIND(tg_token_free);
    FIND(tg_last_error_message);

    tg_config *config = p_tg_config_new(getenv("TG_HOST"));
    p_tg_config_set_secret(config, getenv("TG_SECRET"));
    tg_conn *conn = NULL;
    tg_token *token = NULL;
    tg_status status = p_tg_conn_new(config, &conn, NULL);
    p_tg_config_free(config);
    if (status == TG_STATUS_OK) status = p_tg_authorization(conn, &token, NULL);
    if (status == TG_STATUS_OK) printf("Authorization: %s\n", p_tg_token_header(token));
    else fprintf(stderr, "%s\n", p_tg_last_error_message());
    p_tg_token_free(token);
    p_tg_conn_free(conn);
    dlclose(library);
    return status == TG_STATUS_OK ? 0 : 1;
}
