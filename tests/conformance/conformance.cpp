/* The conformance program of the C++ header; README.md beside it says what it reads and answers. */

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tigergraph_auth.hpp>
#include <utility>
#include <vector>

namespace auth = tigergraph::auth;

/* ---- Lines ---- */

/* A line is no line of the protocol: the fault of whoever wrote it. */
struct Malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

static std::string decode(std::string_view field) {
    std::string text;
    for (std::size_t i = 0; i < field.size(); i++) {
        if (field[i] != '%') {
            text += field[i];
            continue;
        }
        text += static_cast<char>(std::stoi(std::string(field.substr(i + 1, 2)), nullptr, 16));
        i += 2;
    }
    return text;
}

static std::string encode(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string field;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < 0x20 || byte >= 0x7f || byte == '%') {
            field += {'%', digits[byte >> 4], digits[byte & 15]};
        } else {
            field += character;
        }
    }
    return field;
}

/* One line of input: a word, and fields by name. */
class Command {
  public:
    explicit Command(std::string_view line) {
        for (std::string_view rest = line; !rest.empty();) {
            const std::string_view field = rest.substr(0, rest.find('\t'));
            rest.remove_prefix(std::min(field.size() + 1, rest.size()));
            const std::size_t equals = field.find('=');
            if (word_.empty()) {
                word_ = field;
            } else if (equals == std::string_view::npos) {
                throw Malformed("a field without a value: " + std::string(field));
            } else {
                fields_.emplace_back(field.substr(0, equals), decode(field.substr(equals + 1)));
            }
        }
    }

    const std::string &word() const { return word_; }

    /* None if the field is missing. */
    auth::Text text(std::string_view name) const {
        for (const auto &[own, value] : fields_)
            if (own == name) return value;
        return std::nullopt;
    }
    std::vector<auth::Text> texts(std::string_view name) const {
        std::vector<auth::Text> all;
        for (const auto &[own, value] : fields_)
            if (own == name) all.emplace_back(value);
        return all;
    }
    bool has(std::string_view name) const { return text(name).view().has_value(); }
    std::int64_t number(std::string_view name) const {
        return has(name) ? std::stoll(std::string(*text(name).view())) : 0;
    }
    bool flag(std::string_view name) const { return number(name) == 1; }
    std::chrono::seconds seconds(std::string_view name) const { return std::chrono::seconds(number(name)); }
    std::optional<std::chrono::milliseconds> limit(std::string_view name) const {
        return number(name) == 0 ? std::nullopt : std::optional(std::chrono::milliseconds(number(name)));
    }

  private:
    std::string word_;
    std::vector<std::pair<std::string, std::string>> fields_;
};

/* One line of output. */
class Answer {
  public:
    explicit Answer(std::string word) : line_(std::move(word)) {}

    Answer &add(std::string_view name, std::string_view value) {
        line_ += "\t" + std::string(name) + "=" + encode(value);
        return *this;
    }
    Answer &add(std::string_view name, std::int64_t number) { return add(name, std::to_string(number)); }
    const std::string &line() const { return line_; }

  private:
    std::string line_;
};

static Answer ok() {
    return Answer("ok");
}

static Answer answer(const auth::Secrets &secrets) {
    Answer line = ok().add("count", static_cast<std::int64_t>(secrets.size()));
    for (const auth::Secret secret : secrets) {
        line.add("alias", secret.alias).add("value", secret.value).add("graph", secret.graph);
        line.add("masked", std::int64_t{secret.is_masked});
    }
    return line;
}

static Answer answer(const auth::Error &error) {
    const auto wait = error.retry_after();
    return Answer("error")
        .add("status", auth::name(error.status()))
        .add("reason", error.reason())
        .add("message", error.message())
        .add("hint", error.hint())
        .add("server_code", error.server_code())
        .add("http_status", std::int64_t{error.http_status().value_or(0)})
        .add("retry_after_ms", wait ? std::int64_t{wait->count()} : -1);
}

/* ---- Log and cancellation ---- */

/* The lines of one connection's log. */
class Log {
  public:
    void keep(auth::LogLevel level, std::string_view message) {
        const std::lock_guard<std::mutex> guard(lock_);
        lines_.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(message));
    }
    std::vector<std::string> take() {
        const std::lock_guard<std::mutex> guard(lock_);
        return std::exchange(lines_, {});
    }

  private:
    std::mutex lock_;
    std::vector<std::string> lines_;
};

/* Cancels a connection's calls after a while, unless it goes before. */
class Cancellation {
  public:
    Cancellation(auth::Connection &conn, std::chrono::milliseconds wait) : thread_([this, &conn, wait] {
        std::unique_lock<std::mutex> guard(lock_);
        if (!gone_.wait_for(guard, wait, [this] { return is_gone_; })) conn.cancel();
    }) {}
    Cancellation(const Cancellation &) = delete;
    Cancellation &operator=(const Cancellation &) = delete;
    ~Cancellation() {
        {
            const std::lock_guard<std::mutex> guard(lock_);
            is_gone_ = true;
        }
        gone_.notify_one();
        thread_.join();
    }

  private:
    std::mutex lock_;
    std::condition_variable gone_;
    bool is_gone_ = false;
    std::thread thread_;
};

/* ---- Token providers and wakeups ---- */

/* Brings what the scenario has it answer, one call after the other; the last answer stays. */
class Provider {
  public:
    explicit Provider(const std::vector<auth::Text> &answers) {
        for (const auth::Text &answer : answers) answers_.emplace_back(*answer.view());
    }

    /* The connection that it brings tokens for. */
    void serve(const std::shared_ptr<auth::Connection> &own) {
        const std::lock_guard<std::mutex> guard(lock_);
        own_ = own;
    }

    auth::ProviderAnswer provide(const auth::TokenRequest &request) {
        const std::lock_guard<std::mutex> guard(lock_);
        const std::string &answer = answers_[std::min(calls_++, answers_.size() - 1)];
        const std::size_t first = answer.find(' '), second = answer.find(' ', first + 1);
        const std::string kind = answer.substr(0, first);
        had_time_ = request.time_left().count() > 0;
        if (kind == "wait") wait_for_cancellation(request);
        was_cancelled_ = request.is_cancelled();
        return give(kind, std::stoll(answer.substr(first + 1)), answer.substr(second + 1));
    }
    /* Once it has answered: how often it was asked, and what its last request was like. */
    Answer calls() {
        const std::lock_guard<std::mutex> guard(lock_);
        return ok()
            .add("calls", static_cast<std::int64_t>(calls_))
            .add("had_time", std::int64_t{had_time_})
            .add("cancelled", std::int64_t{was_cancelled_});
    }

  private:
    static void wait_for_cancellation(const auth::TokenRequest &request) {
        while (!request.is_cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }

    auth::ProviderAnswer give(const std::string &kind, std::int64_t number, const std::string &words) {
        if (kind == "token" && number == 0) return auth::ProvidedToken(words);
        if (kind == "token") {
            return auth::ProvidedToken(words, std::chrono::system_clock::now() + std::chrono::seconds(number));
        }
        const auto status = kind == "refused" ? auth::Status::unauthenticated : auth::Status::unavailable;
        if (kind == "within") {
            const auth::Result<auth::Token> outcome = own_.lock()->try_authorization();
            return auth::ProviderFailure(status, outcome.error().reason());
        }
        return auth::ProviderFailure(
            status, words, number < 0 ? std::nullopt : std::optional(std::chrono::milliseconds(number)));
    }

    std::vector<std::string> answers_;
    std::weak_ptr<auth::Connection> own_;
    std::mutex lock_;
    std::size_t calls_ = 0;
    bool had_time_ = false;
    bool was_cancelled_ = false;
};

/* The wakeups of a connection since the last look. */
class Wakeups {
  public:
    void come() {
        {
            const std::lock_guard<std::mutex> guard(lock_);
            count_++;
        }
        came_.notify_one();
    }
    std::int64_t await() {
        std::unique_lock<std::mutex> guard(lock_);
        came_.wait_for(guard, std::chrono::seconds(20), [this] { return count_ > 0; });
        return std::exchange(count_, 0);
    }

  private:
    std::mutex lock_;
    std::condition_variable came_;
    std::int64_t count_ = 0;
};

/* ---- Commands ---- */

class Program {
  public:
    Answer run(const Command &command) {
        static const std::map<std::string, Answer (Program::*)(const Command &)> commands = {
            {"connect", &Program::connect},
            {"close", &Program::close},
            {"get_secrets", &Program::get_secrets},
            {"show_secrets", &Program::get_secrets},
            {"create_secret", &Program::create_secret},
            {"ensure_secret", &Program::ensure_secret},
            {"drop_secret", &Program::drop_secret},
            {"drop_secrets", &Program::drop_secrets},
            {"get_token", &Program::get_token},
            {"refresh_token", &Program::refresh_token},
            {"delete_token", &Program::delete_token},
            {"check_jwt_token", &Program::check_jwt_token},
            {"authorization", &Program::authorization},
            {"current_token", &Program::current_token},
            {"reject_token", &Program::reject_token},
            {"server_version", &Program::server_version},
            {"take_log", &Program::take_log},
            {"get_secret", &Program::get_secret},
            {"check_token", &Program::check_token},
            {"url", &Program::url},
            {"token_url", &Program::token_url},
            {"ca_pem", &Program::ca_pem},
            {"is_token_refused", &Program::is_token_refused},
            {"send", &Program::send},
            {"try_authorization", &Program::try_authorization},
            {"await_wakeup", &Program::await_wakeup},
            {"provider_calls", &Program::provider_calls},
            {"diagnose", &Program::diagnose},
            {"library_version", &Program::library_version},
        };
        const auto found = commands.find(command.word());
        if (found == commands.end()) throw Malformed("no such command: " + command.word());
        try {
            return (this->*found->second)(command);
        } catch (const auth::Exception &exception) {
            return answer(exception.error());
        }
    }

  private:
    Answer connect(const Command &command) {
        auth::Config config(command.text("host"));
        config.set_graph(command.text("graph"))
            .set_password(command.text("username"), command.text("password"))
            .set_secret(command.text("secret"))
            .set_api_token(command.text("api_token"))
            .set_jwt(command.text("jwt"))
            .set_password_file(command.text("username"), command.text("password_file"))
            .set_secret_file(command.text("secret_file"))
            .set_jwt_file(command.text("jwt_file"))
            .set_ports(static_cast<std::uint16_t>(command.number("restpp_port")),
                       static_cast<std::uint16_t>(command.number("gsql_port")))
            .set_server_version(command.text("server_version"))
            .set_ca_file(command.text("ca_file"))
            .set_ca_pem(command.text("ca_pem"))
            .set_client_cert(command.text("client_cert"), command.text("client_key"))
            .set_pin_sha256(command.text("pin_sha256"))
            .set_insecure_tls(command.flag("insecure_tls"))
            .set_allow_http(command.flag("allow_http"))
            .set_connect_timeout(command.limit("connect_ms"))
            .set_timeout(command.limit("total_ms"))
            .set_proxy(command.text("proxy"))
            .set_user_agent(command.text("user_agent"))
            .set_token_lifetime(command.seconds("lifetime_s"), command.seconds("renew_before_s"))
            .set_token_cache(command.text("token_cache"))
            .set_oauth2(command.text("oauth2_url"), command.text("oauth2_client_id"),
                        command.text("oauth2_client_secret"))
            .set_oauth2_secret_file(command.text("oauth2_client_secret_file"));
        for (const auth::Text &parameter : command.texts("oauth2_parameter")) {
            const std::size_t equals = parameter.view()->find('=');
            config.set_oauth2_parameter(parameter.view()->substr(0, equals), parameter.view()->substr(equals + 1));
        }
        if (command.has("added_ca_file")) config.add_ca_file(command.text("added_ca_file"));
        if (command.number("tgcloud") != 0) config.set_tgcloud(command.number("tgcloud") > 0);
        auto log = std::make_shared<Log>();
        if (command.has("log")) {
            const auto keep = [log](auth::LogLevel level, std::string_view message) { log->keep(level, message); };
            config.set_log(static_cast<auth::LogLevel>(command.number("log")), keep);
        }
        load_variables(config, command);
        std::shared_ptr<Provider> provider;
        if (command.has("provider")) {
            provider = std::make_shared<Provider>(command.texts("provider"));
            config.set_token_provider([provider](const auth::TokenRequest &request) -> auth::ProviderAnswer {
                return provider->provide(request);
            });
        }
        conn_ = std::make_shared<auth::Connection>(config);
        if (provider) provider->serve(conn_);
        if (command.flag("wakeup")) conn_->set_wakeup([wakeups = wakeups_] { wakeups->come(); });
        log_ = std::move(log);
        provider_ = std::move(provider);
        return ok();
    }

    static void load_variables(auth::Config &config, const Command &command) {
        if (command.has("profile")) {
            config.load_profile(command.text("profile"));
        } else if (command.flag("env")) {
            config.load_env();
        }
        if (command.has("env_file")) config.load_env_file(command.text("env_file"));
    }

    Answer close(const Command &) {
        const auth::Connection closed = std::move(*conn_);
        return ok();
    }

    /* Makes a call that may send something: with a limit or a cancellation of its own on a clone, as a user would. */
    template <class Call> auto sending(const Command &command, Call call) {
        if (!command.has("timeout_ms") && !command.has("cancel_after_ms")) return call(*conn_);
        auth::Connection own = conn_->clone();
        if (command.has("timeout_ms")) own.set_timeout(command.limit("timeout_ms"));
        std::optional<Cancellation> cancellation;
        if (command.has("cancel_after_ms")) {
            cancellation.emplace(own, std::chrono::milliseconds(command.number("cancel_after_ms")));
        }
        return call(own);
    }

    /* Tells of a token, and keeps it for reject_token. */
    Answer keep(auth::Token token) {
        const auto end = token.expires_at();
        const auto since = end ? end->time_since_epoch() : std::chrono::system_clock::duration();
        Answer line = ok().add("value", token.value()).add("header", token.header());
        line.add("expires_at", std::chrono::duration_cast<std::chrono::seconds>(since).count());
        line.add("expiration", token.expiration());
        tokens_.push_back(std::move(token));
        return line;
    }

    Answer get_secrets(const Command &command) {
        return answer(sending(command, [&](auth::Connection &conn) { return conn.get_secrets(command.text("user")); }));
    }

    Answer get_secret(const Command &command) {
        return answer(sending(command, [&](auth::Connection &conn) {
            return conn.get_secret(command.text("alias"), command.text("user"));
        }));
    }

    Answer create_secret(const Command &command) {
        auth::CreateOptions options;
        options.value = command.text("value");
        options.user = command.text("user");
        return answer(sending(
            command, [&](auth::Connection &conn) { return conn.create_secret(command.text("alias"), options); }));
    }

    Answer ensure_secret(const Command &command) {
        return answer(
            sending(command, [&](auth::Connection &conn) { return conn.ensure_secret(command.text("alias")); }));
    }

    static auth::DropOptions drop_options(const Command &command) {
        auth::DropOptions options;
        options.user = command.text("user");
        options.ignore_missing = command.flag("ignore_missing");
        return options;
    }

    Answer drop_secret(const Command &command) {
        sending(command, [&](auth::Connection &conn) {
            conn.drop_secret(command.text("alias"), drop_options(command));
        });
        return ok();
    }

    Answer drop_secrets(const Command &command) {
        const std::size_t dropped = sending(command, [&](auth::Connection &conn) {
            return conn.drop_secrets(command.texts("alias"), drop_options(command));
        });
        return ok().add("dropped", static_cast<std::int64_t>(dropped));
    }

    Answer get_token(const Command &command) {
        auth::TokenOptions options;
        options.secret = command.text("secret");
        options.lifetime = command.seconds("lifetime_s");
        options.keep_current = command.flag("keep_current");
        options.global = command.flag("global");
        return keep(sending(command, [&](auth::Connection &conn) { return conn.get_token(options); }));
    }

    Answer refresh_token(const Command &command) {
        auth::RefreshOptions options;
        options.secret = command.text("secret");
        options.token = command.text("token");
        options.lifetime = command.seconds("lifetime_s");
        options.keep_current = command.flag("keep_current");
        options.global = command.flag("global");
        options.or_new = command.flag("or_new");
        return keep(sending(command, [&](auth::Connection &conn) { return conn.refresh_token(options); }));
    }

    Answer delete_token(const Command &command) {
        auth::DeleteOptions options;
        options.secret = command.text("secret");
        options.token = command.text("token");
        options.ignore_missing = command.flag("ignore_missing");
        sending(command, [&](auth::Connection &conn) { conn.delete_token(options); });
        return ok();
    }

    Answer check_jwt_token(const Command &command) {
        const bool valid =
            sending(command, [&](auth::Connection &conn) { return conn.check_jwt_token(command.text("jwt")); });
        return ok().add("valid", std::int64_t{valid});
    }

    Answer authorization(const Command &command) {
        return keep(sending(command, [](auth::Connection &conn) { return conn.authorization(); }));
    }

    /* Where it is pending the answer is that error. */
    Answer try_authorization(const Command &) { return keep(conn_->authorization_now().value()); }

    Answer await_wakeup(const Command &) { return ok().add("wakeups", wakeups_->await()); }

    Answer provider_calls(const Command &) { return provider_->calls(); }

    Answer current_token(const Command &) { return keep(conn_->current_token()); }

    /* The token of the last answer with the value that the command names. */
    const auth::Token &named_token(const Command &command) const {
        const auto is_named = [&](const auth::Token &token) { return token.value() == command.text("value").view(); };
        const auto found = std::find_if(tokens_.rbegin(), tokens_.rend(), is_named);
        if (found != tokens_.rend()) return *found;
        throw Malformed(command.word() + " names a token that no answer showed");
    }

    Answer reject_token(const Command &command) {
        conn_->reject_token(named_token(command));
        return ok();
    }

    Answer check_token(const Command &command) {
        const bool valid =
            sending(command, [&](auth::Connection &conn) { return conn.check_token(named_token(command)); });
        return ok().add("valid", std::int64_t{valid});
    }

    static auth::Server server(const Command &command) {
        return command.text("server").view() == "gateway" ? auth::Server::gateway : auth::Server::restpp;
    }

    Answer url(const Command &command) { return ok().add("url", conn_->url(server(command))); }

    Answer token_url(const Command &command) { return ok().add("url", named_token(command).url(server(command))); }

    Answer ca_pem(const Command &) { return ok().add("ca_pem", conn_->ca_pem()); }

    Answer is_token_refused(const Command &command) {
        const auto status = static_cast<std::int32_t>(command.number("http_status"));
        const std::string_view body = command.text("body").view().value_or(std::string_view());
        return ok().add("refused", std::int64_t{auth::is_token_refused(server(command), status, body)});
    }

    Answer send(const Command &command) {
        auth::Request request(command.text("method"), server(command), command.text("path"));
        if (command.has("header_name")) request.set_header(command.text("header_name"), command.text("header_value"));
        if (command.has("body")) request.set_body(*command.text("body").view(), command.text("content_type"));
        request.set_response_limit(static_cast<std::uint64_t>(command.number("response_limit")));
        const auth::Response response =
            sending(command, [&](auth::Connection &conn) { return conn.send(request); });
        return ok()
            .add("http_status", std::int64_t{response.http_status()})
            .add("content_type", response.header("Content-Type"))
            .add("body", response.body());
    }

    Answer server_version(const Command &command) {
        const auth::Version version =
            sending(command, [](auth::Connection &conn) { return conn.server_version(); });
        return ok().add("version", std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
                                       std::to_string(version.patch));
    }

    Answer diagnose(const Command &command) {
        auth::DiagnoseOptions options;
        options.offline = command.flag("offline");
        const auth::Report report = sending(command, [&](auth::Connection &conn) { return conn.diagnose(options); });
        return ok().add("text", report.text()).add("json", report.json());
    }

    Answer library_version(const Command &) { return ok().add("version", auth::library_version()); }

    Answer take_log(const Command &) {
        Answer line = ok();
        for (const std::string &entry : log_->take()) line.add("line", entry);
        return line;
    }

    /* An object that was moved from stands for no connection. */
    static auth::Connection no_connection() {
        auth::Connection conn(auth::Config("http://localhost"));
        const auth::Connection closed = std::move(conn);
        return conn;
    }

    std::shared_ptr<Log> log_ = std::make_shared<Log>();
    std::shared_ptr<Provider> provider_;
    std::shared_ptr<Wakeups> wakeups_ = std::make_shared<Wakeups>();
    std::shared_ptr<auth::Connection> conn_ = std::make_shared<auth::Connection>(no_connection());
    std::list<auth::Token> tokens_;
};

int main() {
    Program program;
    try {
        for (std::string line; std::getline(std::cin, line);) {
            std::cout << program.run(Command(line)).line() << std::endl;
        }
    } catch (const std::exception &exception) {
        std::cerr << exception.what() << '\n';
        return 1;
    }
    return 0;
}
