/* A program without exceptions and without run-time type information: every call by its try_ form, against the
 * stand-in of the environment. */
#include "check.hpp"
#include "standin.hpp"
#include <condition_variable>
#include <mutex>
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

/* A provider returns what it would throw otherwise. */
static void providers() {
    static auth::Result<auth::Connection> issuer = auth::Connection::try_open(standin_config());
    CHECK_OK(issuer);
    auth::Config config = standin_config().set_password(nullptr, nullptr);
    config.set_token_provider([](const auth::TokenRequest &request) -> auth::ProviderAnswer {
        CHECK(request.time_left() > 0ms && !request.is_cancelled());
        const auth::Result<auth::Token> token = issuer->try_get_token();
        if (!token) return auth::ProviderFailure(token.error());
        return auth::ProvidedToken(token->value(), std::chrono::system_clock::now() + 30min);
    });
    auth::Result<auth::Connection> conn = auth::Connection::try_open(config);
    CHECK_OK(conn);
    const auth::Result<auth::Token> token = conn->try_authorization();
    CHECK_OK(token);
    CHECK(token->expires_at() < std::chrono::system_clock::now() + 31min);
    const auth::Result<auth::Response> answer = conn->try_send(auth::Request("GET", auth::Server::restpp, "/echo"));
    CHECK_OK(answer);

    config.set_token_provider([](const auth::TokenRequest &) {
        return auth::ProviderFailure(auth::Status::forbidden, "the vault is sealed", 1min);
    });
    auth::Result<auth::Connection> refused = auth::Connection::try_open(config);
    CHECK_OK(refused);
    const auth::Error error = refused->try_authorization().error();
    CHECK(is_failure(error, Status::unauthenticated, "provider.refused") && error.retry_after() > 50s);
    CHECK(error.message().find("the vault is sealed") != std::string_view::npos);
}

static void wakeups(auth::Connection conn) {
    std::mutex lock;
    std::condition_variable changed;
    bool is_woken = false;
    conn.set_wakeup([&] {
        const std::lock_guard<std::mutex> guard(lock);
        is_woken = true;
        changed.notify_all();
    });
    const auth::TokenOrPending before = conn.authorization_now();
    CHECK(before.is_pending() && !before);
    {
        std::unique_lock<std::mutex> guard(lock);
        CHECK(changed.wait_for(guard, 20s, [&] { return is_woken; }));
    }
    const auth::TokenOrPending now = conn.authorization_now();
    CHECK_OK(now);
    CHECK(!now.is_pending() && now->header() == "Bearer " + std::string(now->value()));
    conn.set_wakeup(nullptr);
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
    providers();
    auth::Result<auth::Connection> waiting = auth::Connection::try_open(standin_config());
    CHECK_OK(waiting);
    wakeups(std::move(waiting).value());
    return finish();
}
