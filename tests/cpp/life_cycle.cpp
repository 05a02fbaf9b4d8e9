/* Every call that asks a server, in its throwing form, against the stand-in of the environment. */
#include "check.hpp"
#include "standin.hpp"
#include <algorithm>
#include <mutex>
#include <vector>

using auth::Status;
using namespace std::chrono_literals;

/* What an exception tells is what the error of the other form tells, and a copy of it goes on telling. */
static void exceptions_carry_the_error(auth::Connection &conn) {
    const auth::Secrets taken = conn.create_secret("taken");
    const auth::Result<auth::Secrets> again = conn.try_create_secret("taken");
    std::optional<auth::Exception> kept;
    try {
        conn.create_secret("taken");
    } catch (const std::runtime_error &error) {
        kept = dynamic_cast<const auth::Exception &>(error);
    }
    CHECK(kept.has_value() && !again.ok());
    CHECK(kept->what() == again.error().message());
    CHECK(kept->status() == Status::already_exists && kept->status() == again.error().status());
    CHECK(kept->reason() == "exists.secret" && kept->reason() == again.error().reason());
    CHECK(!kept->hint().empty() && kept->hint() == again.error().hint());
    CHECK(kept->server_code() == again.error().server_code());
    CHECK(kept->http_status().has_value() && kept->http_status() == again.error().http_status());
    CHECK(!kept->retry_after().has_value());
    CHECK(std::string_view(kept->what()).find(taken[0].value) == std::string_view::npos);
    conn.drop_secret("taken");
}

static void secrets(auth::Connection &conn) {
    const auth::Secrets created = conn.create_secret("life");
    CHECK(created.size() == 1 && !created.empty());
    CHECK(created[0].alias == "life" && !created[0].value.empty() && !created[0].is_masked);
    CHECK(created.front().value == created[0].value);
    CHECK(created[1].alias.empty() && created[1].value.empty());

    const auth::Secrets made_up = conn.create_secret();
    CHECK(made_up[0].alias.substr(0, 21) == "AUTO_GENERATED_ALIAS_");

    const auth::Secrets all = conn.get_secrets();
    std::size_t seen = 0;
    for (const auth::Secret secret : all) {
        CHECK(!secret.alias.empty() && !secret.value.empty());
        CHECK(secret.is_masked != standin_is_4_1_or_later());
        CHECK(secret.graph == (standin_is_4_1_or_later() ? "" : "MyGraph"));
        seen++;
    }
    CHECK(seen == 2 && all.size() == 2);
    CHECK(std::any_of(all.begin(), all.end(), [](const auth::Secret &secret) { return secret.alias == "life"; }));
    auth::Secrets::Iterator place = all.begin();
    CHECK((*place++).alias == all[0].alias && (*place).alias == all[1].alias && ++place == all.end());

    const auth::Secrets ensured = conn.ensure_secret("ensured");
    CHECK(ensured[0].alias == "ensured" && !ensured[0].is_masked);
    auth::DropOptions forgiving;
    forgiving.ignore_missing = true;
    CHECK(conn.drop_secrets({"ensured", made_up[0].alias, "never"}, forgiving) == 2);
    CHECK(conn.drop_secrets(std::vector<std::string>{"life"}) == 1);
    CHECK(conn.drop_secrets(std::vector<const char *>()) == 0);
    CHECK_THROWS(conn.drop_secret("life"), Status::not_found, "missing.secret");
    conn.drop_secret("life", forgiving);
}

/* What only 4.1 and later can do. */
static void secrets_of_others(auth::Connection &conn) {
    auth::CreateOptions with_value;
    with_value.value = "avalueofmyownavalueofmyown123456";
    if (!standin_is_4_1_or_later()) {
        CHECK_THROWS(conn.create_secret("own", with_value), Status::unsupported, "unsupported.value");
        CHECK_THROWS(conn.get_secrets("tigergraph"), Status::unsupported, "unsupported.user");
        return;
    }
    const auth::Secrets own = conn.create_secret("own", with_value);
    CHECK(own[0].value == *with_value.value.view());
    conn.drop_secret("own");
    CHECK_THROWS(conn.get_secrets("tigergraph"), Status::forbidden, "auth.no_privilege");

    auth::Connection root(standin_config().set_password("tigergraph", "tigergraph"));
    auth::CreateOptions for_alice;
    for_alice.user = "alice";
    CHECK(root.create_secret("given", for_alice).size() == 1);
    CHECK(root.get_secrets("alice").size() == 1 && conn.get_secrets().size() == 1);
    auth::DropOptions of_alice;
    of_alice.user = "alice";
    root.drop_secret("given", of_alice);
    CHECK(conn.get_secrets().empty());
}

static std::chrono::seconds time_left(const auth::Token &token) {
    CHECK(token.expires_at().has_value());
    return std::chrono::duration_cast<std::chrono::seconds>(*token.expires_at() - std::chrono::system_clock::now());
}

static void tokens(auth::Connection &conn) {
    CHECK_THROWS(conn.current_token(), Status::no_credentials, "credentials.none");
    const auth::Secrets secret = conn.create_secret("tokens");
    auth::TokenOptions for_secret;
    for_secret.secret = secret[0].value;
    for_secret.lifetime = 2h;
    const auth::Token token = conn.get_token(for_secret);
    CHECK(token.header() == "Bearer " + std::string(token.value()) && !token.value().empty());
    CHECK(time_left(token) > 7100s && time_left(token) <= 7201s);
    CHECK(token.expiration().size() == 20 && token.expiration().back() == 'Z');
    CHECK(conn.current_token().expires_at() == token.expires_at());

    auth::TokenOptions aside;
    aside.keep_current = true;
    aside.global = standin_is_4_1_or_later();
    const auth::Token other = conn.get_token(aside);
    const auth::Token current = conn.current_token();
    CHECK(other.value() != token.value() && current.value() == token.value());
    /* A JWT for all graphs names none, which makes it shorter. */
    aside.global = false;
    const auth::Token narrow = conn.get_token(aside);
    CHECK(!standin_is_4_1_or_later() || other.value().size() < narrow.value().size());

    auth::RefreshOptions refresh;
    refresh.secret = secret[0].value;
    refresh.lifetime = 3h;
    refresh.keep_current = true;
    if (standin_is_4_1_or_later()) {
        CHECK(conn.check_jwt_token(token.value()));
        CHECK(!conn.check_jwt_token("a.b.c"));
        CHECK_THROWS(conn.refresh_token(refresh), Status::unsupported, "unsupported.refresh");
        refresh.or_new = true;
        const auth::Token renewed = conn.refresh_token(refresh);
        CHECK(renewed.value() != token.value());
        refresh.global = true;
        const auth::Token renewed_for_all = conn.refresh_token(refresh);
        CHECK(renewed_for_all.value().size() < renewed.value().size());
        const auth::Token kept = conn.current_token();
        CHECK(kept.value() == token.value());
    } else {
        CHECK_THROWS(conn.check_jwt_token(token.value()), Status::unsupported, "unsupported.check");
        refresh.token = token.value();
        const auth::Token refreshed = conn.refresh_token(refresh);
        CHECK(refreshed.value() == token.value() && time_left(refreshed) > 10700s);
    }

    auth::DeleteOptions end;
    end.secret = secret[0].value;
    end.token = token.value();
    conn.delete_token(end);
    CHECK_THROWS(conn.current_token(), Status::no_credentials, "credentials.none");
    end.token = "neverwasatoken";
    CHECK_THROWS(conn.delete_token(end), standin_is_4_1_or_later() ? Status::server : Status::not_found,
                 standin_is_4_1_or_later() ? "server.error" : "missing.token");
    conn.drop_secret("tokens");
}

/* The lifetime of the settings is that of tokens whose call names none. */
static void configured_lifetime() {
    auth::Connection conn(standin_config().set_token_lifetime(30min, 1min));
    const std::chrono::seconds left = time_left(conn.get_token());
    CHECK(left > 1700s && left <= 1801s);
}

/* A certificate that nobody vouches for is refused, unless the settings say otherwise. */
static void certificates() {
    auth::Config config = standin_config();
    if (*environment("STANDIN_CA") == '\0') return;
    config.set_ca_file(nullptr);
    CHECK_THROWS(auth::Connection(config).get_token(), Status::tls, "tls.unknown_issuer");
    config.set_insecure_tls(true);
    CHECK(auth::Connection(config).get_token().expires_at().has_value());
}

/* What a program does around each of its requests to the database. */
static void managed_tokens() {
    auth::Connection conn(standin_config());
    const auth::Token first = conn.authorization();
    const auth::Token same = conn.authorization();
    CHECK(first.value() == same.value() && !first.value().empty());
    conn.reject_token(first);
    const auth::Token second = conn.authorization();
    CHECK(second.value() != first.value());
    conn.reject_token(first);
    const auth::Token still_second = conn.authorization();
    CHECK(still_second.value() == second.value());
    const auth::Version version = conn.server_version();
    CHECK(version.major == (standin_is_4_1_or_later() ? 4 : 3));
    CHECK(version.minor == (standin_is_4_1_or_later() ? 2 : 10));
}

/* The request after the token, and where an HTTP client of the program's own goes. */
static void requests() {
    auth::Connection conn(standin_config());
    auth::Request query("POST", auth::Server::restpp, "/query/MyGraph/friends");
    query.set_body("{}", "application/json").set_header("GSQL-TIMEOUT", "60000");
    for (int turn = 0; turn < 2; turn++) {
        const auth::Response answer = conn.send(query);
        CHECK(answer.http_status() == 200 && answer.header("content-type") == "application/json");
        CHECK(answer.body().find("\"error\":false") != std::string_view::npos);
        /* The server refuses the token from now on: the second request is sent once more with a new one. */
        if (turn == 0) CHECK(steer("POST", "/expire-tokens"));
    }
    CHECK(conn.send({"GET", auth::Server::restpp, "/no/such/place"}).http_status() >= 400);
    CHECK_THROWS(conn.send({"GET", auth::Server::restpp, "/a/../b"}), Status::invalid_argument, "argument.path");
    CHECK_THROWS(conn.send({"GET", auth::Server::gateway, std::string_view("/a\0b", 4)}), Status::invalid_argument,
                 "argument.control_character");
    CHECK_FAILS(conn.try_send(auth::Request("GET", auth::Server::restpp, "/echo").set_response_limit(1)),
                Status::protocol, "protocol.too_large");

    const auth::Token token = conn.authorization();
    CHECK(std::string(conn.authorization().header()) == token.header());
    CHECK(conn.url(auth::Server::gateway) == environment("STANDIN_URL"));
    CHECK(token.url(auth::Server::restpp) == std::string(environment("STANDIN_URL")) + "/restpp");
    CHECK(conn.ca_pem().empty() == (*environment("STANDIN_CA") == '\0'));
    CHECK(!auth::is_token_refused(auth::Server::restpp, 403, "{\"error\":true,\"code\":\"REST-10018\"}"));
    CHECK(auth::is_token_refused(auth::Server::restpp, 403, "{\"error\":true,\"code\":\"REST-10016\"}"));
    if (standin_is_4_1_or_later()) CHECK(conn.check_token(token));
    else CHECK_THROWS(conn.check_token(token), Status::unsupported, "unsupported.check");
    CHECK_THROWS(conn.get_secret("no_such_secret"), Status::not_found, "missing.secret");

    if (*environment("STANDIN_CA") == '\0') return;
    auth::Config beside = standin_config();
    beside.set_ca_file(nullptr).add_ca_file(environment("STANDIN_CA"));
    CHECK(auth::Connection(beside).send({"GET", auth::Server::restpp, "/echo"}).http_status() == 200);
}

/* A report says whether all is well, in words and in JSON, and holds no credential. */
static void diagnosis() {
    auth::Connection conn(standin_config());
    auth::DiagnoseOptions asking_nobody;
    asking_nobody.offline = true;
    const auth::Report offline = conn.diagnose(asking_nobody);
    CHECK(!offline.text().empty() && offline.json().front() == '{');
    CHECK_THROWS(conn.current_token(), Status::no_credentials, "credentials.none");
    const auth::Report report = conn.diagnose();
    CHECK(report.text() != offline.text() && report.json().find("\"ok\":true") != std::string_view::npos);
    const auth::Token token = conn.current_token();
    for (const std::string_view text : {report.text(), report.json()}) {
        CHECK(text.find("opensesame") == std::string_view::npos);
        CHECK(text.find(token.value()) == std::string_view::npos);
    }
    auth::Connection wrong(standin_config().set_password("alice", "closedsesame"));
    const auth::Report bad = wrong.diagnose();
    CHECK(bad.json().find("auth.bad_password") != std::string_view::npos);
    CHECK(bad.json().find("closedsesame") == std::string_view::npos);
}

/* Settings from the environment, where the program has not set them. */
static void settings_from_the_environment() {
    setenv("TG_HOST", standin_url().c_str(), 1);
    setenv("TG_USERNAME", "alice", 1);
    setenv("TG_PASSWORD", "opensesame", 1);
    setenv("TG_GRAPHNAME", "MyGraph", 1);
    if (*environment("STANDIN_CA") != '\0') setenv("TG_CERT_PATH", environment("STANDIN_CA"), 1);
    auth::Connection conn(auth::Config(std::nullopt).load_env());
    CHECK(conn.get_token().expires_at().has_value());
    setenv("STAGING_TG_GRAPHNAME", "MyGraph", 1);
    auth::Connection staging(auth::Config(std::nullopt).load_profile("staging"));
    CHECK(staging.get_token().expires_at().has_value());
    unsetenv("STAGING_TG_GRAPHNAME");
    CHECK_FAILS(auth::Connection::try_open(auth::Config(std::nullopt).load_profile("staging")), Status::invalid_argument,
                "config.profile");
    CHECK_FAILS(auth::Connection::try_open(auth::Config(std::nullopt).load_env_file("/nowhere/.env")),
                Status::invalid_argument, "config.file");
    setenv("TG_RESTPP_PORT", "nine thousand", 1);
    CHECK_FAILS(auth::Connection::try_open(auth::Config(std::nullopt).load_env()), Status::invalid_argument,
                "argument.range");
    for (const char *name : {"TG_HOST", "TG_USERNAME", "TG_PASSWORD", "TG_GRAPHNAME", "TG_CERT_PATH", "TG_RESTPP_PORT"})
        unsetenv(name);
}

/* Another handle is the same connection. */
static void clones(auth::Connection conn) {
    const auth::Token token = conn.authorization();
    auth::Connection clone = conn.clone();
    {
        const auth::Connection moved = std::move(clone);
        const auth::Token its = moved.current_token();
        CHECK(its.value() == token.value());
    }
    clone = conn.clone();
    const auth::Token again = clone.authorization();
    CHECK(again.value() == token.value());
}

/* Limits, and a refusal that says when to come back. */
static void troubles(auth::Connection &conn) {
    auth::Connection own = conn.clone();
    own.set_timeout(500ms);
    CHECK(steer("POST", "/faults", R"({"path_prefix":"/","action":"Hang"})"));
    CHECK_THROWS(own.get_secrets(), Status::timeout, "timeout.response");
    /* A limit that has run out is not the default of 20 seconds. */
    own.set_timeout(-1s);
    const auto begin = std::chrono::steady_clock::now();
    const auth::Result<auth::Secrets> late = own.try_get_secrets();
    CHECK(!late.ok() && late.error().status() == Status::timeout);
    CHECK(!late.error().http_status().has_value());
    CHECK(std::chrono::steady_clock::now() - begin < 1s);
    /* The limit of the settings for a call is not that for connecting. */
    auth::Connection brief(standin_config().set_connect_timeout(10s).set_timeout(500ms));
    CHECK_THROWS(brief.get_secrets(), Status::timeout, "timeout.response");
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    CHECK(steer("DELETE", "/faults"));
    own.set_timeout(std::nullopt);
    CHECK(own.get_secrets().size() == conn.get_secrets().size());

    CHECK(steer("POST", "/faults", R"({"path_prefix":"/","action":"Reply","status":503,"headers":)"
                                   R"({"Retry-After":"60"},"body":"busy","content_type":"text/plain"})"));
    const auth::Result<auth::Secrets> busy = own.try_get_secrets();
    CHECK(!busy.ok() && busy.error().status() == Status::unavailable);
    CHECK(busy.error().http_status() == 503 && busy.error().retry_after() == 60s);
    CHECK(steer("DELETE", "/faults"));
}

/* Log lines come, and hold no credential; the function goes when the last connection has gone. */
static void logs() {
    auto lines = std::make_shared<std::vector<std::string>>();
    std::mutex lock;
    {
        std::optional<auth::Connection> conn;
        const auto keep = [lines, &lock](auth::LogLevel level, std::string_view line) {
            const std::lock_guard<std::mutex> guard(lock);
            lines->push_back(std::to_string(static_cast<int>(level)) + " " + std::string(line));
        };
        conn.emplace(standin_config().set_log(auth::LogLevel::debug, keep));
        CHECK(lines.use_count() > 1);
        const auth::Token token = conn->get_token();
        CHECK(!lines->empty());
        for (const std::string &line : *lines) {
            CHECK(line.find("opensesame") == std::string::npos && line.find(token.value()) == std::string::npos);
        }
    }
    CHECK(lines.use_count() == 1);
}

/* What the user's function throws goes nowhere, and the call goes on. */
static void logs_that_throw() {
    std::atomic<int> lines{0};
    auth::Connection conn(standin_config().set_log(auth::LogLevel::debug, [&lines](auth::LogLevel, std::string_view) {
        lines++;
        throw std::runtime_error("from the log");
    }));
    CHECK(conn.get_token().expires_at().has_value());
    CHECK(lines > 0);
    /* An empty function is no log. */
    auth::Connection silent(standin_config().set_log(auth::LogLevel::debug, nullptr));
    CHECK(silent.get_token().expires_at().has_value());
}

int main() {
    auth::Connection conn(standin_config());
    exceptions_carry_the_error(conn);
    secrets(conn);
    secrets_of_others(conn);
    tokens(conn);
    configured_lifetime();
    certificates();
    managed_tokens();
    requests();
    diagnosis();
    settings_from_the_environment();
    clones(auth::Connection(standin_config()));
    logs();
    logs_that_throw();
    troubles(conn);
    return finish();
}
