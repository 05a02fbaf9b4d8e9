/* What C++20 adds for free: options by name, stop tokens, standard algorithms over a list. Compiled only. */
#include <algorithm>
#include <stop_token>
#include <tigergraph_auth.hpp>

namespace auth = tigergraph::auth;
using namespace std::chrono_literals;

static_assert(std::input_iterator<auth::Secrets::Iterator>);

std::string cxx20(auth::Connection &conn, std::stop_token stop, const std::string &secret);
std::string cxx20(auth::Connection &conn, std::stop_token stop, const std::string &secret) {
    auth::Connection own = conn.clone();
    const std::stop_callback on_stop(std::move(stop), [&own] { own.cancel(); });
    const auth::Token token = own.get_token({.secret = secret, .lifetime = 1h});
    const auth::Token wider = own.refresh_token({.token = token.value(), .global = true, .or_new = true});
    own.create_secret("a", {.user = "alice"});
    own.drop_secret("a", {.user = "alice", .ignore_missing = true});
    own.drop_secrets({"a", "b"}, {.ignore_missing = true});
    own.delete_token({.token = token.value(), .ignore_missing = true});
    const auth::Report report = own.diagnose({.offline = true});
    const auth::Secrets all = own.get_secrets();
    const auto masked = std::ranges::find_if(all, [](const auth::Secret &one) { return one.is_masked; });
    return std::string(masked == all.end() ? wider.header() : report.text());
}
