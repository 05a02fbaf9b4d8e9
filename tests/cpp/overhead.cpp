/* The call for every request, in C and in C++, for valgrind to count the instructions of both. Sends nothing. */
#include "check.hpp"
#include <cstdlib>

constexpr int calls = 10000;
static volatile char first;

/* Not inlined and not static, so that they can be told apart. */
__attribute__((noinline)) void calls_in_c(tg_conn *conn);
__attribute__((noinline)) void calls_in_cpp(auth::Connection &conn);

void calls_in_c(tg_conn *conn) {
    for (int i = 0; i < calls; i++) {
        tg_token *token = nullptr;
        tg_error *error = nullptr;
        if (tg_authorization(conn, &token, &error) != TG_STATUS_OK) std::abort();
        first = tg_token_header(token)[0];
        tg_token_free(token);
    }
}

void calls_in_cpp(auth::Connection &conn) {
    for (int i = 0; i < calls; i++) {
        const auth::Token token = conn.authorization();
        first = token.header().data()[0];
    }
}

int main() {
    const char *host = "http://127.0.0.1:1", *token = "abcdefabcdef0123456789";
    tg_config *config = tg_config_new(host);
    tg_config_set_api_token(config, token);
    tg_conn *conn = nullptr;
    CHECK(tg_conn_new(config, &conn, nullptr) == TG_STATUS_OK);
    auth::Connection own(auth::Config(host).set_api_token(token));
    calls_in_c(conn);
    calls_in_cpp(own);
    tg_conn_free(conn);
    tg_config_free(config);
    return finish();
}
