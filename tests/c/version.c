/* Chapter version: header, library and Cargo.toml tell one version. */
#include "check.h"

int main(int argc, char **argv) {
    char header[32];
    snprintf(header, sizeof header, "%d.%d.%d", TIGERGRAPH_AUTH_VERSION_MAJOR, TIGERGRAPH_AUTH_VERSION_MINOR,
             TIGERGRAPH_AUTH_VERSION_PATCH);
    CHECK_TEXT(tg_version(), header);
    CHECK(argc > 1);
    CHECK_TEXT(tg_version(), argv[1]);
    CHECK(tg_version_number() == ((uint32_t)TIGERGRAPH_AUTH_VERSION_MAJOR << 16 | TIGERGRAPH_AUTH_VERSION_MINOR << 8 |
                                  TIGERGRAPH_AUTH_VERSION_PATCH));
    return finish();
}
