/* A program without exceptions and without run-time type information: every call by its try_ form, against the
 * stand-in of the environment. */
#include "check.hpp"
#include "standin.hpp"
#include <vector>

#if defined(__cpp_exceptions) || defined(__GXX_RTTI)
#error "compile this with -fno-exceptions -fno-rtti"
#endif

using auth::Status;
using namespace std::chrono_literals;

static void secrets(auth::Connection &conn) {
    const auth::Result<auth::Secrets> created = conn.try_create_secret("plain");
    CHECK_OK(created);
    CHECK(created && created->size() == 1 && (*created)[0].alias == "plain");
    CHECK_FAILS(conn.try_create_secret("plain"), Status::already_exists, "exists.secret");
    const auth::Result<auth::Secrets> all = conn.try_get_secrets();
    CHECK_OK(all);
    for (const auth::Secret secret : *all) CHECK(secret.alias == "plain");
    const auth::Result<auth::Secrets> ensured = conn.try_ensure_secret("ensured");
    CHECK_OK(ensured);
    const auth::Result<std::size_t> dropped = conn.try_drop_secrets(std::vector<std::string_view>{"ensured", "plain"});
    CHECK_OK(dropped);
    CHECK(*dropped == 2);
    CHECK_FAILS(conn.try_drop_secret("plain"), Status::not_found, "missing.secret");
    auth::DropOptions forgiving;
    forgiving.ignore_missing = true;
    const auth::Result<void> forgiven = conn.try_drop_secret("plain", forgiving);
    CHECK_OK(forgiven);
}

static void tokens(auth::Connection &conn) {
    const auth::Result<auth::Token> token = conn.try_authorization();
    CHECK_OK(token);
    CHECK(token->header() == "Bearer " + std::string(token->value()));
    conn.reject_token(*token);
    CHECK_FAILS(conn.try_current_token(), Status::no_credentials, "credentials.none");
    auth::TokenOptions lasting;
    lasting.lifetime = 1h;
    auth::Result<auth::Token> other = conn.try_get_token(lasting);
    CHECK_OK(other);
    const auth::Token kept = std::move(other).value();
    CHECK(kept.expires_at() > std::chrono::system_clock::now() + 50min && kept.value() != token->value());
    const auth::Result<bool> valid = conn.try_check_jwt_token(kept.value());
    CHECK(valid.ok() ? *valid : valid.error().status() == Status::unsupported);
    auth::RefreshOptions refresh;
    refresh.or_new = true;
    CHECK_FAILS(conn.try_refresh_token([] {
        auth::RefreshOptions wrong;
        wrong.lifetime = -1s;
        return wrong;
    }()), Status::invalid_argument, "argument.range");
    const auth::Result<auth::Token> refreshed = conn.try_refresh_token(refresh);
    CHECK(refreshed.ok() || refreshed.error().status() == Status::not_found);
    const auth::Result<auth::Version> version = conn.try_server_version();
    CHECK_OK(version);
    CHECK(version->major >= 3);
    const auth::Result<auth::Report> report = conn.try_diagnose();
    CHECK_OK(report);
    CHECK(report->json().find("\"ok\":true") != std::string_view::npos);
    const auth::Result<void> deleted = conn.try_delete_token();
    CHECK_OK(deleted);
}

int main() {
    std::atomic<int> lines{0};
    CHECK_FAILS(auth::Connection::try_open(auth::Config(nullptr)), Status::invalid_argument, "argument.null");
    auth::Config config = standin_config();
    config.set_log(auth::LogLevel::debug, [&lines](auth::LogLevel, std::string_view) { lines++; });
    auth::Result<auth::Connection> opened = auth::Connection::try_open(config);
    CHECK_OK(opened);
    if (!opened) return finish();
    auth::Connection conn = std::move(opened).value();
    secrets(conn);
    tokens(conn);
    CHECK(lines > 0);
    return finish();
}
