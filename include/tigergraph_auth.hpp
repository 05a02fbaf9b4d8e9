/* tigergraph_auth.hpp - the C++ interface of tigergraph_auth.h: C++17, header only.
 *
 * Licence: Apache-2.0 OR MIT.
 *
 *     namespace auth = tigergraph::auth;
 *     auth::Connection conn(auth::Config("https://db.example.com").set_secret(std::getenv("TG_SECRET")));
 *     auth::Token token = conn.authorization();
 *     std::cout << token.header() << '\n';
 *
 * tigergraph_auth.h says what each call does on each version of the server; here is what C++ adds.
 *
 * Ownership. Config, Connection, Token, Secrets and Report own what they stand for, can be moved but not copied,
 * and wipe the credentials in them when they go. An object that was moved from may be destroyed or assigned to;
 * a call on it fails with Status::invalid_argument, and what it is asked for is empty.
 *
 * Strings. Arguments are of type Text, which takes std::string_view, std::string, const char * and
 * std::nullopt; they are borrowed for the call. A NUL inside one is refused, never the end of it. Results
 * are std::string_view, borrowed from the object that was asked; asking a temporary does not compile, nor does
 * the operator-> of a Result that is one.
 *
 * Errors. A call throws Exception. Its twin, whose name begins with try_, throws nothing of the server's or
 * the library's and returns a Result; with exceptions off (-fno-exceptions) there are only the twins. All
 * files of a program should be compiled with the same choice. When memory runs out, std::bad_alloc is thrown.
 * Connection::authorization_now() gives its outcome as a Result in both, for it is no error that a token is on its way.
 *
 * Threads. A Connection serves any number of threads at once; Token, Secrets, Report, Error and Exception are
 * immutable and may be read anywhere; a Config is for one thread at a time. Do not move, assign to or destroy
 * an object that another thread is using.
 *
 * Functions of yours, for log lines, tokens and wakeups, are called on any thread. What they throw goes no further than
 * to the caller in this header, and each is destroyed once, after its last call, which may be after its Connection has
 * gone: what it borrows has to live until then. One that owns its own Connection, as by std::shared_ptr, keeps both
 * for ever: give it a std::weak_ptr. A thread of the library blocks all signals, and a process or a thread that is
 * started there inherits that; a provider runs with the signals blocked that the thread blocked which set it.
 */

#ifndef TIGERGRAPH_AUTH_HPP
#define TIGERGRAPH_AUTH_HPP

#include <tigergraph_auth.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>
#if defined(__has_include)
#if __has_include(<version>)
#include <version>
#endif
#endif
#if defined(__cpp_lib_format)
#include <format>
#endif

static_assert(TIGERGRAPH_AUTH_VERSION_MAJOR == 0 && TIGERGRAPH_AUTH_VERSION_MINOR == 1,
              "tigergraph_auth.hpp and tigergraph_auth.h are of different versions");

/** TigerGraph. */
namespace tigergraph {
/** Secrets and tokens of TigerGraph 2.x to 4.x. */
namespace auth {
/** The version of this header, so that two versions of it may be in one program. */
inline namespace v0_1 {

/** The version of the library that is running, such as "0.1.0". */
inline std::string_view library_version() noexcept {
    return tg_version();
}

/** What a program can do about a failure. Later versions may add some: treat one you do not know as a failure. */
enum class Status : std::int32_t {
    ok = TG_STATUS_OK,                             /**< Done. */
    invalid_argument = TG_STATUS_INVALID_ARGUMENT, /**< An argument or a setting is wrong; nothing was sent. */
    connect = TG_STATUS_CONNECT,                   /**< No connection to the server. */
    timeout = TG_STATUS_TIMEOUT,                   /**< A time limit was exceeded. */
    tls = TG_STATUS_TLS,                           /**< The server's certificate or the TLS session was refused. */
    protocol = TG_STATUS_PROTOCOL,                 /**< The answer is not one that a TigerGraph server gives. */
    unauthenticated = TG_STATUS_UNAUTHENTICATED,   /**< The server refused the credentials. */
    forbidden = TG_STATUS_FORBIDDEN,               /**< The credentials are valid, but do not allow this. */
    not_found = TG_STATUS_NOT_FOUND,               /**< The secret, token, graph, user or endpoint does not exist. */
    already_exists = TG_STATUS_ALREADY_EXISTS,     /**< A secret with this alias already exists. */
    unsupported = TG_STATUS_UNSUPPORTED,           /**< This version of the server, or of the library, cannot do it. */
    auth_disabled = TG_STATUS_AUTH_DISABLED,       /**< REST++ authentication is off: no token is needed. */
    unavailable = TG_STATUS_UNAVAILABLE,           /**< The server is busy, starting or limiting requests. */
    server = TG_STATUS_SERVER,                     /**< Another error on the server. */
    unknown_outcome = TG_STATUS_UNKNOWN_OUTCOME,   /**< A request not safe to repeat may have been carried out. */
    no_credentials = TG_STATUS_NO_CREDENTIALS,     /**< There is no token, and no login to get one. */
    internal = TG_STATUS_INTERNAL,                 /**< A bug in the library; the connection can still be used. */
    cancelled = TG_STATUS_CANCELLED,               /**< The call was cancelled. */
    pending = TG_STATUS_PENDING                    /**< A token is on its way, says authorization_now() alone. */
};

/** The name of a status as in the C header, such as "TIMEOUT"; "UNKNOWN" for one that the library does not know. */
inline std::string_view name(Status status) noexcept {
    return tg_status_name(static_cast<tg_status>(status));
}

/** What is not for users. */
namespace detail {

class StatusCategory final : public std::error_category {
  public:
    const char *name() const noexcept override { return "tigergraph"; }
    std::string message(int status) const override { return tg_status_name(status); }
    std::error_condition default_error_condition(int status) const noexcept override {
        const Status known = static_cast<Status>(status);
        if (known == Status::invalid_argument) return std::errc::invalid_argument;
        if (known == Status::timeout) return std::errc::timed_out;
        if (known == Status::forbidden) return std::errc::permission_denied;
        if (known == Status::cancelled) return std::errc::operation_canceled;
        if (known == Status::unsupported) return std::errc::operation_not_supported;
        return std::error_condition(status, *this);
    }
};

} // namespace detail

/** The category of error codes that are a Status; its name is "tigergraph". */
inline const std::error_category &status_category() noexcept {
    static const detail::StatusCategory category;
    return category;
}

/** A status as std::error_code, which is false for ok; timeout is std::errc::timed_out, and so on. */
inline std::error_code make_error_code(Status status) noexcept {
    return std::error_code(static_cast<int>(status), status_category());
}

/** A part of TigerGraph that requests are for. */
enum class Server : std::int32_t {
    restpp = TG_SERVER_RESTPP,  /**< REST++: queries, graph data, loading jobs. */
    gateway = TG_SERVER_GATEWAY /**< The gateway: GSQL, secrets, tokens. */
};

/**
 * Whether an answer that your own HTTP client got from this server says that the token is refused: then call
 * Connection::reject_token() and Connection::authorization(), and send the request once more. Connection::send() does
 * this itself.
 */
inline bool is_token_refused(Server server, std::int32_t http_status, std::string_view body) noexcept {
    return tg_is_token_refused(static_cast<std::int32_t>(server), http_status, body.data(), body.size()) == 1;
}

/**
 * A text that is handed to a call, or none: where the C header takes NULL, std::nullopt and nullptr are none.
 *
 * Borrows the characters, so keep it no longer than the call that it is for. An empty std::string_view is the
 * empty text, not none.
 */
class Text {
  public:
    /** None. */
    constexpr Text(std::nullopt_t = std::nullopt) noexcept {}
    /** None. */
    constexpr Text(std::nullptr_t) noexcept {}
    /** A text that ends in NUL, or none for a null pointer, as std::getenv() gives for what is not set. */
    Text(const char *text) noexcept : data_(text), size_(text == nullptr ? 0 : std::strlen(text)), terminated_(true) {}
    /** The whole string; a NUL in it is refused by the call. */
    Text(const std::string &text) noexcept : data_(text.c_str()), size_(text.size()), terminated_(true) {}
    /** The whole view; a NUL in it is refused by the call. The call copies it, and wipes the copy. */
    constexpr Text(std::string_view text) noexcept : data_(text.empty() ? "" : text.data()), size_(text.size()) {}
    /** The view, or none. */
    constexpr Text(const std::optional<std::string_view> &text) noexcept : Text(text ? Text(*text) : Text()) {}

    /** The text, or none. */
    constexpr std::optional<std::string_view> view() const noexcept {
        if (data_ == nullptr) return std::nullopt;
        return std::string_view(data_, size_);
    }
    /** Whether a NUL stands behind the last character. */
    constexpr bool is_terminated() const noexcept { return terminated_; }

  private:
    const char *data_ = nullptr;
    std::size_t size_ = 0;
    bool terminated_ = false;
};

/** What is not for users. */
namespace detail {

/** An error that is found before the library is asked. */
struct OwnError {
    std::string reason;
    std::string message;
    std::string hint;
};

/** What the library's texts name of the C interface, and what a program in C++ calls or sets in its place. */
struct Name {
    std::string_view in_c;
    std::string_view in_cpp;
};

/** A test of the library holds this to every hint. */
inline constexpr Name names[] = {
    {"TG_TOKEN_OR_NEW", "or_new"},
    {"tg_config_add_ca_file", "Config::add_ca_file"},
    {"tg_config_load_env", "Config::load_env"},
    {"tg_config_new", "Config"},
    {"tg_config_set_allow_http", "Config::set_allow_http"},
    {"tg_config_set_api_token", "Config::set_api_token"},
    {"tg_config_set_ca_file", "Config::set_ca_file"},
    {"tg_config_set_ca_pem", "Config::set_ca_pem"},
    {"tg_config_set_client_cert", "Config::set_client_cert"},
    {"tg_config_set_graph", "Config::set_graph"},
    {"tg_config_set_insecure_tls", "Config::set_insecure_tls"},
    {"tg_config_set_jwt", "Config::set_jwt"},
    {"tg_config_set_jwt_file", "Config::set_jwt_file"},
    {"tg_config_set_oauth2", "Config::set_oauth2"},
    {"tg_config_set_oauth2_parameter", "Config::set_oauth2_parameter"},
    {"tg_config_set_oauth2_secret_file", "Config::set_oauth2_secret_file"},
    {"tg_config_set_password", "Config::set_password"},
    {"tg_config_set_password_file", "Config::set_password_file"},
    {"tg_config_set_pin_sha256", "Config::set_pin_sha256"},
    {"tg_config_set_ports", "Config::set_ports"},
    {"tg_config_set_proxy", "Config::set_proxy"},
    {"tg_config_set_secret", "Config::set_secret"},
    {"tg_config_set_secret_file", "Config::set_secret_file"},
    {"tg_config_set_server_version", "Config::set_server_version"},
    {"tg_config_set_tgcloud", "Config::set_tgcloud"},
    {"tg_config_set_timeouts", "Config::set_timeout"},
    {"tg_config_set_token_cache", "Config::set_token_cache"},
    {"tg_config_set_token_lifetime", "Config::set_token_lifetime"},
    {"tg_config_set_token_provider", "Config::set_token_provider"},
    {"tg_config_set_user_agent", "Config::set_user_agent"},
    {"tg_conn_cancel", "Connection::cancel"},
    {"tg_conn_free", "the end of the Connection"},
    {"tg_create_secret", "Connection::create_secret"},
    {"tg_diagnose", "Connection::diagnose"},
    {"tg_error_retry_after_ms", "Error::retry_after"},
    {"tg_get_secrets", "Connection::get_secrets"},
    {"tg_provider_request_time_left_ms", "TokenRequest::time_left"},
    {"tigergraph_auth.h", "tigergraph_auth.hpp"},
};

/** A text of the library with the names of this header; whatever is no name stays as it is. */
inline std::string in_own_words(std::string_view text) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
    std::string own;
    while (!text.empty()) {
        std::size_t length = 0;
        while (length < text.size() && (is_letter(text[length]) || text[length] == '_' ||
                                        (text[length] == '.' && length + 1 < text.size() && is_letter(text[length + 1]))))
            ++length;
        std::string_view word = text.substr(0, length > 0 ? length : 1);
        text.remove_prefix(word.size());
        for (const Name &name : names)
            if (name.in_c == word) word = name.in_cpp;
        own += word;
    }
    return own;
}

/** The texts of an error of the C interface, where they name something of it; else null. */
inline std::shared_ptr<const OwnError> in_own_words(const tg_error *error) {
    OwnError own{tg_error_reason(error), in_own_words(std::string_view(tg_error_message(error))),
                 in_own_words(std::string_view(tg_error_hint(error)))};
    if (own.message == tg_error_message(error) && own.hint == tg_error_hint(error)) return nullptr;
    return std::make_shared<const OwnError>(std::move(own));
}

struct Free {
    void operator()(tg_config *config) const noexcept { tg_config_free(config); }
    void operator()(tg_conn *conn) const noexcept { tg_conn_free(conn); }
    void operator()(tg_secrets *secrets) const noexcept { tg_secrets_free(secrets); }
    void operator()(tg_token *token) const noexcept { tg_token_free(token); }
    void operator()(tg_report *report) const noexcept { tg_report_free(report); }
    void operator()(tg_error *error) const noexcept { tg_error_free(error); }
    void operator()(tg_request *request) const noexcept { tg_request_free(request); }
    void operator()(tg_response *response) const noexcept { tg_response_free(response); }
};

template <class Handle> using Owned = std::unique_ptr<Handle, Free>;

/** Destroys a function of the user's that the library has called for the last time. */
template <class Function> void release(void *function) noexcept { delete static_cast<Function *>(function); }

} // namespace detail

/**
 * What went wrong: one sentence for a person, a stable reason for a program. Immutable; copies share one
 * error. Contains no credential, so it may be logged. Its strings are valid as long as the error or a copy of it.
 */
class Error {
  public:
    /** No error: the status is ok, and every text is empty. */
    Error() noexcept = default;

    /** Takes over an error of the C interface, which may be null, with the status that the call returned. */
    Error(tg_status status, tg_error *error)
        : status_(static_cast<Status>(status)), theirs_(error, detail::Free()), ours_(detail::in_own_words(error)) {}

    /** An error of this header's own. */
    Error(Status status, detail::OwnError error)
        : status_(status), ours_(std::make_shared<const detail::OwnError>(std::move(error))) {}

    /** What a program can do about it; ok if there was no error. */
    Status status() const noexcept { return status_; }
    /** The status for code that passes std::error_code on. */
    std::error_code code() const noexcept { return make_error_code(status_); }
    /** What exactly happened, as a stable word such as "tls.unknown_issuer"; the C header lists them. */
    std::string_view reason() const & noexcept { return ours_ ? ours_->reason.c_str() : tg_error_reason(c_error()); }
    /** One sentence for a person that says what caused the error. */
    std::string_view message() const & noexcept { return ours_ ? ours_->message.c_str() : tg_error_message(c_error()); }
    /** What to do about it, for a person, or "". */
    std::string_view hint() const & noexcept { return ours_ ? ours_->hint.c_str() : tg_error_hint(c_error()); }
    /** The server's own code, such as "REST-10016", or "". */
    std::string_view server_code() const & noexcept { return tg_error_server_code(c_error()); }
    /** The HTTP status of the answer, if there was an answer. */
    std::optional<std::int32_t> http_status() const noexcept {
        const std::int32_t status = tg_error_http_status(c_error());
        return status > 0 ? std::optional<std::int32_t>(status) : std::nullopt;
    }
    /** How long to wait before the next try, if the server or the library said. */
    std::optional<std::chrono::milliseconds> retry_after() const noexcept {
        const std::int64_t wait = tg_error_retry_after_ms(c_error());
        return wait >= 0 ? std::optional<std::chrono::milliseconds>(wait) : std::nullopt;
    }

    /** A string would outlive its error: keep the error. */
    std::string_view reason() const && = delete;
    /** A string would outlive its error: keep the error. */
    std::string_view message() const && = delete;
    /** A string would outlive its error: keep the error. */
    std::string_view hint() const && = delete;
    /** A string would outlive its error: keep the error. */
    std::string_view server_code() const && = delete;

  private:
    const tg_error *c_error() const noexcept { return theirs_.get(); }

    Status status_ = Status::ok;
    std::shared_ptr<tg_error> theirs_{};
    /** Texts of this header's own, or the library's in the words of this header. */
    std::shared_ptr<const detail::OwnError> ours_{};
};

/** What is not for users. */
namespace detail {

/** What an error is written as, to a stream or by std::format. */
inline std::string written(const Error &error) {
    std::string text;
    if (error.status() == Status::ok) return text;
    text.append(error.message()).append(" (").append(error.reason()).append(")");
    if (!error.hint().empty()) text.append(" ").append(error.hint());
    return text;
}

} // namespace detail

/** Writes what went wrong, its reason and what to do; nothing if there was no error. Include ostream for it. */
template <class Traits>
std::basic_ostream<char, Traits> &operator<<(std::basic_ostream<char, Traits> &out, const Error &error) {
    return out << detail::written(error);
}

/** Writes the name of a status, such as "TIMEOUT". Include ostream for it. */
template <class Traits>
std::basic_ostream<char, Traits> &operator<<(std::basic_ostream<char, Traits> &out, Status status) {
    return out << name(status);
}

#if defined(__cpp_exceptions)
/** What a call throws. what() is the message of its error. Its strings are valid as long as it or a copy of it. */
class Exception : public std::runtime_error {
  public:
    /** An exception of this error. */
    explicit Exception(Error error) : std::runtime_error(std::string(error.message())), error_(std::move(error)) {}

    /** The error itself. */
    const Error &error() const & noexcept { return error_; }
    /** A copy of the error. */
    Error error() const && noexcept { return error_; }
    /** What a program can do about it. */
    Status status() const noexcept { return error_.status(); }
    /** What exactly happened, as a stable word such as "tls.unknown_issuer"; the C header lists them. */
    std::string_view reason() const & noexcept { return error_.reason(); }
    /** What to do about it, for a person, or "". */
    std::string_view hint() const & noexcept { return error_.hint(); }
    /** The server's own code, such as "REST-10016", or "". */
    std::string_view server_code() const & noexcept { return error_.server_code(); }
    /** The HTTP status of the answer, if there was an answer. */
    std::optional<std::int32_t> http_status() const noexcept { return error_.http_status(); }
    /** How long to wait before the next try, if the server or the library said. */
    std::optional<std::chrono::milliseconds> retry_after() const noexcept { return error_.retry_after(); }

    /** A string would outlive its exception: keep the exception. */
    std::string_view reason() const && = delete;
    /** A string would outlive its exception: keep the exception. */
    std::string_view hint() const && = delete;
    /** A string would outlive its exception: keep the exception. */
    std::string_view server_code() const && = delete;

  private:
    Error error_{};
};
#endif

/**
 * What a call without exceptions gives: its value or its error.
 *
 * Test it before you use the value: taking the value of a failure throws its Exception or, with exceptions
 * off, ends the program by std::abort().
 */
template <class T> class [[nodiscard]] Result {
  public:
    /** A success with this value, or a failure if error is one. */
    Result(T value, Error error) : value_(std::move(value)), error_(std::move(error)) {}
    /** A success with this value. */
    explicit Result(T value) : value_(std::move(value)) {}

    /** Whether the call succeeded. */
    bool ok() const noexcept { return error_.status() == Status::ok; }
    /** Whether the call succeeded. */
    explicit operator bool() const noexcept { return ok(); }
    /** The error; after a success one with the status ok. */
    const Error &error() const & noexcept { return error_; }
    /** The error, taken out. */
    Error error() && noexcept { return std::move(error_); }
    /** A copy of the error. */
    Error error() const && noexcept { return error_; }
    /** The value. */
    T &value() & {
        require();
        return value_;
    }
    /** The value. */
    const T &value() const & {
        require();
        return value_;
    }
    /** The value, taken out. */
    T value() && {
        require();
        return std::move(value_);
    }
    /** The value. */
    T &operator*() & { return value(); }
    /** The value. */
    const T &operator*() const & { return value(); }
    /** The value, taken out. */
    T operator*() && { return std::move(*this).value(); }
    /** A member of the value. */
    T *operator->() & { return &value(); }
    /** A member of the value. */
    const T *operator->() const & { return &value(); }

    /** What a member gives could outlive the value: keep the result, or take the value out with value(). */
    T *operator->() && = delete;
    /** What a member gives could outlive the value: keep the result. */
    const T *operator->() const && = delete;
    /** The value would not outlive this expression, and cannot be taken out of a constant: keep the result. */
    const T &value() const && = delete;
    /** The value would not outlive this expression, and cannot be taken out of a constant: keep the result. */
    const T &operator*() const && = delete;

  private:
    void require() const {
        if (ok()) return;
#if defined(__cpp_exceptions)
        throw Exception(error_);
#else
        std::abort();
#endif
    }

    T value_;
    Error error_{};
};

/** What a call without exceptions gives that has no value: success, or its error. */
template <> class [[nodiscard]] Result<void> {
  public:
    /** A success, or a failure if error is one. */
    explicit Result(Error error) : error_(std::move(error)) {}

    /** Whether the call succeeded. */
    bool ok() const noexcept { return error_.status() == Status::ok; }
    /** Whether the call succeeded. */
    explicit operator bool() const noexcept { return ok(); }
    /** The error; after a success one with the status ok. */
    const Error &error() const & noexcept { return error_; }
    /** The error, taken out. */
    Error error() && noexcept { return std::move(error_); }
    /** A copy of the error. */
    Error error() const && noexcept { return error_; }
#if defined(__cpp_exceptions)
    /** Throws the Exception of a failure. */
    void value() const {
        if (!ok()) throw Exception(error_);
    }
#endif

  private:
    Error error_{};
};

namespace detail {

struct WipeAndDelete {
    std::size_t size = 0;
    void operator()(char *bytes) const noexcept {
        /* Volatile, or the compiler leaves it out. */
        volatile char *byte = bytes;
        for (std::size_t i = 0; i < size; i++) byte[i] = '\0';
        delete[] bytes;
    }
};

/** An argument as C takes it: ends in NUL, and if that takes a copy, the copy is wiped. */
class Argument {
  public:
    Argument(const char *name, Text text) : name_(name) {
        const std::optional<std::string_view> view = text.view();
        if (!view) return;
        holds_nul_ = view->find('\0') != std::string_view::npos;
        if (holds_nul_) return;
        if (text.is_terminated()) {
            text_ = view->data();
            return;
        }
        copy_ = std::unique_ptr<char[], WipeAndDelete>(new char[view->size() + 1], WipeAndDelete{view->size()});
        view->copy(copy_.get(), view->size());
        copy_[view->size()] = '\0';
        text_ = copy_.get();
    }

    Argument(const Argument &) = delete;
    Argument &operator=(const Argument &) = delete;
    Argument(Argument &&) = default;
    Argument &operator=(Argument &&) = default;
    ~Argument() = default;

    const char *c_str() const noexcept { return text_; }

    /** Why C cannot have it; ok if it can. */
    Error refusal() const {
        if (!holds_nul_) return Error();
        return Error(Status::invalid_argument, {"argument.control_character", std::string(name_) + " holds a NUL",
                                                "Pass the text without the NUL, and without what stands behind it."});
    }

  private:
    const char *name_;
    const char *text_ = nullptr;
    bool holds_nul_ = false;
    std::unique_ptr<char[], WipeAndDelete> copy_{};
};

/** Makes a call, unless one of its arguments is refused. */
template <class Call> Error call(std::initializer_list<const Argument *> arguments, Call make) {
    for (const Argument *argument : arguments) {
        Error refused = argument->refusal();
        if (refused.status() != Status::ok) return refused;
    }
    tg_error *error = nullptr;
    const tg_status status = make(&error);
    return status == TG_STATUS_OK ? Error() : Error(status, error);
}

/** Whether the library that is running is one that this header was written for. */
inline Error library_refusal() {
    const std::uint32_t running = tg_version_number();
    const std::uint32_t major = running >> 16, minor = running >> 8 & 0xff;
    if (major == TIGERGRAPH_AUTH_VERSION_MAJOR && (major > 0 || minor == TIGERGRAPH_AUTH_VERSION_MINOR)) return Error();
    const std::string compiled =
        std::to_string(TIGERGRAPH_AUTH_VERSION_MAJOR) + "." + std::to_string(TIGERGRAPH_AUTH_VERSION_MINOR);
    return Error(Status::unsupported,
                 {"unsupported.library",
                  "the library tigergraph_auth is version " + std::string(tg_version()) +
                      ", and this program was compiled for " + compiled,
                  "Install version " + compiled + " of the library, or compile the program with the other's header."});
}

/** Why a time limit is refused. */
inline Error range_error(const char *setting) {
    return Error(Status::invalid_argument,
                 {"argument.range", "the setting \"" + std::string(setting) + "\" is not more than zero",
                  "Set more than zero, or std::nullopt for the default."});
}

/** Milliseconds as C takes them: what is more than it can say is the most that it can. */
inline std::uint32_t milliseconds(std::chrono::milliseconds limit) noexcept {
    constexpr std::uint32_t most = (std::numeric_limits<std::uint32_t>::max)();
    return limit.count() > std::int64_t{most} ? most : static_cast<std::uint32_t>(limit.count());
}

/** A time of the C interface, 0 for none; one that is later than the clock can say is its last. */
inline std::optional<std::chrono::system_clock::time_point> time_point(std::int64_t seconds) noexcept {
    using Clock = std::chrono::system_clock;
    if (seconds <= 0) return std::nullopt;
    const std::chrono::seconds since(seconds);
    const auto last = (Clock::time_point::max)();
    if (since > std::chrono::duration_cast<std::chrono::seconds>(last.time_since_epoch())) return last;
    return Clock::time_point(std::chrono::duration_cast<Clock::duration>(since));
}

/** The signals that a thread blocks. */
class SignalMask {
#if defined(__unix__) || defined(__APPLE__)
  public:
    /** Those of this thread. */
    SignalMask() noexcept { pthread_sigmask(SIG_SETMASK, nullptr, &signals_); }

    /** While it lives, this thread blocks other signals. */
    class Guard {
      public:
        explicit Guard(const SignalMask &other) noexcept {
            pthread_sigmask(SIG_SETMASK, &other.signals_, &before_);
        }
        ~Guard() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
        Guard(const Guard &) = delete;
        Guard &operator=(const Guard &) = delete;

      private:
        sigset_t before_{};
    };

  private:
    sigset_t signals_{};
#else
  public:
    struct Guard {
        explicit Guard(const SignalMask &) noexcept {}
    };
#endif
};

} // namespace detail

/** How much a log line matters. */
enum class LogLevel : std::int32_t {
    error = TG_LOG_ERROR, /**< A token could not be renewed, and no valid one is left. */
    warn = TG_LOG_WARN,   /**< Something works, but needs attention. */
    info = TG_LOG_INFO,   /**< Something worth knowing happened. */
    debug = TG_LOG_DEBUG  /**< Every request: method, path, status and duration. Never a query, header or body. */
};

/**
 * Takes one log line, which has no line break at its end, contains no credential, and is valid during the call.
 *
 * May be called on any thread, and on several at once, and may itself call this library. What it throws is
 * ignored, because nobody can catch it.
 */
using LogFunction = std::function<void(LogLevel level, std::string_view message)>;

/** A token that a provider brings. Holds a copy of its own, which is wiped; it can be moved but not copied. */
class ProvidedToken {
  public:
    /**
     * This token, without "Bearer " before it: 8 to 8192 letters, digits and characters of -._~+/=. Anything else, and
     * none, is Status::protocol for those who wait.
     *
     * Without an end it is that in the token, if it is a JWT; else it is renewed after 15 minutes.
     */
    ProvidedToken(Text token, std::optional<std::chrono::system_clock::time_point> expires_at = std::nullopt)
        : expires_at_(expires_at) {
        const std::string_view given = token.view().value_or("");
        text_ = std::unique_ptr<char[], detail::WipeAndDelete>(new char[given.size() + 1],
                                                               detail::WipeAndDelete{given.size()});
        given.copy(text_.get(), given.size());
        text_[given.size()] = '\0';
        /* C would take a NUL for the end. It refuses a line break as it would refuse that. */
        for (std::size_t i = 0; i < given.size(); i++)
            if (text_[i] == '\0') text_[i] = '\n';
    }

  private:
    friend class Config;

    /* 0 is C's word for none. A time before 1970 must not turn into that. */
    std::int64_t expiration() const noexcept {
        if (!expires_at_) return 0;
        const auto since = std::chrono::duration_cast<std::chrono::seconds>(expires_at_->time_since_epoch());
        return since.count() > 0 ? since.count() : 1;
    }

    std::unique_ptr<char[], detail::WipeAndDelete> text_{};
    std::optional<std::chrono::system_clock::time_point> expires_at_;
};

/** Why a provider has no token: what it returns or, with exceptions, throws. */
class ProviderFailure : public std::runtime_error {
  public:
    /**
     * Status::unauthenticated and Status::forbidden say that whoever gives tokens refuses you: callers get the reason
     * provider.refused, and the provider is not asked again for about 30 seconds. With every other status they
     * get provider.unavailable, and it is asked again after half a second, then later and later.
     *
     * The message becomes part of their error, at most 256 bytes of it, without what looks like a credential.
     * retry_after: it is not asked again before that, if it is longer (an hour at most).
     */
    explicit ProviderFailure(Status status, Text message = {},
                             std::optional<std::chrono::milliseconds> retry_after = std::nullopt)
        : std::runtime_error(std::string(message.view().value_or(""))), status_(status), retry_after_(retry_after) {}

    /** Passes an error of this library on, such as that of another Connection. */
    explicit ProviderFailure(const Error &error)
        : ProviderFailure(error.status(), error.message(), error.retry_after()) {}

    /** What kind of failure it is. */
    Status status() const noexcept { return status_; }
    /** How long to wait before the provider is asked again, if that is known. */
    std::optional<std::chrono::milliseconds> retry_after() const noexcept { return retry_after_; }

  private:
    Status status_;
    std::optional<std::chrono::milliseconds> retry_after_;
};

/** What a provider answers: a ProvidedToken or a ProviderFailure, each of which becomes an answer by itself. */
class ProviderAnswer {
  public:
    /** There is a token. */
    ProviderAnswer(ProvidedToken token) noexcept : answer_(std::move(token)) {}
    /** There is none. */
    ProviderAnswer(ProviderFailure failure) noexcept : answer_(std::move(failure)) {}

  private:
    friend class Config;

    std::variant<ProvidedToken, ProviderFailure> answer_;
};

/** One request to a provider for a token. Lives until the provider has returned, and may be asked on any thread. */
class TokenRequest {
  public:
    /** There is one of each request. */
    TokenRequest(const TokenRequest &) = delete;
    /** There is one of each request. */
    TokenRequest &operator=(const TokenRequest &) = delete;

    /**
     * How much time is left for the answer: that of the call that needs the token, or for a renewal as set by
     * Config::set_timeout(). Zero if it is over or cancelled.
     */
    std::chrono::milliseconds time_left() const noexcept {
        return std::chrono::milliseconds(tg_provider_request_time_left_ms(request_));
    }
    /** Whether nobody waits for the answer any more: the last caller was cancelled or has gone, or its time is over. */
    bool is_cancelled() const noexcept { return tg_provider_request_is_cancelled(request_) != 0; }

  private:
    friend class Config;
    explicit TokenRequest(const tg_provider_request *request) noexcept : request_(request) {}

    const tg_provider_request *request_;
};

/**
 * Brings a token of your own, from an identity provider, a vault, or a store that several processes share.
 *
 * Returns a ProvidedToken or a ProviderFailure; one that may return either says so: `-> auth::ProviderAnswer`. With
 * exceptions it may also throw: a ProviderFailure or an Exception as they are, any other one as Status::internal with
 * what() as the message.
 *
 * It is called when a token is needed, on a thread of the library that runs nothing else and has 1 MiB of stack, with
 * the signals blocked that the thread blocked which called Config::set_token_provider(), as do processes and threads
 * that it starts; never twice at once for a connection. It may block, but should give up when TokenRequest::time_left()
 * is over or TokenRequest::is_cancelled(): if it has not returned then, calls that need a token fail with
 * provider.unavailable until it has. It may call the library; a call that needs a token of the connection that it
 * serves is argument.recursion.
 */
using TokenProvider = std::function<ProviderAnswer(const TokenRequest &request)>;

namespace detail {

struct SetProvider {
    TokenProvider provide;
    SignalMask signals;
};

} // namespace detail

/**
 * The settings of a connection. For one thread at a time.
 *
 * Setters only store a value, and return the same Config, so that calls can be chained. Making a Connection
 * checks all settings and names the wrong one. A text that is none, or an std::nullopt, restores a setting's
 * default. Every text is copied; the copies are wiped.
 */
class Config {
  public:
    /**
     * New settings for the server at this address, as "https://db.example.com[:port][/base]" or
     * "xyz.i.tgcloud.io". Without a scheme, https is used. Without a port: 443 for hosts of TigerGraph Cloud,
     * else 14240; if no connection to it is possible, token calls try 9000 once. Several servers of one cluster
     * have commas between them: "https://a,https://b".
     */
    explicit Config(Text host) : handle_(tg_config_new(take("host", host).c_str())) {}

    /**
     * Fills in the settings that are not set yet from the environment: TG_HOST, TG_GRAPHNAME, TG_SECRET, TG_CERT_PATH
     * and the others that the C header lists at tg_config_load_env(); with TG_DEFAULT_PROFILE=x or TG_PROFILE=x the
     * variables X_TG_HOST and so on take precedence. Making a Connection reports a wrong value.
     *
     * To take the address from TG_HOST, start with Config(std::nullopt). Do not change the environment on another
     * thread at the same time.
     */
    Config &load_env() & {
        tg_config_load_env(handle_.get());
        return *this;
    }
    /**
     * The same with the profile of this name, whatever TG_DEFAULT_PROFILE and TG_PROFILE say. One without variables is
     * config.profile.
     */
    Config &load_profile(Text name) & {
        tg_config_load_profile(handle_.get(), take("profile", name).c_str());
        return *this;
    }
    /**
     * Reads a file of variables (.env) now, and fills in the settings that are not set yet from it. Call it after
     * load_env() or load_profile(): the environment takes precedence. With a credential in it the file must be private.
     */
    Config &load_env_file(Text path) & {
        tg_config_load_env_file(handle_.get(), take("env_file", path).c_str());
        return *this;
    }
    /** Settings from the environment alone, the address of TG_HOST too; see load_env(). */
    static Config from_env() { return Config(std::nullopt).load_env(); }
    /** The graph that tokens are for and, before 4.1, that secrets belong to. Default: none. */
    Config &set_graph(Text graph) & {
        tg_config_set_graph(handle_.get(), take("graph", graph).c_str());
        return *this;
    }
    /** Log in with user name and password. A connection has at most one login: this, or one of the others. */
    Config &set_password(Text username, Text password) & {
        tg_config_set_password(handle_.get(), take("username", username).c_str(), take("password", password).c_str());
        return *this;
    }
    /**
     * Log in with user name and the password in this file, whose only line it is. The file is read for every call
     * that logs in.
     */
    Config &set_password_file(Text username, Text path) & {
        tg_config_set_password_file(handle_.get(), take("username", username).c_str(),
                                    take("password_file", path).c_str());
        return *this;
    }
    /** Log in with a secret. */
    Config &set_secret(Text secret) & {
        tg_config_set_secret(handle_.get(), take("secret", secret).c_str());
        return *this;
    }
    /** Log in with the secret in this file, whose only line it is. The file is read for every call that logs in. */
    Config &set_secret_file(Text path) & {
        tg_config_set_secret_file(handle_.get(), take("secret_file", path).c_str());
        return *this;
    }
    /**
     * A token to start with. With a login beside it, the login is used to get the next token; without one it is
     * never renewed.
     */
    Config &set_api_token(Text token) & {
        tg_config_set_api_token(handle_.get(), take("api_token", token).c_str());
        return *this;
    }
    /** Log in with a JWT that another system issued. It is never renewed. */
    Config &set_jwt(Text jwt) & {
        tg_config_set_jwt(handle_.get(), take("jwt", jwt).c_str());
        return *this;
    }
    /**
     * Log in with the JWT in this file, whose only line it is. The file is read again shortly before the JWT
     * expires, when it has expired, and after a server has refused it.
     */
    Config &set_jwt_file(Text path) & {
        tg_config_set_jwt_file(handle_.get(), take("jwt_file", path).c_str());
        return *this;
    }
    /**
     * Log in with tokens that an authorization server gives to this client: OAuth2 client credentials. The server is
     * TigerGraph 4.1 or later, configured to accept them. They are renewed in time, by one request however many threads
     * ask.
     *
     * token_url is the address of the token endpoint; plain http only on this machine. Id and secret are sent there
     * alone. Without a secret, set_oauth2_secret_file() or the parameter "client_assertion" takes its place. None for
     * all three takes the login back.
     */
    Config &set_oauth2(Text token_url, Text client_id, Text client_secret = {}) & {
        tg_config_set_oauth2(handle_.get(), take("oauth2_url", token_url).c_str(),
                             take("oauth2_client_id", client_id).c_str(),
                             take("oauth2_client_secret", client_secret).c_str());
        return *this;
    }
    /**
     * A file with the client's secret, whose only line it is, in place of that of set_oauth2(). The file is read for
     * every request to the token endpoint.
     */
    Config &set_oauth2_secret_file(Text path) & {
        tg_config_set_oauth2_secret_file(handle_.get(), take("oauth2_client_secret_file", path).c_str());
        return *this;
    }
    /**
     * A folder in which processes of this user share their tokens: "user" for the user's cache folder, "none", or a
     * folder; none: as the environment says, else no cache. For logins by a secret, a password or OAuth2; see
     * tg_config_set_token_cache() in the C header.
     */
    Config &set_token_cache(Text directory) & {
        tg_config_set_token_cache(handle_.get(), take("token_cache", directory).c_str());
        return *this;
    }
    /**
     * A further parameter of requests to the token endpoint, such as "scope" or "audience"; "client_auth" ("basic",
     * "basic_raw" or "form") says how the client's secret is sent. A second call with the same name replaces the
     * value; no value takes the parameter away, no name all of them.
     */
    Config &set_oauth2_parameter(Text name, Text value) & {
        const detail::Argument own_name("oauth2_parameter", name), own_value("oauth2_parameter", value);
        if (!name.view()) refused_parameters_.clear();
        const std::string key(name.view().value_or(""));
        refused_parameters_.erase(key);
        for (const detail::Argument *argument : {&own_name, &own_value}) {
            Error refusal = argument->refusal();
            if (refusal.status() == Status::ok) continue;
            /* C would take what is refused for none, and that name for all. */
            refused_parameters_.emplace(key, std::move(refusal));
            return *this;
        }
        tg_config_set_oauth2_parameter(handle_.get(), own_name.c_str(), own_value.c_str());
        return *this;
    }
    /**
     * Log in with tokens that your function brings; an empty function: no provider. They are used wherever a JWT is,
     * for secrets and tokens from 4.1 on. The function is asked when the first token is needed, in time before the end
     * of one, and after one was rejected; once, however many threads need a token. Its failures are remembered for a
     * while.
     *
     * The function is destroyed once, after it has returned for the last time, on any thread.
     */
    Config &set_token_provider(TokenProvider provide) & {
        if (!provide) {
            tg_config_set_token_provider(handle_.get(), nullptr, nullptr, nullptr);
            return *this;
        }
        using Kept = detail::SetProvider;
        auto kept = std::make_unique<Kept>(Kept{std::move(provide), detail::SignalMask()});
        tg_config_set_token_provider(handle_.get(), run_provider, kept.release(), detail::release<Kept>);
        return *this;
    }
    /**
     * The ports of REST++ (9000 before 4.1) and of the gateway (14240). 0: the port of the address. If both
     * are the same, REST++ requests go to paths below /restpp.
     */
    Config &set_ports(std::uint16_t restpp, std::uint16_t gsql) & {
        tg_config_set_ports(handle_.get(), restpp, gsql);
        return *this;
    }
    /** Whether the server is in TigerGraph Cloud. Default: as the host name says. */
    Config &set_tgcloud(std::optional<bool> tgcloud) & {
        tg_config_set_tgcloud(handle_.get(), tgcloud ? (*tgcloud ? 1 : -1) : 0);
        return *this;
    }
    /** The server's version, such as "3.10" or "4.1.2". With it the library does not ask the server for its version. */
    Config &set_server_version(Text version) & {
        tg_config_set_server_version(handle_.get(), take("server_version", version).c_str());
        return *this;
    }
    /**
     * A file with the CA certificates to trust, in PEM, at most 4 MiB. Default: the system's trust store,
     * which SSL_CERT_FILE and SSL_CERT_DIR can replace.
     */
    Config &set_ca_file(Text path) & {
        tg_config_set_ca_file(handle_.get(), take("ca_file", path).c_str());
        return *this;
    }
    /**
     * One more file with CA certificates to trust, beside the system's trust store or beside the CA setting. Each call
     * adds one; none removes those that were added.
     */
    Config &add_ca_file(Text path) & {
        tg_config_add_ca_file(handle_.get(), take("added_ca_file", path).c_str());
        return *this;
    }
    /** The CA certificates to trust, as PEM text, instead of a file. */
    Config &set_ca_pem(Text pem) & {
        tg_config_set_ca_pem(handle_.get(), take("ca_pem", pem).c_str());
        return *this;
    }
    /** Files with the certificate chain and the private key to show to servers that ask for them, in PEM. */
    Config &set_client_cert(Text cert_path, Text key_path) & {
        tg_config_set_client_cert(handle_.get(), take("client_cert", cert_path).c_str(),
                                  take("client_key", key_path).c_str());
        return *this;
    }
    /**
     * The SHA-256 of the server's SubjectPublicKeyInfo, in Base64: only this key is accepted. Without a CA
     * setting it replaces the check of the chain, but not that of host name and dates; together with a CA
     * setting, both must match.
     */
    Config &set_pin_sha256(Text base64_spki) & {
        tg_config_set_pin_sha256(handle_.get(), take("pin_sha256", base64_spki).c_str());
        return *this;
    }
    /**
     * Accept any certificate, so anybody between client and server can read everything. Only for tests. Logs one
     * warning.
     */
    Config &set_insecure_tls(bool insecure) & {
        tg_config_set_insecure_tls(handle_.get(), insecure ? 1 : 0);
        return *this;
    }
    /** Allow plain http to other machines; anybody in between can read the credentials. */
    Config &set_allow_http(bool allow) & {
        tg_config_set_allow_http(handle_.get(), allow ? 1 : 0);
        return *this;
    }
    /** The limit for one attempt to connect: name lookup, TCP and TLS. More than zero; default 5 seconds. */
    Config &set_connect_timeout(std::optional<std::chrono::milliseconds> limit) & {
        return set_limit("connect_timeout", connect_timeout_, limit);
    }
    /** The limit for a whole call, everything included. More than zero; default 30 seconds. */
    Config &set_timeout(std::optional<std::chrono::milliseconds> limit) & {
        return set_limit("timeout", total_timeout_, limit);
    }
    /** An HTTP proxy as "http://proxy:3128", or "env" for the one that the environment names. Default: none. */
    Config &set_proxy(Text proxy) & {
        tg_config_set_proxy(handle_.get(), take("proxy", proxy).c_str());
        return *this;
    }
    /** The value of the User-Agent header. Default: "tigergraph-auth/" and the version. */
    Config &set_user_agent(Text user_agent) & {
        tg_config_set_user_agent(handle_.get(), take("user_agent", user_agent).c_str());
        return *this;
    }
    /**
     * The lifetime of tokens if a call gives none (0: the server's default), and how long before it expires a
     * token is renewed (0: a fifth of its lifetime, at most 24 hours).
     */
    Config &set_token_lifetime(std::chrono::seconds lifetime, std::chrono::seconds renew_before = {}) & {
        tg_config_set_token_lifetime(handle_.get(), lifetime.count(), renew_before.count());
        return *this;
    }
    /**
     * Where log lines up to max_level go; an empty function: no log. The function is destroyed once, after the
     * last log line, on any thread.
     */
    Config &set_log(LogLevel max_level, LogFunction log) & {
        const auto level = static_cast<std::int32_t>(max_level);
        if (!log) {
            tg_config_set_log(handle_.get(), level, nullptr, nullptr, nullptr);
            return *this;
        }
        auto kept = std::make_unique<LogFunction>(std::move(log));
        tg_config_set_log(handle_.get(), level, write_log, kept.release(), detail::release<LogFunction>);
        return *this;
    }

    /* A setter of a temporary gives the Config itself, because a reference would outlive it. */

    /** The same. */
    Config load_env() && { return std::move(load_env()); }
    /** The same. */
    Config load_profile(Text name) && { return std::move(load_profile(name)); }
    /** The same. */
    Config load_env_file(Text path) && { return std::move(load_env_file(path)); }
    /** The same. */
    Config set_graph(Text graph) && { return std::move(set_graph(graph)); }
    /** The same. */
    Config set_password(Text username, Text password) && { return std::move(set_password(username, password)); }
    /** The same. */
    Config set_password_file(Text username, Text path) && { return std::move(set_password_file(username, path)); }
    /** The same. */
    Config set_secret(Text secret) && { return std::move(set_secret(secret)); }
    /** The same. */
    Config set_secret_file(Text path) && { return std::move(set_secret_file(path)); }
    /** The same. */
    Config set_api_token(Text token) && { return std::move(set_api_token(token)); }
    /** The same. */
    Config set_jwt(Text jwt) && { return std::move(set_jwt(jwt)); }
    /** The same. */
    Config set_jwt_file(Text path) && { return std::move(set_jwt_file(path)); }
    /** The same. */
    Config set_oauth2(Text token_url, Text client_id, Text client_secret = {}) && {
        return std::move(set_oauth2(token_url, client_id, client_secret));
    }
    /** The same. */
    Config set_oauth2_secret_file(Text path) && { return std::move(set_oauth2_secret_file(path)); }
    /** The same. */
    Config set_oauth2_parameter(Text name, Text value) && { return std::move(set_oauth2_parameter(name, value)); }
    /** The same. */
    Config set_token_cache(Text directory) && { return std::move(set_token_cache(directory)); }
    /** The same. */
    Config set_token_provider(TokenProvider provide) && { return std::move(set_token_provider(std::move(provide))); }
    /** The same. */
    Config set_ports(std::uint16_t restpp, std::uint16_t gsql) && { return std::move(set_ports(restpp, gsql)); }
    /** The same. */
    Config set_tgcloud(std::optional<bool> tgcloud) && { return std::move(set_tgcloud(tgcloud)); }
    /** The same. */
    Config set_server_version(Text version) && { return std::move(set_server_version(version)); }
    /** The same. */
    Config set_ca_file(Text path) && { return std::move(set_ca_file(path)); }
    /** The same. */
    Config add_ca_file(Text path) && { return std::move(add_ca_file(path)); }
    /** The same. */
    Config set_ca_pem(Text pem) && { return std::move(set_ca_pem(pem)); }
    /** The same. */
    Config set_client_cert(Text cert_path, Text key_path) && { return std::move(set_client_cert(cert_path, key_path)); }
    /** The same. */
    Config set_pin_sha256(Text base64_spki) && { return std::move(set_pin_sha256(base64_spki)); }
    /** The same. */
    Config set_insecure_tls(bool insecure) && { return std::move(set_insecure_tls(insecure)); }
    /** The same. */
    Config set_allow_http(bool allow) && { return std::move(set_allow_http(allow)); }
    /** The same. */
    Config set_connect_timeout(std::optional<std::chrono::milliseconds> limit) && {
        return std::move(set_connect_timeout(limit));
    }
    /** The same. */
    Config set_timeout(std::optional<std::chrono::milliseconds> limit) && { return std::move(set_timeout(limit)); }
    /** The same. */
    Config set_proxy(Text proxy) && { return std::move(set_proxy(proxy)); }
    /** The same. */
    Config set_user_agent(Text user_agent) && { return std::move(set_user_agent(user_agent)); }
    /** The same. */
    Config set_token_lifetime(std::chrono::seconds lifetime, std::chrono::seconds renew_before = {}) && {
        return std::move(set_token_lifetime(lifetime, renew_before));
    }
    /** The same. */
    Config set_log(LogLevel max_level, LogFunction log) && { return std::move(set_log(max_level, std::move(log))); }

  private:
    friend class Connection;

    static void write_log(std::int32_t level, const char *message, void *log) noexcept {
#if defined(__cpp_exceptions)
        try {
            (*static_cast<LogFunction *>(log))(static_cast<LogLevel>(level), message);
        } catch (...) {
        }
#else
        (*static_cast<LogFunction *>(log))(static_cast<LogLevel>(level), message);
#endif
    }

    /* No exception crosses C, and none leaves the request without an answer. */
    static void run_provider(tg_provider_request *request, void *set) noexcept {
        const TokenRequest asked(request);
        detail::SetProvider &provider = *static_cast<detail::SetProvider *>(set);
        const detail::SignalMask::Guard blocked(provider.signals);
#if defined(__cpp_exceptions)
        try {
            answer(request, provider.provide(asked));
        } catch (const ProviderFailure &failure) {
            fail(request, failure.status(), failure.what(), failure.retry_after());
        } catch (const Exception &exception) {
            fail(request, exception.status(), exception.what(), exception.retry_after());
        } catch (const std::exception &exception) {
            fail(request, Status::internal, exception.what(), std::nullopt);
        } catch (...) {
            fail(request, Status::internal, "it threw what is no std::exception", std::nullopt);
        }
#else
        answer(request, provider.provide(asked));
#endif
    }

    static void answer(tg_provider_request *request, const ProviderAnswer &given) noexcept {
        if (const auto *failure = std::get_if<ProviderFailure>(&given.answer_)) {
            fail(request, failure->status(), failure->what(), failure->retry_after());
        } else if (const auto *token = std::get_if<ProvidedToken>(&given.answer_)) {
            tg_provider_request_set_token(request, token->text_.get(), token->expiration(), nullptr);
        }
    }

    static void fail(tg_provider_request *request, Status status, const char *message,
                     std::optional<std::chrono::milliseconds> retry_after) noexcept {
        const auto code = static_cast<tg_status>(status);
        const std::int64_t wait = retry_after ? std::int64_t{retry_after->count()} : -1;
        if (tg_provider_request_fail(request, code, message, wait, nullptr) != TG_STATUS_INVALID_ARGUMENT) return;
        /* Words that C refuses must not hide that a login was refused, which would be tried again at once. */
        tg_provider_request_fail(request, code, "its message is not UTF-8", wait, nullptr);
    }

    /* Keeps what is wrong with a setting until it is set again. */
    void judge(const char *setting, Error refusal) {
        refused_.erase(setting);
        if (refusal.status() != Status::ok) refused_.emplace(setting, std::move(refusal));
    }

    detail::Argument take(const char *setting, Text text) {
        detail::Argument argument(setting, text);
        judge(setting, argument.refusal());
        return argument;
    }

    /* 0 is C's word for the default. A limit that has run out must not turn into that. */
    Config &set_limit(const char *setting, std::uint32_t &kept, std::optional<std::chrono::milliseconds> limit) {
        const bool good = !limit || limit->count() > 0;
        kept = limit && good ? detail::milliseconds(*limit) : 0;
        judge(setting, good ? Error() : detail::range_error(setting));
        tg_config_set_timeouts(handle_.get(), connect_timeout_, total_timeout_);
        return *this;
    }

    /* Before the handle, whose making may refuse the host. */
    std::map<std::string_view, Error> refused_{};
    std::map<std::string, Error> refused_parameters_{};
    std::uint32_t connect_timeout_ = 0;
    std::uint32_t total_timeout_ = 0;
    detail::Owned<tg_config> handle_;
};

/** A text of an object that is gone after this expression: becomes a std::string, and nothing that borrows. */
class CopiedText {
  public:
    /** A copy of this text. */
    explicit CopiedText(std::string_view text) : text_(text) {}
    /** The text. */
    operator std::string() && { return std::move(text_); }
    /** The text. */
    operator std::string() const & { return text_; }

  private:
    std::string text_;
};

/**
 * A token: its value, its header, its expiration. Immutable; may be read on any thread, and does not change,
 * whatever happens to the connection. Its strings are valid as long as it.
 */
class Token {
  public:
    /** The token itself. "" if REST++ authentication is off. */
    std::string_view value() const & noexcept { return tg_token_value(handle_.get()); }
    /** The value of the Authorization header: "Bearer " and the token. "" if REST++ authentication is off. */
    std::string_view header() const & noexcept { return tg_token_header(handle_.get()); }
    /** When the token expires, if that is known. */
    std::optional<std::chrono::system_clock::time_point> expires_at() const noexcept {
        return detail::time_point(tg_token_expires_at(handle_.get()));
    }
    /** The same as text, such as "2026-11-23T17:05:45Z"; "" if unknown. */
    std::string_view expiration() const & noexcept { return tg_token_expiration(handle_.get()); }

    /** A string would outlive its token: keep the token. */
    std::string_view value() const && = delete;
    /** The same of a token that is gone after this expression, for a std::string. */
    CopiedText header() const && { return CopiedText(tg_token_header(handle_.get())); }
    /** The address where this token is good, as Connection::url() tells it. Never changes. */
    std::string_view url(Server server) const & noexcept {
        return tg_token_url(handle_.get(), static_cast<std::int32_t>(server));
    }
    /** A string would outlive its token: keep the token. */
    std::string_view url(Server server) const && = delete;
    /** A string would outlive its token: keep the token. */
    std::string_view expiration() const && = delete;

  private:
    friend class Connection;
    explicit Token(tg_token *handle) noexcept : handle_(handle) {}

    detail::Owned<tg_token> handle_;
};

/** One secret of a list. Its strings are valid as long as the list. */
struct Secret {
    std::string_view alias; /**< The name by which it is dropped. */
    std::string_view value; /**< The secret itself, or its masked form. */
    std::string_view graph; /**< The graph that it belongs to (before 4.1), or "" if the server does not say. */
    bool is_masked = false; /**< Whether the value is only the masked form that servers before 4.1 show. */
};

/** A list of secrets. Immutable; may be read on any thread. Its strings are valid as long as it. */
class Secrets {
  public:
    /** Goes through a list, which must live longer. */
    class Iterator {
      public:
        using iterator_category = std::input_iterator_tag; /**< Secrets are made on the way. */
        using value_type = Secret;                         /**< What it gives. */
        using difference_type = std::ptrdiff_t;            /**< The distance of two. */
        using pointer = void;                              /**< None: secrets are made on the way. */
        using reference = Secret;                          /**< What it gives. */

        /** Belongs to no list. */
        Iterator() noexcept = default;
        /** The secret here. */
        Secret operator*() const noexcept { return (*list_)[index_]; }
        /** Goes on to the next. */
        Iterator &operator++() noexcept {
            ++index_;
            return *this;
        }
        /** Goes on to the next, and gives where it was. */
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            ++index_;
            return before;
        }
        /** Whether both are at the same secret of one list. */
        friend bool operator==(const Iterator &left, const Iterator &right) noexcept {
            return left.list_ == right.list_ && left.index_ == right.index_;
        }
        /** Whether they are not. */
        friend bool operator!=(const Iterator &left, const Iterator &right) noexcept { return !(left == right); }

      private:
        friend class Secrets;
        Iterator(const Secrets *list, std::size_t index) noexcept : list_(list), index_(index) {}

        const Secrets *list_ = nullptr;
        std::size_t index_ = 0;
    };

    /** How many secrets there are. */
    std::size_t size() const noexcept { return tg_secrets_count(handle_.get()); }
    /** Whether there are none. */
    bool empty() const noexcept { return size() == 0; }
    /** The secret at this index; one with empty texts if there is none. */
    Secret operator[](std::size_t index) const & noexcept {
        const tg_secrets *list = handle_.get();
        return {tg_secrets_alias(list, index), tg_secrets_value(list, index), tg_secrets_graph(list, index),
                tg_secrets_is_masked(list, index) != 0};
    }
    /** The first secret; one with empty texts if there is none. */
    Secret front() const & noexcept { return (*this)[0]; }
    /** Where the list begins. */
    Iterator begin() const & noexcept { return Iterator(this, 0); }
    /** Where the list ends. */
    Iterator end() const & noexcept { return Iterator(this, size()); }

    /** A secret would outlive its list: keep the list. */
    Secret operator[](std::size_t index) const && = delete;
    /** A secret would outlive its list: keep the list. */
    Secret front() const && = delete;
    /** A secret would outlive its list: keep the list. */
    Iterator begin() const && = delete;
    /** A secret would outlive its list: keep the list. */
    Iterator end() const && = delete;

  private:
    friend class Connection;
    explicit Secrets(tg_secrets *handle) noexcept : handle_(handle) {}

    detail::Owned<tg_secrets> handle_;
};

/**
 * What a diagnosis found. Immutable; may be read on any thread. Contains no credential. Its strings are valid as
 * long as it.
 */
class Report {
  public:
    /** For a person: the first line is the verdict and what to do, then come the steps and the settings. */
    std::string_view text() const & noexcept { return tg_report_text(handle_.get()); }
    /** For a program: a JSON object, whose members the C header describes. */
    std::string_view json() const & noexcept { return tg_report_json(handle_.get()); }

    /** A string would outlive its report: keep the report. */
    std::string_view text() const && = delete;
    /** A string would outlive its report: keep the report. */
    std::string_view json() const && = delete;

  private:
    friend class Connection;
    explicit Report(tg_report *handle) noexcept : handle_(handle) {}

    detail::Owned<tg_report> handle_;
};

/**
 * A request to the database. May be sent any number of times, by several threads at once. What is wrong with it,
 * Connection::send() reports.
 */
class Request {
  public:
    /**
     * A request with this method, to this part of TigerGraph. The path begins with "/", is percent-encoded already and
     * may have a query: "/query/MyGraph/my_query?vertex=5".
     */
    Request(Text method, Server server, Text path)
        : handle_(tg_request_new(take("method", method).c_str(), static_cast<std::int32_t>(server),
                                 take("path", path).c_str())) {}

    /** Sets a header, such as "GSQL-TIMEOUT" in milliseconds, instead of one of the same name; none removes it. */
    Request &set_header(Text name, Text value) & {
        tg_request_set_header(handle_.get(), take("name", name).c_str(), take("value", value).c_str());
        return *this;
    }
    /** Sets the body, which is copied, and its type, such as "application/json". */
    Request &set_body(std::string_view body, Text content_type = {}) & {
        // An empty body is one, too.
        const char *bytes = body.data() == nullptr ? "" : body.data();
        tg_request_set_body(handle_.get(), bytes, body.size(), take("content_type", content_type).c_str());
        return *this;
    }
    /** The longest body that an answer may have, in bytes; 0: 64 MiB. */
    Request &set_response_limit(std::uint64_t bytes) & noexcept {
        tg_request_set_response_limit(handle_.get(), bytes);
        return *this;
    }

    /** The same. */
    Request set_header(Text name, Text value) && { return std::move(set_header(name, value)); }
    /** The same. */
    Request set_body(std::string_view body, Text content_type = {}) && {
        return std::move(set_body(body, content_type));
    }
    /** The same. */
    Request set_response_limit(std::uint64_t bytes) && noexcept { return std::move(set_response_limit(bytes)); }

  private:
    friend class Connection;

    /* Keeps the first thing that C cannot have. */
    detail::Argument take(const char *name, Text text) {
        detail::Argument argument(name, text);
        if (refused_.status() == Status::ok) refused_ = argument.refusal();
        return argument;
    }

    /* Before the handle, whose making may refuse the path. */
    Error refused_{};
    detail::Owned<tg_request> handle_;
};

/** The answer to a request, complete, whatever its status. Immutable; may be read on any thread. */
class Response {
  public:
    /** The HTTP status, such as 200. */
    std::int32_t http_status() const noexcept { return tg_response_http_status(handle_.get()); }
    /** The value of the first header with this name, whatever its case; "" if there is none. */
    std::string_view header(Text name) const & {
        return tg_response_header(handle_.get(), detail::Argument("name", name).c_str());
    }
    /** The body; it may have any bytes in it. */
    std::string_view body() const & noexcept {
        return std::string_view(static_cast<const char *>(tg_response_body(handle_.get())),
                                tg_response_body_length(handle_.get()));
    }

    /** A string would outlive its response: keep the response. */
    std::string_view header(Text name) const && = delete;
    /** A string would outlive its response: keep the response. */
    std::string_view body() const && = delete;

  private:
    friend class Connection;
    explicit Response(tg_response *handle) noexcept : handle_(handle) {}

    detail::Owned<tg_response> handle_;
};

/** The version of a server. */
struct Version {
    std::int32_t major = 0; /**< The 4 of 4.1.2. */
    std::int32_t minor = 0; /**< The 1 of 4.1.2. */
    std::int32_t patch = 0; /**< The 2 of 4.1.2. */
};

/** Options for the creation of a secret. Both are for 4.1 and later. */
struct CreateOptions {
    Text value{}; /**< A value that you choose, sent in the URL, which the server may log. Better let it choose. */
    Text user{};  /**< Another user, for superusers. */
};

/** Options for dropping a secret. */
struct DropOptions {
    Text user{};                 /**< Another user, for superusers; 4.1 and later. */
    bool ignore_missing = false; /**< Not an error if something does not exist. Other errors are still reported. */
};

/** Options for the request for a token. */
struct TokenOptions {
    Text secret{};                   /**< The secret to request it for. None: the connection's login. */
    std::chrono::seconds lifetime{}; /**< 0: as configured, else the server's default. The server may grant less. */
    bool keep_current = false;       /**< Do not make the token the connection's own. */
    bool global = false;             /**< Request a token for all graphs, whatever graph is configured. */
};

/** Options for the refresh of a token. */
struct RefreshOptions {
    Text secret{};                   /**< The secret that the token was requested for. None: the connection's login. */
    Text token{};                    /**< The token to refresh. None: the connection's own. */
    std::chrono::seconds lifetime{}; /**< 0: as configured, else the server's default. The server may grant less. */
    bool keep_current = false;       /**< Do not make the token the connection's own. */
    bool global = false;             /**< With or_new: for all graphs, whatever graph is configured. */
    bool or_new = false;             /**< On servers that cannot refresh, request a new token instead. */
};

/** Options for the deletion of a token. */
struct DeleteOptions {
    Text secret{};               /**< The secret that the token was requested for. None: the connection's login. */
    Text token{};                /**< The token to delete. None: the connection's own. */
    bool ignore_missing = false; /**< Not an error if something does not exist. Other errors are still reported. */
};

/** Options for a diagnosis. */
struct DiagnoseOptions {
    bool offline = false; /**< Report only what is known, and send nothing. */
};

/**
 * What Connection::authorization_now() gives: a token, an error, or that a token is on its way. Then it is a failure
 * like any other, with Status::pending, but one that waits to be asked again.
 */
class [[nodiscard]] TokenOrPending : public Result<Token> {
  public:
    /** A token, or what there is in its place if error is one. */
    TokenOrPending(Token token, Error error) : Result<Token>(std::move(token), std::move(error)) {}

    /** Whether a token is on its way: ask again after the wakeup of Connection::set_wakeup(). */
    bool is_pending() const noexcept { return error().status() == Status::pending; }
};

/**
 * Wakes a program that waits for a token: tells its event loop, by a byte in a pipe, an eventfd, or uv_async_send().
 * The loop asks authorization_now() again then.
 *
 * May be called on any thread, also within a call of the program on any handle of the connection, such as cancel(),
 * and on several at once; it must return soon. What it throws is ignored, because nobody can catch it.
 */
using Wakeup = std::function<void()>;

/**
 * A connection to one server: its settings, its login, its current token. For any number of threads at once.
 *
 * Every call that sends something ends within its time limit; set_timeout(), cancel(), clone(), reject_token(),
 * set_wakeup() and current_token() send nothing, and authorization_now() sends nothing on its caller's thread.
 */
class Connection {
  public:
    /**
     * Checks the settings and makes a connection from them. Sends nothing; reads the files that settings
     * name and, for https without a CA setting, the system's trust store (once in a process).
     *
     * Refuses a library of another version than this header's (reason unsupported.library).
     */
    static Result<Connection> try_open(const Config &config) {
        tg_conn *conn = nullptr;
        Error error = detail::library_refusal();
        if (error.status() == Status::ok && !config.refused_.empty()) error = config.refused_.begin()->second;
        if (error.status() == Status::ok && !config.refused_parameters_.empty()) {
            error = config.refused_parameters_.begin()->second;
        }
        if (error.status() == Status::ok) {
            error = detail::call({}, [&](tg_error **out) { return tg_conn_new(config.handle_.get(), &conn, out); });
        }
        return Result<Connection>(Connection(conn), std::move(error));
    }

    /**
     * Another handle to the same connection: same login, same token, same sockets, but its own cancellation,
     * and its own time limit, which starts as the limit of this one. Sends nothing.
     *
     * To give one call its own limit, or to cancel it alone: clone, call, let the clone go.
     */
    Connection clone() const noexcept { return Connection(tg_conn_clone(handle_.get())); }

    /**
     * The limit for each whole call that starts on this handle from now on; std::nullopt: as configured. One of
     * zero or less has run out: the next call ends with Status::timeout.
     */
    void set_timeout(std::optional<std::chrono::milliseconds> limit) noexcept {
        constexpr std::chrono::milliseconds least(1);
        tg_conn_set_timeout(handle_.get(), limit ? detail::milliseconds(*limit < least ? least : *limit) : 0);
    }

    /**
     * Stops the calls that are running on this handle, on any thread: they end within 100 ms, with
     * Status::cancelled, or unknown_outcome if the creation of a secret has begun, or a request of send() other than
     * GET and HEAD. Does not wait for them. Calls that start later, and those on clones, are not affected.
     */
    void cancel() noexcept { tg_conn_cancel(handle_.get()); }

    /**
     * The server's version. Asks with the connection's token; if there is none but a login, a token is
     * requested first and becomes the connection's own.
     */
    Result<Version> try_server_version() {
        Version version;
        Error error = detail::call({}, [&](tg_error **out) {
            return tg_server_version(handle_.get(), &version.major, &version.minor, &version.patch, out);
        });
        return Result<Version>(version, std::move(error));
    }

    /** All secrets of the connection's user, or of another (superusers, 4.1 and later). Before 4.1 masked. */
    Result<Secrets> try_get_secrets(Text user = {}) {
        const detail::Argument who("user", user);
        return list({&who}, [&](tg_secrets **secrets, tg_error **out) {
            return tg_get_secrets(handle_.get(), who.c_str(), secrets, out);
        });
    }

    /** The secret with this alias, as a list of one, of the connection's user or of another. Before 4.1 masked. */
    Result<Secrets> try_get_secret(Text alias, Text user = {}) {
        const detail::Argument own_alias("alias", alias), who("user", user);
        return list({&own_alias, &who}, [&](tg_secrets **secret, tg_error **out) {
            return tg_get_secret(handle_.get(), own_alias.c_str(), who.c_str(), secret, out);
        });
    }

    /**
     * Creates a secret; the result is a list of one, with its alias and its value. Without an alias the library
     * generates one, AUTO_GENERATED_ALIAS_ and 7 letters or digits.
     *
     * Never repeated: if the answer does not come, the status is unknown_outcome and the message names the alias.
     */
    Result<Secrets> try_create_secret(Text alias = {}, const CreateOptions &options = {}) {
        const detail::Argument own_alias("alias", alias), value("value", options.value), user("user", options.user);
        return list({&own_alias, &value, &user}, [&](tg_secrets **secret, tg_error **out) {
            return tg_create_secret(handle_.get(), own_alias.c_str(), value.c_str(), user.c_str(), secret, out);
        });
    }

    /**
     * The secret with this alias, created if there is none; the result is a list of one. Before 4.1 the server
     * shows an existing secret masked: then the status is already_exists.
     */
    Result<Secrets> try_ensure_secret(Text alias) {
        const detail::Argument own_alias("alias", alias);
        return list({&own_alias}, [&](tg_secrets **secret, tg_error **out) {
            return tg_ensure_secret(handle_.get(), own_alias.c_str(), secret, out);
        });
    }

    /** Drops a secret by its alias. Before 4.1 its tokens become invalid, too. */
    Result<void> try_drop_secret(Text alias, const DropOptions &options = {}) {
        const detail::Argument own_alias("alias", alias), user("user", options.user);
        return Result<void>(detail::call({&own_alias, &user}, [&](tg_error **out) {
            return tg_drop_secret(handle_.get(), own_alias.c_str(), user.c_str(), flags(options), out);
        }));
    }

    /**
     * Drops secrets by their aliases, a list in braces or any range of texts, with one request. Gives the number of
     * secrets that were there and are dropped; a name that is given twice counts once. If one does not exist the
     * status is not_found, and before 4.1 the others are still dropped. With ignore_missing and more than one alias,
     * from 4.1 on, there is one more request before: the list, which tells what is there to drop.
     */
    template <class Aliases = std::initializer_list<Text>>
    Result<std::size_t> try_drop_secrets(const Aliases &aliases, const DropOptions &options = {}) {
        const std::vector<Text> texts(std::begin(aliases), std::end(aliases));
        return drop_all(texts, options);
    }

    /**
     * Requests a new token, for a secret or the connection's own login. Always sends a request. The token becomes
     * the connection's own unless the options say keep_current.
     *
     * If REST++ authentication is off the status is auth_disabled: no token is needed.
     */
    Result<Token> try_get_token(const TokenOptions &options = {}) {
        const detail::Argument secret("secret", options.secret);
        const std::uint32_t how =
            flag(options.keep_current, TG_TOKEN_KEEP_CURRENT) | flag(options.global, TG_TOKEN_GLOBAL);
        return token({&secret}, [&](tg_token **got, tg_error **out) {
            return tg_get_token(handle_.get(), secret.c_str(), options.lifetime.count(), how, got, out);
        });
    }

    /**
     * Extends the lifetime of a token. From 4.1 on servers cannot: the status is unsupported or, with or_new, a
     * new token is requested.
     */
    Result<Token> try_refresh_token(const RefreshOptions &options = {}) {
        const detail::Argument secret("secret", options.secret), old("token", options.token);
        const std::uint32_t how = flag(options.keep_current, TG_TOKEN_KEEP_CURRENT) |
                                  flag(options.global, TG_TOKEN_GLOBAL) | flag(options.or_new, TG_TOKEN_OR_NEW);
        return token({&secret, &old}, [&](tg_token **got, tg_error **out) {
            return tg_refresh_token(handle_.get(), secret.c_str(), old.c_str(), options.lifetime.count(), how, got,
                                    out);
        });
    }

    /** Deletes a token. The connection no longer uses a token that was deleted. */
    Result<void> try_delete_token(const DeleteOptions &options = {}) {
        const detail::Argument secret("secret", options.secret), value("token", options.token);
        const std::uint32_t how = flag(options.ignore_missing, TG_IGNORE_MISSING);
        return Result<void>(detail::call({&secret, &value}, [&](tg_error **out) {
            return tg_delete_token(handle_.get(), secret.c_str(), value.c_str(), how, out);
        }));
    }

    /**
     * Asks the server whether it accepts this JWT (4.1 and later, on the server that issued the token). A
     * failure means that the check was not possible.
     */
    Result<bool> try_check_jwt_token(Text jwt) {
        const detail::Argument value("jwt", jwt);
        std::int32_t valid = 0;
        Error error = detail::call(
            {&value}, [&](tg_error **out) { return tg_check_jwt_token(handle_.get(), value.c_str(), &valid, out); });
        return Result<bool>(valid == 1, std::move(error));
    }

    /** The same for a token of this library. One of a server without authentication is auth_disabled. */
    Result<bool> try_check_token(const Token &token) {
        std::int32_t valid = 0;
        Error error = detail::call({}, [&](tg_error **out) {
            return tg_check_token(handle_.get(), token.handle_.get(), &valid, out);
        });
        return Result<bool>(valid == 1, std::move(error));
    }

    /**
     * Sends a request with a token as authorization() gives it, or without one where authentication is off, and waits
     * for the whole answer. A success means that there is a complete answer, whatever its HTTP status.
     *
     * A refused token is rejected, and the request sent once more with a new one, if the connection has a login to get
     * one. Nothing else is repeated once a byte of the request was written. If there is no complete answer then, the
     * status is unknown_outcome, for GET and HEAD the failure itself.
     */
    Result<Response> try_send(const Request &request) {
        tg_response *response = nullptr;
        Error error = request.refused_;
        if (error.status() == Status::ok) {
            error = detail::call({}, [&](tg_error **out) {
                return tg_send(handle_.get(), request.handle_.get(), &response, out);
            });
        }
        return Result<Response>(Response(response), std::move(error));
    }

    /**
     * The address that requests to a part of TigerGraph begin with, such as "https://db.example.com:14240/restpp", without
     * a slash at the end. Sends nothing. After a request it may be another one: ask again for each request. Valid as
     * long as the connection or a clone of it.
     */
    std::string_view url(Server server) const & noexcept {
        return tg_conn_url(handle_.get(), static_cast<std::int32_t>(server));
    }

    /**
     * The CA certificates of the CA setting and of added files in PEM, for an HTTP client of your own; "" where there
     * are none. Valid as long as the connection or a clone of it.
     */
    std::string_view ca_pem() const & noexcept { return tg_conn_ca_pem(handle_.get()); }

    /** A string would outlive its connection: keep the connection. */
    std::string_view url(Server server) const && = delete;
    /** A string would outlive its connection: keep the connection. */
    std::string_view ca_pem() const && = delete;

    /**
     * A valid token, for the Authorization header of a request to the database: the connection's own while it
     * is fresh, renewed in time. Call this before every request: while the token is fresh this takes no lock
     * and sends nothing. If REST++ authentication is off, value and header of the token are "".
     *
     * If the database refuses the token (HTTP 401 or 403 with code REST-10016 or REST-10019), call reject_token()
     * and then this once more.
     */
    Result<Token> try_authorization() {
        /* The usual outcome without an Error on the way: this call is for every request. */
        tg_error *error = nullptr;
        tg_token *got = nullptr;
        const tg_status status = tg_authorization(handle_.get(), &got, &error);
        if (status == TG_STATUS_OK) return Result<Token>(Token(got));
        return Result<Token>(Token(got), Error(status, error));
    }

    /**
     * The same for a thread that may not wait, such as one that runs an event loop: never waits, throws no Exception,
     * and sends nothing on this thread. While the token is fresh this costs the same as authorization().
     *
     * Pending: a token was requested on a thread of the library, and the wakeup is called when the outcome is there,
     * whatever it is; then ask again. It may also come without one: then asking again starts another request. cancel()
     * and the end of this handle give the request up, unless others wait for it.
     *
     * Any other failure: no wakeup will come. The error is returned until its retry_after() is over: set a timer, and
     * ask again then. If it has none, asking again changes nothing until the program does, such as by get_token().
     */
    TokenOrPending authorization_now() {
        tg_token *got = nullptr;
        Error error =
            detail::call({}, [&](tg_error **out) { return tg_try_authorization(handle_.get(), &got, out); });
        return TokenOrPending(Token(got), std::move(error));
    }

    /**
     * Sets the function that is called after authorization_now() was pending, for this handle; clones have none. Set it
     * before you ask. An empty function: none.
     *
     * It replaces the earlier one, and a wakeup that is owed is owed to the new one. Each function is destroyed once,
     * after its last run, which may be after the end of this handle, on any thread. After a fork the child has the
     * same one: one that writes to a pipe would wake the parent, so set another.
     */
    void set_wakeup(Wakeup wakeup) {
        if (!wakeup) {
            tg_conn_set_wakeup(handle_.get(), nullptr, nullptr, nullptr);
            return;
        }
        auto kept = std::make_unique<Wakeup>(std::move(wakeup));
        tg_conn_set_wakeup(handle_.get(), wake, kept.release(), detail::release<Wakeup>);
    }

    /** The connection's own token as it is, fresh or not. Sends nothing. Status::no_credentials if there is none. */
    Result<Token> try_current_token() const {
        return token({}, [&](tg_token **got, tg_error **out) { return tg_current_token(handle_.get(), got, out); });
    }

    /**
     * Tells the connection that the database refused this token: if it is still the connection's own, it is
     * never returned again, and the next authorization() gets a new one. Sends nothing.
     */
    void reject_token(const Token &refused) noexcept { tg_reject_token(handle_.get(), refused.handle_.get()); }

    /**
     * Finds out whether this connection can work and, if not, why, and how to fix it. A success whenever there is
     * a report, even one that says that nothing works. All steps together end within the time limit of a call.
     *
     * A refused login is not tried again, so that no account is locked. A token that it gets becomes the connection's
     * own.
     */
    Result<Report> try_diagnose(const DiagnoseOptions &options = {}) {
        tg_report *report = nullptr;
        Error error = detail::call({}, [&](tg_error **out) {
            return tg_diagnose(handle_.get(), flag(options.offline, TG_REPORT_OFFLINE), &report, out);
        });
        return Result<Report>(Report(report), std::move(error));
    }

#if defined(__cpp_exceptions)
    /** As try_open(); throws Exception. */
    explicit Connection(const Config &config) : Connection(try_open(config).value()) {}
    /** As try_server_version(); throws Exception. */
    Version server_version() { return try_server_version().value(); }
    /** As try_get_secrets(); throws Exception. */
    Secrets get_secrets(Text user = {}) { return try_get_secrets(user).value(); }
    /** As try_get_secret(); throws Exception. */
    Secrets get_secret(Text alias, Text user = {}) { return try_get_secret(alias, user).value(); }
    /** As try_create_secret(); throws Exception. */
    Secrets create_secret(Text alias = {}, const CreateOptions &options = {}) {
        return try_create_secret(alias, options).value();
    }
    /** As try_ensure_secret(); throws Exception. */
    Secrets ensure_secret(Text alias) { return try_ensure_secret(alias).value(); }
    /** As try_drop_secret(); throws Exception. */
    void drop_secret(Text alias, const DropOptions &options = {}) { try_drop_secret(alias, options).value(); }
    /** As try_drop_secrets(); throws Exception. */
    template <class Aliases = std::initializer_list<Text>>
    std::size_t drop_secrets(const Aliases &aliases, const DropOptions &options = {}) {
        return try_drop_secrets(aliases, options).value();
    }
    /** As try_get_token(); throws Exception. */
    Token get_token(const TokenOptions &options = {}) { return try_get_token(options).value(); }
    /** As try_refresh_token(); throws Exception. */
    Token refresh_token(const RefreshOptions &options = {}) { return try_refresh_token(options).value(); }
    /** As try_delete_token(); throws Exception. */
    void delete_token(const DeleteOptions &options = {}) { try_delete_token(options).value(); }
    /** As try_check_jwt_token(); throws Exception. */
    bool check_jwt_token(Text jwt) { return try_check_jwt_token(jwt).value(); }
    /** As try_check_token(); throws Exception. */
    bool check_token(const Token &token) { return try_check_token(token).value(); }
    /** As try_send(); throws Exception. */
    Response send(const Request &request) { return try_send(request).value(); }
    /** As try_authorization(); throws Exception. */
    Token authorization() {
        /* Without a Result on the way, for the same reason. */
        tg_error *error = nullptr;
        tg_token *got = nullptr;
        const tg_status status = tg_authorization(handle_.get(), &got, &error);
        if (status != TG_STATUS_OK) throw Exception(Error(status, error));
        return Token(got);
    }
    /** As try_current_token(); throws Exception. */
    Token current_token() const { return try_current_token().value(); }
    /** As try_diagnose(); throws Exception. */
    Report diagnose(const DiagnoseOptions &options = {}) { return try_diagnose(options).value(); }
#endif

  private:
    explicit Connection(tg_conn *handle) noexcept : handle_(handle) {}

    static void wake(void *wakeup) noexcept {
#if defined(__cpp_exceptions)
        try {
            (*static_cast<Wakeup *>(wakeup))();
        } catch (...) {
        }
#else
        (*static_cast<Wakeup *>(wakeup))();
#endif
    }

    static constexpr std::uint32_t flag(bool is_set, std::uint32_t value) noexcept { return is_set ? value : 0; }
    static constexpr std::uint32_t flags(const DropOptions &options) noexcept {
        return flag(options.ignore_missing, TG_IGNORE_MISSING);
    }

    using Arguments = std::initializer_list<const detail::Argument *>;

    template <class Call> static Result<Token> token(Arguments arguments, Call make) {
        tg_token *got = nullptr;
        Error error = detail::call(arguments, [&](tg_error **out) { return make(&got, out); });
        return Result<Token>(Token(got), std::move(error));
    }

    template <class Call> static Result<Secrets> list(Arguments arguments, Call make) {
        tg_secrets *got = nullptr;
        Error error = detail::call(arguments, [&](tg_error **out) { return make(&got, out); });
        return Result<Secrets>(Secrets(got), std::move(error));
    }

    Result<std::size_t> drop_all(const std::vector<Text> &aliases, const DropOptions &options) {
        std::vector<detail::Argument> arguments;
        std::vector<const char *> texts;
        for (const Text &alias : aliases) {
            arguments.emplace_back("alias", alias);
            if (Error refused = arguments.back().refusal(); refused.status() != Status::ok) {
                return Result<std::size_t>(0, std::move(refused));
            }
            texts.push_back(arguments.back().c_str());
        }
        const detail::Argument user("user", options.user);
        std::size_t dropped = 0;
        Error error = detail::call({&user}, [&](tg_error **out) {
            return tg_drop_secrets(handle_.get(), texts.data(), texts.size(), user.c_str(), flags(options), &dropped,
                                   out);
        });
        return Result<std::size_t>(dropped, std::move(error));
    }

    detail::Owned<tg_conn> handle_;
};

} // namespace v0_1
} // namespace auth
} // namespace tigergraph

/** @cond A Status may be compared with a std::error_code, and becomes one. */
template <> struct std::is_error_code_enum<tigergraph::auth::Status> : std::true_type {};

#if defined(__cpp_lib_format)
/* Errors and statuses are formatted as they are written to a stream, with the width and so on of a text. */
template <> struct std::formatter<tigergraph::auth::Error, char> : std::formatter<std::string_view, char> {
    template <class Context> auto format(const tigergraph::auth::Error &error, Context &context) const {
        return std::formatter<std::string_view, char>::format(tigergraph::auth::detail::written(error), context);
    }
};
template <> struct std::formatter<tigergraph::auth::Status, char> : std::formatter<std::string_view, char> {
    template <class Context> auto format(tigergraph::auth::Status status, Context &context) const {
        return std::formatter<std::string_view, char>::format(tigergraph::auth::name(status), context);
    }
};
#endif
/** @endcond */

#endif /* TIGERGRAPH_AUTH_HPP */
