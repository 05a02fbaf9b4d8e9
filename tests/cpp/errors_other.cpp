/* The other file of errors.cpp. */
#include <tigergraph_auth.hpp>

const std::error_category &category_of_the_other_file();
tigergraph::auth::Error error_of_the_other_file();

const std::error_category &category_of_the_other_file() {
    return tigergraph::auth::status_category();
}

tigergraph::auth::Error error_of_the_other_file() {
    tigergraph::auth::Config config("ftp://db.example.com");
    return tigergraph::auth::Connection::try_open(config).error();
}
