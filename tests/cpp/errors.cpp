/* Errors as std::error_code and on streams, in a program of two files that may be linked with link-time optimization. */
#include "check.hpp"
#include <sstream>
#include <system_error>

using auth::Status;

/* In errors_other.cpp. */
const std::error_category &category_of_the_other_file();
auth::Error error_of_the_other_file();

static void codes() {
    const std::error_code none = Status::ok, late = Status::timeout;
    CHECK(!none && late);
    CHECK(late == Status::timeout && late != Status::connect);
    CHECK(late == std::errc::timed_out && late != std::errc::permission_denied);
    CHECK(std::error_code(Status::cancelled) == std::errc::operation_canceled);
    CHECK(std::error_code(Status::forbidden) == std::errc::permission_denied);
    CHECK(std::error_code(Status::invalid_argument) == std::errc::invalid_argument);
    CHECK(late.message() == "TIMEOUT" && std::string(late.category().name()) == "tigergraph");
    CHECK(late.category() == category_of_the_other_file());
    CHECK(!auth::Error().code());
}

static void streams() {
    const auth::Error error = error_of_the_other_file();
    CHECK(error.code() == Status::invalid_argument);
    std::ostringstream out;
    out << error << '|' << error.status() << '|' << auth::Error();
    CHECK(out.str() == std::string(error.message()) + " (" + std::string(error.reason()) + ") " +
                           std::string(error.hint()) + "|INVALID_ARGUMENT|");
}

#if defined(__cpp_lib_format)
/* As on a stream, with the width of a text. */
static void formats() {
    const auth::Error error = error_of_the_other_file();
    std::ostringstream out;
    out << error;
    CHECK(std::format("{}", error) == out.str() && std::format("{}|", auth::Error()) == "|");
    CHECK(std::format("{:>9}|{}", Status::timeout, error.status()) == "  TIMEOUT|INVALID_ARGUMENT");
}
#elif defined(NEEDS_FORMAT)
#error "this standard library has no std::format"
#endif

/** Hints name what a program in C++ calls, as whole words. */
static void hints() {
    const auto conn = auth::Connection::try_open(auth::Config(std::nullopt));
    CHECK(!conn && conn.error().reason() == "argument.null");
    CHECK(conn.error().hint().find("Give the server's address to Config, or set TG_HOST") == 0);
    CHECK(auth::detail::in_own_words("tg_config_newer. see tigergraph_auth.h or tg_config_new.") ==
          "tg_config_newer. see tigergraph_auth.hpp or Config.");
}

int main() {
    codes();
    streams();
#if defined(__cpp_lib_format)
    formats();
#endif
    hints();
    return finish();
}
