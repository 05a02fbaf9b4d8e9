/* Arguments that are wrong, objects that were moved from, and what must not compile. No server is asked. */
#include "check.hpp"
#include <ostream>
#include <type_traits>
#include <vector>

using auth::Status;
using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;

/* Only moved, never copied; an error may be copied, and that cannot fail. */
template <class T>
constexpr bool is_moved_only = std::is_nothrow_move_constructible_v<T> && std::is_move_assignable_v<T> &&
                               !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(is_moved_only<auth::Connection> && is_moved_only<auth::Token> && is_moved_only<auth::Secrets> &&
              is_moved_only<auth::Report> && is_moved_only<auth::ProvidedToken> && is_moved_only<auth::TokenOrPending>);
static_assert(!std::is_copy_constructible_v<auth::TokenRequest> && !std::is_move_constructible_v<auth::TokenRequest>);
/* A provider says what it returns; a bare text would be a token or a message. */
static_assert(std::is_convertible_v<auth::ProvidedToken, auth::ProviderAnswer> &&
              std::is_convertible_v<auth::ProviderFailure, auth::ProviderAnswer> &&
              !std::is_convertible_v<std::string, auth::ProviderAnswer> &&
              !std::is_convertible_v<Status, auth::ProviderAnswer>);
static_assert(std::is_move_constructible_v<auth::Config> && !std::is_copy_constructible_v<auth::Config>);
static_assert(std::is_nothrow_copy_constructible_v<auth::Error>);
static_assert(std::is_nothrow_copy_constructible_v<auth::Exception>);
static_assert(std::is_same_v<std::underlying_type_t<Status>, std::int32_t>);

/* A string or a secret of a temporary would dangle; it does not compile. */
#define GIVES(name, expression)                                            \
    template <class T, class = void> struct name : std::false_type {};     \
    template <class T> struct name<T, std::void_t<decltype(expression)>> : std::true_type {}
GIVES(GivesValue, std::declval<T>().value());
GIVES(GivesBody, std::declval<T>().body());
GIVES(GivesUrl, std::declval<T>().url(auth::Server::restpp));
GIVES(GivesExpiration, std::declval<T>().expiration());
GIVES(GivesMessage, std::declval<T>().message());
GIVES(GivesReason, std::declval<T>().reason());
GIVES(GivesElement, std::declval<T>()[0]);
GIVES(GivesBegin, std::declval<T>().begin());
GIVES(GivesText, std::declval<T>().text());
GIVES(GivesJson, std::declval<T>().json());
GIVES(GivesFront, std::declval<T>().front());
static_assert(GivesValue<auth::Token &>::value && !GivesValue<auth::Token>::value);
static_assert(std::is_same_v<decltype(std::declval<const auth::Token &>().header()), std::string_view>);
static_assert(std::is_convertible_v<decltype(std::declval<auth::Token>().header()), std::string>);
static_assert(!std::is_convertible_v<decltype(std::declval<auth::Token>().header()), std::string_view>);
static_assert(GivesBody<auth::Response &>::value && !GivesBody<auth::Response>::value);
static_assert(GivesUrl<auth::Connection &>::value && !GivesUrl<auth::Connection>::value);
static_assert(GivesUrl<auth::Token &>::value && !GivesUrl<auth::Token>::value);
static_assert(GivesExpiration<auth::Token &>::value && !GivesExpiration<auth::Token>::value);
static_assert(GivesMessage<auth::Error &>::value && !GivesMessage<auth::Error>::value);
static_assert(GivesReason<auth::Error &>::value && !GivesReason<auth::Error>::value);
static_assert(GivesElement<auth::Secrets &>::value && !GivesElement<auth::Secrets>::value);
static_assert(GivesBegin<auth::Secrets &>::value && !GivesBegin<auth::Secrets>::value);
static_assert(GivesText<auth::Report &>::value && !GivesText<auth::Report>::value);
static_assert(GivesJson<auth::Report &>::value && !GivesJson<auth::Report>::value);
static_assert(GivesFront<auth::Secrets &>::value && !GivesFront<auth::Secrets>::value);

/* Nor does what an Exception of its own would give, which nobody caught. */
GIVES(GivesHint, std::declval<T>().hint());
GIVES(GivesCode, std::declval<T>().server_code());
static_assert(GivesHint<auth::Error &>::value && !GivesHint<auth::Error>::value);
static_assert(GivesCode<auth::Error &>::value && !GivesCode<auth::Error>::value);
static_assert(GivesReason<auth::Exception &>::value && !GivesReason<auth::Exception>::value);
static_assert(GivesHint<const auth::Exception &>::value && !GivesHint<auth::Exception>::value);
static_assert(GivesCode<auth::Exception &>::value && !GivesCode<const auth::Exception>::value);
static_assert(GivesReason<auth::Exception &>::value && !GivesReason<const auth::Exception>::value);

/* Nor through a Result that is a temporary: what it gives for keeps is a value, and `->` gives nothing. */
using Diagnosed = auth::Result<auth::Report>;
GIVES(GivesMember, std::declval<T>().operator->());
GIVES(GivesTextByArrow, std::declval<T>()->text());
GIVES(GivesTextByStar, (*std::declval<T>()).text());
GIVES(GivesTextByValue, std::declval<T>().value().text());
GIVES(GivesReasonOfError, std::declval<T>().error().reason());
template <class T> constexpr bool gives_text =
    GivesTextByArrow<T>::value || GivesTextByStar<T>::value || GivesTextByValue<T>::value;
template <class T> constexpr bool gives_text_thrice =
    GivesTextByArrow<T>::value && GivesTextByStar<T>::value && GivesTextByValue<T>::value;
static_assert(gives_text_thrice<Diagnosed &> && gives_text_thrice<const Diagnosed &>);
static_assert(!gives_text<Diagnosed> && !gives_text<const Diagnosed>);
static_assert(!GivesMember<auth::Result<auth::Token>>::value && !GivesMember<const auth::Result<auth::Secrets>>::value);
static_assert(GivesMember<auth::Result<auth::Token> &>::value);
static_assert(GivesMember<auth::TokenOrPending &>::value && !GivesMember<auth::TokenOrPending>::value);
static_assert(std::is_same_v<decltype(std::declval<auth::TokenOrPending>().value()), auth::Token>);
static_assert(!GivesReasonOfError<auth::TokenOrPending>::value);
static_assert(GivesReasonOfError<Diagnosed &>::value && !GivesReasonOfError<Diagnosed>::value);
static_assert(!GivesReasonOfError<const Diagnosed>::value && !GivesReasonOfError<const auth::Result<void>>::value);
static_assert(!GivesReasonOfError<auth::Exception>::value && GivesReasonOfError<auth::Exception &>::value);
/* What is no reference is given for keeps. */
static_assert(std::is_same_v<decltype(std::declval<Diagnosed>().value()), auth::Report>);
static_assert(std::is_same_v<decltype(*std::declval<Diagnosed>()), auth::Report>);
static_assert(std::is_same_v<decltype(std::declval<const Diagnosed>().error()), auth::Error>);
static_assert(std::is_same_v<decltype(std::declval<auth::Exception>().error()), auth::Error>);

/* A setter of a Config that is a temporary gives the Config, not a reference to it. */
static_assert(std::is_same_v<decltype(std::declval<auth::Config>().set_graph("g")), auth::Config>);
static_assert(std::is_same_v<decltype(std::declval<auth::Config>().load_env()), auth::Config>);
static_assert(std::is_same_v<decltype(std::declval<auth::Config &>().load_env()), auth::Config &>);
static_assert(std::is_same_v<decltype(std::declval<auth::Config>().load_profile("x")), auth::Config>);
static_assert(std::is_same_v<decltype(std::declval<auth::Config>().load_env_file("x")), auth::Config>);
static_assert(std::is_same_v<decltype(std::declval<auth::Config>().set_oauth2("u", "i")), auth::Config>);
static_assert(std::is_same_v<decltype(std::declval<auth::Config>().set_oauth2_secret_file("f")), auth::Config>);
static_assert(std::is_same_v<decltype(std::declval<auth::Config>().set_token_cache("none")), auth::Config>);
static_assert(std::is_same_v<decltype(std::declval<auth::Config>().set_oauth2_parameter("a", "b")), auth::Config>);
static_assert(std::is_same_v<decltype(std::declval<auth::Config>().set_token_provider(nullptr)), auth::Config>);
static_assert(std::is_same_v<decltype(std::declval<auth::Config &>().set_token_provider(nullptr)), auth::Config &>);

/* No stream takes what holds a credential. */
GIVES(IsPrinted, std::declval<std::ostream &>() << std::declval<T>());
static_assert(!IsPrinted<auth::Token>::value && !IsPrinted<auth::Secret>::value && !IsPrinted<auth::Secrets>::value);

constexpr auto nowhere = "http://127.0.0.1:1";

static auth::Connection connection() {
    return auth::Connection(auth::Config(nowhere).set_secret("asecret").set_server_version("4.2"));
}

static void null_texts() {
    const char *unset = nullptr;
    CHECK_FAILS(auth::Connection::try_open(auth::Config(unset)), Status::invalid_argument, "argument.null");
    CHECK_FAILS(auth::Connection::try_open(auth::Config(nullptr)), Status::invalid_argument, "argument.null");
    CHECK_FAILS(auth::Connection::try_open(auth::Config(std::nullopt)), Status::invalid_argument, "argument.null");
    CHECK_THROWS(auth::Connection(auth::Config(unset)), Status::invalid_argument, "argument.null");
    CHECK_FAILS(auth::Connection::try_open(auth::Config(std::string_view())), Status::invalid_argument, "argument.url");
    auth::Connection conn = connection();
    CHECK_THROWS(conn.drop_secret(unset), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.drop_secret(std::string_view()), Status::invalid_argument, "argument.alias");
    CHECK_THROWS(conn.ensure_secret(nullptr), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.drop_secrets({"a", unset}), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.check_jwt_token(nullptr), Status::invalid_argument, "argument.null");
    /* An unset secret is no secret, as in C. */
    auth::Connection without(auth::Config(nowhere).set_secret(unset));
    CHECK_THROWS(without.authorization(), Status::no_credentials, "credentials.none");
}

/* Whatever way a text with a NUL comes in, it is refused by name, and never cut. */
template <class Setter> static void refuses_nul(const char *setting, Setter set) {
    for (const auth::Text text : {auth::Text("good\0canary"sv), auth::Text("\0"sv)}) {
        auth::Config config(nowhere);
        set(config, text);
        const auth::Result<auth::Connection> conn = auth::Connection::try_open(config);
        CHECK(!conn.ok() && is_failure(conn.error(), Status::invalid_argument, "argument.control_character"));
        CHECK(conn.error().message().find(setting) != std::string_view::npos);
        CHECK(conn.error().message().find("canary") == std::string_view::npos && !conn.error().hint().empty());
        CHECK(!conn.error().http_status() && !conn.error().retry_after() && conn.error().server_code().empty());
        set(config, nullptr);
        const auth::Result<auth::Connection> after = auth::Connection::try_open(config);
        CHECK_OK(after);
    }
}

static void nul_in_settings() {
    using auth::Config;
    using auth::Text;
    CHECK_FAILS(auth::Connection::try_open(Config("http://127.0.0.1:1\0.example.com"sv)), Status::invalid_argument,
                "argument.control_character");
    refuses_nul("graph", [](Config &config, Text text) { config.set_graph(text); });
    refuses_nul("username", [](Config &config, Text text) {
        config.set_password(text, text.view() ? Text("password") : Text());
    });
    refuses_nul("password", [](Config &config, Text text) {
        config.set_password(text.view() ? Text("user") : Text(), text);
    });
    refuses_nul("secret", [](Config &config, Text text) { config.set_secret(text); });
    refuses_nul("api_token", [](Config &config, Text text) { config.set_api_token(text); });
    refuses_nul("jwt", [](Config &config, Text text) { config.set_jwt(text); });
    refuses_nul("password_file", [](Config &config, Text text) {
        config.set_password_file(text.view() ? Text("user") : Text(), text);
    });
    refuses_nul("secret_file", [](Config &config, Text text) { config.set_secret_file(text); });
    refuses_nul("jwt_file", [](Config &config, Text text) { config.set_jwt_file(text); });
    refuses_nul("oauth2_url", [](Config &config, Text text) {
        const auto beside = [&](const char *given) { return text.view() ? Text(given) : Text(); };
        config.set_oauth2(text, beside("id"), beside("secret"));
    });
    refuses_nul("oauth2_client_id", [](Config &config, Text text) {
        const auto beside = [&](const char *given) { return text.view() ? Text(given) : Text(); };
        config.set_oauth2(beside(nowhere), text, beside("secret"));
    });
    refuses_nul("oauth2_client_secret", [](Config &config, Text text) {
        const auto beside = [&](const char *given) { return text.view() ? Text(given) : Text(); };
        config.set_oauth2(beside(nowhere), beside("id"), text);
    });
    refuses_nul("token_cache", [](Config &config, Text text) { config.set_token_cache(text); });
    refuses_nul("oauth2_client_secret_file", [](Config &config, Text text) { config.set_oauth2_secret_file(text); });
    refuses_nul("oauth2_parameter", [](Config &config, Text text) { config.set_oauth2_parameter("scope", text); });
    refuses_nul("oauth2_parameter", [](Config &config, Text text) { config.set_oauth2_parameter(text, "tigergraph"); });
    refuses_nul("server_version", [](Config &config, Text text) { config.set_server_version(text); });
    refuses_nul("ca_file", [](Config &config, Text text) { config.set_ca_file(text); });
    refuses_nul("ca_pem", [](Config &config, Text text) { config.set_ca_pem(text); });
    refuses_nul("client_cert", [](Config &config, Text text) {
        config.set_client_cert(text, text.view() ? Text("/key") : Text());
    });
    refuses_nul("client_key", [](Config &config, Text text) {
        config.set_client_cert(text.view() ? Text("/certificate") : Text(), text);
    });
    refuses_nul("pin_sha256", [](Config &config, Text text) { config.set_pin_sha256(text); });
    refuses_nul("proxy", [](Config &config, Text text) { config.set_proxy(text); });
    refuses_nul("user_agent", [](Config &config, Text text) { config.set_user_agent(text); });
}

/* What is wrong with one parameter stays wrong, whatever the others are, and takes none of them away. */
static void parameters_of_oauth2() {
    const auto refusal = [](const auth::Config &config) { return auth::Connection::try_open(config).error(); };
    auth::Config config(nowhere);
    config.set_oauth2(nowhere, "id", "secret").set_oauth2_parameter("scope", "good\0bad"sv);
    config.set_oauth2_parameter("audience", "good");
    CHECK(is_failure(refusal(config), Status::invalid_argument, "argument.control_character"));
    config.set_oauth2_parameter("scope", "good");
    CHECK(refusal(config).status() == Status::ok);
    config.set_oauth2_parameter("a\0b"sv, "good").set_oauth2_parameter("scope", "better");
    CHECK(is_failure(refusal(config), Status::invalid_argument, "argument.control_character"));
    config.set_oauth2_parameter(nullptr, nullptr).set_oauth2_parameter("grant_type", "password");
    CHECK(is_failure(refusal(config), Status::invalid_argument, "config.conflict"));
    /* A name that C cannot have is not that of no parameter, which takes all away. */
    config.set_oauth2_parameter("\0"sv, nullptr).set_oauth2_parameter("\0"sv, "x");
    config.set_oauth2_parameter("grant_type", nullptr);
    CHECK(is_failure(refusal(config), Status::invalid_argument, "argument.control_character"));
}

static void nul_in_arguments() {
    auth::Connection conn = connection();
    const std::string bad = "good\0canary"s;
    const auto refused = [](const auth::Error &error, std::string_view argument) {
        check(is_failure(error, Status::invalid_argument, "argument.control_character") &&
                  error.message().find(argument) == 0 && error.message().find("canary") == std::string_view::npos,
              __FILE__, __LINE__, argument.data(), describe(error));
    };
    refused(conn.try_get_secrets(bad).error(), "user");
    refused(conn.try_create_secret(bad).error(), "alias");
    auth::CreateOptions create;
    create.value = bad;
    refused(conn.try_create_secret("a", create).error(), "value");
    create = {};
    create.user = bad;
    refused(conn.try_create_secret("a", create).error(), "user");
    refused(conn.try_ensure_secret(bad).error(), "alias");
    refused(conn.try_drop_secret(bad).error(), "alias");
    auth::DropOptions drop;
    drop.user = bad;
    refused(conn.try_drop_secret("a", drop).error(), "user");
    refused(conn.try_drop_secrets({"a", bad}).error(), "alias");
    refused(conn.try_drop_secrets({"a"}, drop).error(), "user");
    auth::TokenOptions get;
    get.secret = bad;
    refused(conn.try_get_token(get).error(), "secret");
    auth::RefreshOptions refresh;
    refresh.secret = bad;
    refused(conn.try_refresh_token(refresh).error(), "secret");
    refresh = {};
    refresh.token = bad;
    refused(conn.try_refresh_token(refresh).error(), "token");
    auth::DeleteOptions end;
    end.secret = bad;
    refused(conn.try_delete_token(end).error(), "secret");
    end = {};
    end.token = bad;
    refused(conn.try_delete_token(end).error(), "token");
    refused(conn.try_check_jwt_token(bad).error(), "jwt");
}

static void ranges() {
    auth::Config config(nowhere);
    for (const std::chrono::milliseconds limit : {0ms, -1ms}) {
        config.set_timeout(limit);
        CHECK_FAILS(auth::Connection::try_open(config), Status::invalid_argument, "argument.range");
        config.set_timeout(std::nullopt).set_connect_timeout(limit);
        CHECK_FAILS(auth::Connection::try_open(config), Status::invalid_argument, "argument.range");
        config.set_connect_timeout(1s);
        CHECK(auth::Connection::try_open(config).ok());
    }
    CHECK(auth::Connection::try_open(auth::Config(nowhere).set_timeout(24h * 365 * 100)).ok());
    CHECK_FAILS(auth::Connection::try_open(auth::Config(nowhere).set_token_lifetime(-1s)), Status::invalid_argument,
                "argument.range");
    CHECK_FAILS(auth::Connection::try_open(auth::Config(nowhere).set_secret("a").set_jwt("b")),
                Status::invalid_argument, "config.conflict");
    CHECK_FAILS(auth::Connection::try_open(auth::Config(nowhere).set_secret("a\xff")), Status::invalid_argument,
                "argument.utf8");
    CHECK_FAILS(auth::Connection::try_open(auth::Config("http://db.example.com")), Status::invalid_argument,
                "config.plain_http");
    auth::TokenOptions get;
    get.lifetime = -1s;
    CHECK_THROWS(connection().get_token(get), Status::invalid_argument, "argument.range");
}

/* Each setting reaches the library, which names the one that is wrong. */
static void settings_arrive() {
    const auto named = [](const auth::Config &config, std::string_view setting) {
        const auth::Result<auth::Connection> conn = auth::Connection::try_open(config);
        const bool is_named = conn.error().message().find(setting) != std::string_view::npos;
        check(!conn.ok() && conn.error().status() == Status::invalid_argument && is_named, __FILE__, __LINE__,
              setting.data(), describe(conn.error()));
    };
    named(auth::Config(nowhere).set_graph("a b"), "\"graph\"");
    named(auth::Config(nowhere).set_password("a\n", "b"), "\"username\"");
    named(auth::Config(nowhere).set_password("a", "b\n"), "\"password\"");
    named(auth::Config(nowhere).set_secret("a\n"), "\"secret\"");
    named(auth::Config(nowhere).set_api_token("a\n"), "\"api_token\"");
    named(auth::Config(nowhere).set_jwt("a\n"), "\"jwt\"");
    named(auth::Config(nowhere).set_oauth2("nowhere at all", "id", "s"), "\"oauth2_url\"");
    named(auth::Config(nowhere).set_oauth2(nowhere, "", "s"), "\"oauth2_client_id\"");
    named(auth::Config(nowhere).set_oauth2(nowhere, "id", "s\n"), "\"oauth2_client_secret\"");
    named(auth::Config(nowhere).set_oauth2(nowhere, "id").set_oauth2_secret_file("/no/such"),
          "\"oauth2_client_secret_file\"");
    named(auth::Config(nowhere).set_oauth2(nowhere, "id", "s").set_oauth2_parameter("scope\n", "a"),
          "\"oauth2_parameter\"");
    named(auth::Config(nowhere).set_server_version("new"), "\"server_version\"");
    named(auth::Config("https://localhost").set_ca_file("/no/such/file"), "\"ca_file\"");
    named(auth::Config("https://localhost").set_ca_pem("nothing"), "\"ca_pem\"");
    named(auth::Config("https://localhost").set_client_cert("/no/such/file", "/nor/this"), "\"client_cert\"");
    named(auth::Config("https://localhost").set_pin_sha256("short"), "\"pin_sha256\"");
    named(auth::Config(nowhere).set_proxy("ftp://proxy"), "\"proxy\"");
    named(auth::Config(nowhere).set_user_agent("a\n"), "\"user_agent\"");
    named(auth::Config(nowhere).set_token_lifetime(-1s), "lifetime");
    named(auth::Config(nowhere).set_token_lifetime(1s, -1s), "renew");
    CHECK(auth::Connection::try_open(auth::Config("http://db.example.com").set_allow_http(true)).ok());

    /* Ports are named by the refusal to connect. */
    const auto refused = [](auth::Config config, std::string_view gateway, std::string_view restpp) {
        config.set_password("a", "b").set_graph("G").set_server_version("3.10").set_timeout(2s);
        auth::Connection conn(config);
        const auth::Error list = conn.try_get_secrets().error(), token = conn.try_get_token().error();
        CHECK(list.status() == Status::connect && list.message().find(gateway) != std::string_view::npos);
        CHECK(token.status() == Status::connect && token.message().find(restpp) != std::string_view::npos);
    };
    refused(auth::Config("http://127.0.0.1").set_ports(1, 2), "127.0.0.1:2", "127.0.0.1:1");
    refused(auth::Config("http://127.0.0.1").set_tgcloud(true), "127.0.0.1:443", "127.0.0.1:443");
}

/* Every call on what was moved from fails clearly, and what cannot fail does nothing. */
static void moved_from() {
    auth::Config config(nowhere);
    const auth::Config kept = std::move(config);
    CHECK_FAILS(auth::Connection::try_open(config), Status::invalid_argument, "argument.null");
    config.set_oauth2("u", "i").set_oauth2_secret_file("f").set_oauth2_parameter("scope", "s").set_token_provider(
        [](const auth::TokenRequest &) { return auth::ProvidedToken("a-good-token"); });
    config.set_graph("MyGraph").set_timeout(1s).set_log(auth::LogLevel::debug, [](auth::LogLevel, std::string_view) {});

    auth::Connection conn = connection();
    auth::Connection other = std::move(conn);
    CHECK_THROWS(conn.server_version(), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.get_secrets(), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.create_secret(), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.ensure_secret("a"), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.drop_secret("a"), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.drop_secrets({"a"}), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.get_token(), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.refresh_token(), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.delete_token(), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.check_jwt_token("a"), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.authorization(), Status::invalid_argument, "argument.null");
    CHECK_FAILS(conn.authorization_now(), Status::invalid_argument, "argument.null");
    conn.set_wakeup([] {});
    CHECK_THROWS(conn.current_token(), Status::invalid_argument, "argument.null");
    CHECK_THROWS(conn.diagnose(), Status::invalid_argument, "argument.null");
    conn.cancel();
    conn.set_timeout(1s);
    CHECK_THROWS(conn.clone().authorization(), Status::invalid_argument, "argument.null");
    conn = std::move(other);
    CHECK_THROWS(conn.current_token(), Status::no_credentials, "credentials.none");

    auth::Connection with_token(auth::Config(nowhere).set_api_token("atoken"));
    auth::Token token = with_token.current_token();
    const auth::Token taken = std::move(token);
    CHECK(token.value().empty() && token.header().empty() && token.expiration().empty() && !token.expires_at());
    CHECK(taken.value() == "atoken" && taken.header() == "Bearer atoken" && !taken.expires_at());
    with_token.reject_token(token);
    CHECK(with_token.current_token().expires_at() == std::nullopt);

    auth::Error error = conn.try_current_token().error();
    const auth::Error copy = error;
    const auth::Error moved = std::move(error);
    CHECK(error.message().empty() && error.reason().empty() && moved.message() == copy.message());
}

/* The value of a failure is never handed out. */
static void values_of_failures() {
    auth::Connection conn = connection();
    auth::Result<auth::Token> none = conn.try_current_token();
    const auth::Result<auth::Token> &constant = none;
    CHECK_THROWS(none->value().empty(), Status::no_credentials, "credentials.none");
    CHECK_THROWS((*constant).value().empty(), Status::no_credentials, "credentials.none");
    CHECK_THROWS(constant->value().empty(), Status::no_credentials, "credentials.none");
    CHECK_THROWS(std::move(none).value(), Status::no_credentials, "credentials.none");
    CHECK_THROWS(conn.try_drop_secret(nullptr).value(), Status::invalid_argument, "argument.null");
    const auth::Error error = conn.try_drop_secret(nullptr).error();
    CHECK(error.message() == "alias is NULL" && auth::Error().status() == Status::ok);
    CHECK(auth::Error(TG_STATUS_INTERNAL, nullptr).status() == Status::internal);
}

static void times() {
    using auth::detail::time_point;
    using Clock = std::chrono::system_clock;
    CHECK(!time_point(0) && !time_point(-1));
    CHECK(time_point(1700000000) == Clock::time_point(1700000000s));
    CHECK(time_point(INT64_MAX) == Clock::time_point::max());
    CHECK(auth::detail::milliseconds(1h) == 3600000 && auth::detail::milliseconds(24h * 365) == UINT32_MAX);
}

static void names() {
    CHECK(auth::name(Status::ok) == "OK" && auth::name(Status::cancelled) == "CANCELLED");
    CHECK(auth::name(static_cast<Status>(1000)) == "UNKNOWN");
    CHECK(auth::library_version() == std::to_string(TIGERGRAPH_AUTH_VERSION_MAJOR) + "." +
                                         std::to_string(TIGERGRAPH_AUTH_VERSION_MINOR) + "." +
                                         std::to_string(TIGERGRAPH_AUTH_VERSION_PATCH));
}

/* Each log function is destroyed once: when it is replaced, refused, or its last connection goes. */
static void logs_are_released() {
    struct Counted {
        explicit Counted(int &count) : alive(&count) { ++*alive; }
        Counted(const Counted &other) : alive(other.alive) { ++*alive; }
        ~Counted() { --*alive; }
        Counted &operator=(const Counted &) = delete;
        void operator()(auth::LogLevel, std::string_view) const {}
        int *alive;
    };
    int alive = 0;
    {
        auth::Config config(nowhere);
        config.set_log(auth::LogLevel::info, Counted(alive));
        CHECK(alive == 1);
        config.set_log(auth::LogLevel::info, Counted(alive));
        CHECK(alive == 1);
        std::optional<auth::Connection> conn(auth::Connection::try_open(config).value());
        config.set_log(auth::LogLevel::info, nullptr);
        CHECK(alive == 1);
        conn.reset();
        CHECK(alive == 0);
        const auth::Config taken = std::move(config);
        config.set_log(auth::LogLevel::info, Counted(alive));
        CHECK(alive == 0);
    }
    CHECK(alive == 0);
}

int main() {
    null_texts();
    nul_in_settings();
    parameters_of_oauth2();
    nul_in_arguments();
    ranges();
    settings_arrive();
    moved_from();
    values_of_failures();
    times();
    names();
    logs_are_released();
    return finish();
}
