/* Tokens that do not come from TigerGraph: those of a function of the program, and those of an authorization server,
 * against the stand-in of the environment, which has issued them all. */
#include "check.hpp"
#include "standin.hpp"
#include <csignal>
#include <cstring>
#include <mutex>
#include <sys/stat.h>
#include <thread>
#include <vector>

using auth::Status;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using Clock = std::chrono::system_clock;

static auth::Config without_login() { return standin_config().set_password(nullptr, nullptr); }

/* A token of the server's own, as an identity provider would have it. */
static std::string issued() {
    static auth::Connection issuer(standin_config());
    auth::TokenOptions options;
    options.keep_current = true;
    options.lifetime = 1h;
    const auth::Token token = issuer.get_token(options);
    return std::string(token.value());
}

/* Whether it comes true: another thread may be the last to let go. */
template <class Condition> static bool becomes(Condition condition) {
    for (int waited = 0; waited < 10000 && !condition(); waited++) std::this_thread::sleep_for(1ms);
    return condition();
}

/* How often a function was made and destroyed; each copy counts. */
struct Alive {
    explicit Alive(std::atomic<int> &its_count) : count(&its_count) { ++*count; }
    Alive(const Alive &other) : count(other.count) { ++*count; }
    ~Alive() { --*count; }
    Alive &operator=(const Alive &) = delete;
    std::atomic<int> *count;
};

/* ---- Token providers */

static void a_provider_is_asked_when_a_token_is_needed() {
    std::atomic<int> asked{0}, alive{0};
    {
        auth::Config config = without_login();
        config.set_token_provider([&asked, kept = Alive(alive)](const auth::TokenRequest &request) {
            asked++;
            CHECK(request.time_left() > 0ms && request.time_left() <= 20s && !request.is_cancelled());
            return auth::ProvidedToken(issued());
        });
        auth::Connection conn(std::move(config));
        CHECK(asked == 0 && alive == 1);
        const auth::Token token = conn.authorization();
        const auth::Token same = conn.authorization();
        CHECK(asked == 1 && token.value() == same.value() && !token.value().empty());
        CHECK(conn.send({"GET", auth::Server::restpp, "/echo"}).http_status() == 200);
        if (standin_is_4_1_or_later()) {
            CHECK(token.expires_at() > Clock::now() + 50min);
            const auth::Result<auth::Secrets> secrets = conn.try_get_secrets();
            CHECK_OK(secrets);
        }
        CHECK(asked == 1);
        conn.reject_token(token);
        const auth::Token next = conn.authorization();
        CHECK(asked == 2 && next.value() != token.value());
        CHECK(alive == 1);
    }
    CHECK(becomes([&] { return alive == 0; }));
}

static void a_token_ends_when_its_provider_says() {
    const auto end = std::chrono::time_point_cast<std::chrono::seconds>(Clock::now()) + 2h;
    std::atomic<int> asked{0};
    auth::Connection conn(without_login().set_token_provider([&](const auth::TokenRequest &) {
        asked++;
        return auth::ProvidedToken("a-token-with-an-end", end + 999ms);
    }));
    const auth::Token token = conn.authorization();
    CHECK(token.value() == "a-token-with-an-end" && token.expires_at() == end);
    auth::Connection endless(without_login().set_token_provider(
        [](const auth::TokenRequest &) { return auth::ProvidedToken("a-token-without-an-end"sv); }));
    CHECK(!endless.authorization().expires_at());
    /* The beginning of time is long ago, and not C's word for "unknown". */
    auth::Connection late(without_login().set_token_provider(
        [](const auth::TokenRequest &) { return auth::ProvidedToken("a-token-that-ended", Clock::time_point()); }));
    const auth::Result<auth::Token> over = late.try_authorization();
    CHECK(!over || (over->expires_at() && *over->expires_at() < Clock::now()));
}

/* Callers get this failure of a provider, and again without its being asked, unless it brings what is no token. */
static void fails_with(const char *what, const auth::TokenProvider &provide, Status status, std::string_view reason,
                       std::string_view words) {
    std::atomic<int> asked{0};
    auth::Connection conn(without_login().set_token_provider([&](const auth::TokenRequest &request) {
        asked++;
        return provide(request);
    }));
    for (int turn = 0; turn < 2; turn++) {
        const auth::Error error = conn.try_authorization().error();
        check(is_failure(error, status, reason) && error.message().find(words) != std::string_view::npos, __FILE__,
              __LINE__, what, describe(error));
        check(error.message().find("canary") == std::string_view::npos, __FILE__, __LINE__, what, describe(error));
    }
    if (status != Status::protocol) check(asked == 1, __FILE__, __LINE__, what, std::to_string(asked));
}

struct Wordless : std::exception {
    const char *what() const noexcept override { return nullptr; }
};

static void failures_of_a_provider() {
    using Answer = auth::ProviderAnswer;
    using Request = const auth::TokenRequest &;
    const Status refused = Status::unauthenticated, unavailable = Status::unavailable;
    const auto failure = [](Status status, auth::Text words = {}) { return auth::ProviderFailure(status, words, 60s); };
    fails_with("returned", [&](Request) { return failure(Status::forbidden, "the vault is sealed"); }, refused,
               "provider.refused", "the vault is sealed");
    fails_with("thrown", [&](Request) -> Answer { throw failure(refused, "the vault is sealed"); }, refused,
               "provider.refused", "the vault is sealed");
    fails_with("busy", [&](Request) -> Answer { throw failure(Status::unavailable, "the vault is busy"); }, unavailable,
               "provider.unavailable", "the vault is busy");
    fails_with("no words", [&](Request) -> Answer { return failure(refused); }, refused, "provider.refused", "refused");
    fails_with("not UTF-8", [&](Request) -> Answer { return failure(refused, "\xff"); }, refused, "provider.refused",
               "its message is not UTF-8");
    fails_with("an error of the library", [&](Request) -> Answer {
        return auth::ProviderFailure(auth::Error(TG_STATUS_FORBIDDEN, nullptr));
    }, refused, "provider.refused", "");
    fails_with("an exception of the library", [&](Request) -> Answer {
        auth::Connection other(without_login());
        const auth::Token token = other.authorization();
        return auth::ProvidedToken(token.value());
    }, unavailable, "provider.unavailable", "to authorize with");
    fails_with("another exception", [&](Request) -> Answer {
        throw std::runtime_error("out of paper, password=canary-of-more-than-20-letters");
    }, unavailable, "provider.unavailable", "out of paper");
    fails_with("without what()", [&](Request) -> Answer { throw Wordless(); }, unavailable, "provider.unavailable", "");
    fails_with("a number", [&](Request) -> Answer { throw 5; }, unavailable, "provider.unavailable", "it threw");
    for (const auth::Text bad : {auth::Text("good-token\0canary"sv), auth::Text("\0"sv), auth::Text(nullptr),
                                 auth::Text("short"), auth::Text("Bearer good-token"), auth::Text(""sv)}) {
        fails_with("no token", [&](Request) { return auth::ProvidedToken(bad); }, Status::protocol,
                   "protocol.shape", "");
    }
    auth::Connection conn(without_login().set_token_provider(
        [&](Request) -> Answer { return auth::ProviderFailure(Status::unavailable, "busy", 10min); }));
    const auth::Error error = conn.try_authorization().error();
    CHECK(error.retry_after() > 9min && error.retry_after() <= 10min);
}

static void a_provider_may_throw_what_was_thrown_at_it() {
    auth::Connection conn(without_login().set_token_provider([](const auth::TokenRequest &) -> auth::ProviderAnswer {
        auth::Connection wrong(standin_config().set_password("alice", "closedsesame"));
        wrong.get_token();
        return auth::ProviderFailure(Status::internal);
    }));
    CHECK_THROWS(conn.authorization(), Status::unauthenticated, "provider.refused");
}

/* It hears that nobody waits, and a call of its own connection is refused in place of a deadlock. */
static void a_provider_is_not_waited_for() {
    std::atomic<bool> has_begun{false}, saw_end{false};
    auth::Connection *own = nullptr;
    auth::Config config = without_login();
    config.set_token_provider([&](const auth::TokenRequest &request) -> auth::ProviderAnswer {
        has_begun = true;
        saw_end = becomes([&] { return request.is_cancelled(); }) && request.time_left() == 0ms;
        return auth::ProvidedToken("a-token-for-nobody");
    });
    auth::Connection conn(config);
    std::thread other([&] {
        CHECK(becomes([&] { return has_begun.load(); }));
        conn.cancel();
    });
    CHECK_THROWS(conn.authorization(), Status::cancelled, "cancelled");
    other.join();
    CHECK(becomes([&] { return saw_end.load(); }));

    config.set_token_provider([&own](const auth::TokenRequest &) -> auth::ProviderAnswer {
        CHECK_THROWS(own->clone().authorization(), Status::invalid_argument, "argument.recursion");
        return auth::ProvidedToken("a-token-after-all");
    });
    auth::Connection recursive(config);
    own = &recursive;
    const auth::Token token = recursive.authorization();
    CHECK(token.value() == "a-token-after-all");
}

/* Hints have the names of this header; and a provider may outlast its connection. */
static void a_provider_that_overstays() {
    std::atomic<bool> may_go{false};
    std::atomic<int> alive{0};
    const auto provide = [&may_go, kept = Alive(alive)](const auth::TokenRequest &) {
        becomes([&] { return may_go.load(); });
        return auth::ProvidedToken("a-token-too-late");
    };
    std::optional<auth::Connection> conn;
    conn.emplace(without_login().set_timeout(200ms).set_token_provider(provide));
    CHECK(alive == 2);
    const auth::Error late = conn->try_authorization().error();
    CHECK(late.status() == Status::timeout || is_failure(late, Status::unavailable, "provider.unavailable"));
    std::string hint;
    becomes([&] {
        const auth::Error error = conn->try_authorization().error();
        hint = error.hint();
        return hint.find("TokenRequest::time_left") != std::string::npos;
    });
    CHECK(hint.find("TokenRequest::time_left") != std::string::npos && hint.find("tg_") == std::string::npos);
    conn.reset();
    CHECK(alive == 2);
    may_go = true;
    CHECK(becomes([&] { return alive == 1; }));
}

/* Each function is destroyed once: when it is replaced, refused, or its last connection goes. */
/* Whether a process that this thread starts cannot be stopped by this signal: inherits that it is blocked. */
static bool blocks_in_child(const std::string &signal) {
    FILE *child = popen(("kill -" + signal + " $$; echo alive").c_str(), "r");
    CHECK(child != nullptr);
    const bool is_alive = std::fgetc(child) == 'a';
    pclose(child);
    return is_alive;
}

/* The library's own thread blocks all signals. */
static void a_process_that_a_provider_starts_blocks_no_more_than_the_program() {
    sigset_t one, before;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    for (const bool blocks : {false, true}) {
        if (blocks) pthread_sigmask(SIG_BLOCK, &one, &before);
        bool term = true, usr2 = !blocks;
        auth::Config config = without_login();
        config.set_token_provider([&term, &usr2](const auth::TokenRequest &) {
            term = blocks_in_child("TERM");
            usr2 = blocks_in_child("USR2");
            return auth::ProvidedToken(issued());
        });
        if (blocks) pthread_sigmask(SIG_SETMASK, &before, nullptr);
        auth::Connection conn(config);
        conn.authorization();
        CHECK(!term && usr2 == blocks);
    }
}

static void providers_are_released() {
    std::atomic<int> alive{0};
    const auto provider = [&] {
        return [kept = Alive(alive)](const auth::TokenRequest &) { return auth::ProvidedToken("a-good-token"); };
    };
    {
        auth::Config config = without_login();
        config.set_token_provider(provider());
        CHECK(alive == 1);
        config.set_token_provider(provider());
        CHECK(alive == 1);
        std::optional<auth::Connection> conn(auth::Connection::try_open(config).value());
        CHECK_FAILS(auth::Connection::try_open(without_login().set_secret("s").set_token_provider(provider())),
                    Status::invalid_argument, "config.conflict");
        CHECK(alive == 1);
        config.set_token_provider(nullptr);
        CHECK(alive == 1);
        CHECK_THROWS(auth::Connection(config).authorization(), Status::no_credentials, "credentials.none");
        conn.reset();
        CHECK(alive == 0);
        const auth::Config taken = std::move(config);
        config.set_token_provider(provider());
        CHECK(alive == 0);
    }
    CHECK(alive == 0);
}

/* ---- OAuth2 */

/* A token endpoint on loopback, which answers every request alike and keeps them all. */
class TokenEndpoint {
  public:
    TokenEndpoint(int status, std::string body) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address = loopback(0);
        socklen_t length = sizeof address;
        if (bind(fd_, reinterpret_cast<sockaddr *>(&address), length) != 0 || listen(fd_, 16) != 0) std::abort();
        if (getsockname(fd_, reinterpret_cast<sockaddr *>(&address), &length) != 0) std::abort();
        port_ = ntohs(address.sin_port);
        answer_ = "HTTP/1.1 " + std::to_string(status) + " So\r\nContent-Type: application/json\r\n" +
                  "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        thread_ = std::thread([this] { serve(); });
    }
    TokenEndpoint(const TokenEndpoint &) = delete;
    TokenEndpoint &operator=(const TokenEndpoint &) = delete;
    ~TokenEndpoint() {
        shutdown(fd_, SHUT_RDWR);
        thread_.join();
        close(fd_);
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/token"; }
    std::vector<std::string> asked() {
        const std::lock_guard<std::mutex> guard(lock_);
        return asked_;
    }

  private:
    static bool is_whole(const std::string &request) {
        const std::size_t head = request.find("\r\n\r\n");
        if (head == std::string::npos) return false;
        const char *length = strcasestr(request.c_str(), "\r\ncontent-length:");
        return length != nullptr && request.size() >= head + 4 + std::strtoul(length + 17, nullptr, 10);
    }

    void serve() {
        for (int peer; (peer = accept(fd_, nullptr, nullptr)) >= 0; close(peer)) {
            std::string request;
            char bytes[4096];
            for (ssize_t got; !is_whole(request) && (got = recv(peer, bytes, sizeof bytes, 0)) > 0;)
                request.append(bytes, static_cast<std::size_t>(got));
            {
                const std::lock_guard<std::mutex> guard(lock_);
                asked_.push_back(request);
            }
            if (send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL) < 0) std::perror("send");
        }
    }

    int fd_;
    std::uint16_t port_ = 0;
    std::string answer_;
    std::mutex lock_;
    std::vector<std::string> asked_;
    std::thread thread_;
};

static bool holds(const std::string &text, std::string_view part) { return text.find(part) != std::string::npos; }

static void oauth2() {
    const std::string token = issued();
    TokenEndpoint endpoint(200, "{\"access_token\":\"" + token + "\",\"token_type\":\"Bearer\",\"expires_in\":1800}");
    auth::Config config = without_login();
    config.set_oauth2(endpoint.url(), "reporting"sv, "canary-secret");
    config.set_oauth2_parameter("scope", "tigergraph"sv).set_oauth2_parameter("audience", "database");
    config.set_oauth2_parameter("resource", "never").set_oauth2_parameter("resource", nullptr);
    auth::Connection conn(config);
    CHECK(endpoint.asked().empty());
    const auth::Token own = conn.authorization();
    const auth::Token same = conn.authorization();
    CHECK(own.value() == token && same.value() == token);
    CHECK(own.expires_at() > Clock::now() + 25min && own.expires_at() < Clock::now() + 31min);
    CHECK(conn.send({"GET", auth::Server::restpp, "/echo"}).http_status() == 200);
    const std::vector<std::string> asked = endpoint.asked();
    CHECK(asked.size() == 1 && asked[0].rfind("POST /token HTTP/1.1\r\n", 0) == 0);
    CHECK(holds(asked[0], "grant_type=client_credentials") && holds(asked[0], "scope=tigergraph"));
    CHECK(holds(asked[0], "audience=database") && !holds(asked[0], "never"));
    /* reporting:canary-secret */
    CHECK(holds(asked[0], "Basic cmVwb3J0aW5nOmNhbmFyeS1zZWNyZXQ="));

    /* No name takes all parameters away; "form" has it in the form. */
    config.set_oauth2_parameter(nullptr, nullptr).set_oauth2_parameter("client_auth", "form");
    const auth::Token other = auth::Connection(config).authorization();
    CHECK(other.value() == token && !holds(endpoint.asked()[1], "scope") && !holds(endpoint.asked()[1], "Basic"));
    CHECK(holds(endpoint.asked()[1], "client_secret=canary-secret"));

    config.set_oauth2(nullptr, nullptr).set_oauth2_parameter(nullptr, nullptr);
    CHECK_THROWS(auth::Connection(config).authorization(), Status::no_credentials, "credentials.none");
    CHECK(endpoint.asked().size() == 2);
}

static void oauth2_with_a_secret_in_a_file() {
    TokenEndpoint endpoint(200, "{\"access_token\":\"a-token-by-file\",\"token_type\":\"Bearer\"}");
    char path[] = "/tmp/tigergraph-auth-XXXXXX";
    const int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, "secret-of-the-file\n", 19) == 19 && fchmod(fd, 0600) == 0 && close(fd) == 0);
    auth::Config config = without_login();
    config.set_oauth2(endpoint.url(), "reporting").set_oauth2_parameter("client_auth", "form");
    const auth::Error missing = auth::Connection::try_open(config).error();
    CHECK(is_failure(missing, Status::invalid_argument, "config.conflict"));
    auth::Config with_grant = without_login();
    with_grant.set_oauth2(endpoint.url(), "reporting", "s").set_oauth2_parameter("grant_type", "password");
    const auth::Error twice = auth::Connection::try_open(with_grant).error();
    CHECK(is_failure(twice, Status::invalid_argument, "config.conflict"));
    CHECK(twice.hint().find("Config::set_oauth2;") != std::string_view::npos);
    auth::Connection conn(config.set_oauth2_secret_file(path));
    const auth::Token token = conn.authorization();
    CHECK(token.value() == "a-token-by-file" && holds(endpoint.asked().at(0), "client_secret=secret-of-the-file"));
    unlink(path);
}

static void oauth2_is_refused() {
    TokenEndpoint endpoint(401, "{\"error\":\"invalid_client\"}");
    auth::Connection conn(without_login().set_oauth2(endpoint.url(), "reporting", "canary-secret").set_oauth2_parameter(
        "client_auth", "basic"));
    for (int turn = 0; turn < 2; turn++) {
        const auth::Error error = conn.try_authorization().error();
        CHECK(is_failure(error, Status::unauthenticated, "oauth2.refused") && error.server_code() == "invalid_client");
        CHECK(error.retry_after() > 20s && error.message().find("canary") == std::string_view::npos);
    }
    CHECK(endpoint.asked().size() == 1);
}

int main() {
    a_provider_is_asked_when_a_token_is_needed();
    a_token_ends_when_its_provider_says();
    failures_of_a_provider();
    a_provider_may_throw_what_was_thrown_at_it();
    a_provider_is_not_waited_for();
    a_provider_that_overstays();
    a_process_that_a_provider_starts_blocks_no_more_than_the_program();
    providers_are_released();
    oauth2();
    oauth2_with_a_secret_in_a_file();
    oauth2_is_refused();
    return finish();
}
