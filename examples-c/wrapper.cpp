#include <cstdlib>
#include <iostream>
#include <tigergraph_auth.hpp>

namespace auth = tigergraph::auth;

int main() try {
    auth::Connection conn(auth::Config(std::getenv("TG_HOST")).set_secret(std::getenv("TG_SECRET")));
    auth::Token token = conn.authorization();
    std::cout << "Authorization: " << token.header() << '\n';
} catch (const auth::Exception &error) {
    std::cerr << error.what() << '\n' << error.hint() << '\n';
    return 1;
}
