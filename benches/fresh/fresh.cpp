// The same as fresh.c in C++.
#include "../bench.h"
#include <chrono>
#include <iostream>
#include <tigergraph_auth.hpp>

static void authorize(tigergraph::auth::Connection &conn, long calls) {
    for (long i = 0; i < calls; i++) conn.authorization();
}

int main() {
    tigergraph::auth::Connection conn(tigergraph::auth::Config("http://127.0.0.1:1").set_api_token(TOKEN));
    for (long calls; std::cin >> calls;) {
        authorize(conn, calls);
        auto began = std::chrono::steady_clock::now();
        authorize(conn, calls);
        std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
        std::cout << took.count() / static_cast<double>(calls) << std::endl;
    }
}
