/* Prints what becomes of a connection with the library that is there at run time, which the test script changes. */
#include <iostream>
#include <tigergraph_auth.hpp>

int main() {
    namespace auth = tigergraph::auth;
    try {
        auth::Connection conn(auth::Config("http://127.0.0.1:1"));
        std::cout << "connected\n";
    } catch (const auth::Exception &error) {
        std::cout << static_cast<int>(error.status()) << ' ' << error.reason() << ": " << error.what() << ": "
                  << error.hint() << '\n';
    }
}
