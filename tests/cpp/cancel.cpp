/* A call is stopped from another thread: while it shakes hands over TLS, and while it waits for an answer. */
#include "check.hpp"
#include "standin.hpp"
#include <cstdlib>
#include <string>
#include <thread>

using auth::Status;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/* valgrind translates all code before it runs for the first time. */
static bool is_slow() {
    const char *tool = std::getenv("TEST_TOOL");
    return tool && std::string(tool) == "valgrind";
}

/* How long it takes until a call has surely begun, and until a cancelled one is back. */
static std::chrono::milliseconds begun() { return is_slow() ? 5s : 200ms; }
static std::chrono::milliseconds soon() { return is_slow() ? 5s : 3s; }

/* Makes a call that waits for ever, cancels it, and wants it back soon. */
template <class Call> static void is_cancelled(auth::Connection &conn, Call call) {
    std::atomic<Clock::rep> cancelled{0};
    std::thread other([&] {
        std::this_thread::sleep_for(begun());
        cancelled = Clock::now().time_since_epoch().count();
        conn.cancel();
    });
    CHECK_THROWS(call(), Status::cancelled, "cancelled");
    const auto late = Clock::now().time_since_epoch() - Clock::duration(cancelled.load());
    other.join();
    CHECK(cancelled != 0 && late < soon());
    std::printf("back %d ms after cancel()\n", static_cast<int>(late / 1ms));
}

static void during_tls() {
    const SilentListener listener;
    auth::Connection conn(auth::Config(listener.url()).set_secret("asecret").set_connect_timeout(10s));
    is_cancelled(conn, [&conn] { return conn.authorization(); });
    auth::Connection clone = conn.clone();
    is_cancelled(clone, [&clone] { return clone.get_token(); });
}

/* The limit for one attempt to connect is not that of the call. */
static void limit_of_an_attempt() {
    const SilentListener listener;
    auth::Connection conn(auth::Config(listener.url()).set_secret("asecret").set_connect_timeout(200ms));
    const auto begin = Clock::now();
    CHECK_THROWS(conn.get_token(), Status::timeout, "timeout.tls");
    CHECK(Clock::now() - begin < 5s);
}

/* The cancellation of a clone is not that of the handle it came from. */
static void clones_are_apart() {
    const SilentListener listener;
    auth::Connection conn(auth::Config(listener.url()).set_secret("asecret").set_timeout(600ms));
    auth::Connection clone = conn.clone();
    std::thread other([&clone] {
        std::this_thread::sleep_for(200ms);
        clone.cancel();
    });
    CHECK_THROWS(conn.get_token(), Status::timeout, "timeout.tls");
    other.join();
}

static void during_a_response() {
    auth::Connection conn(standin_config());
    CHECK(conn.get_token().expires_at().has_value());
    CHECK(steer("POST", "/faults", R"({"path_prefix":"/","action":"Hang"})"));
    is_cancelled(conn, [&conn] { return conn.get_token(); });
    is_cancelled(conn, [&conn] { return conn.get_secrets(); });
    CHECK(steer("DELETE", "/faults"));
    /* Calls that begin later are unaffected. */
    CHECK(conn.get_token().expires_at().has_value());
    const auth::Result<auth::Secrets> after = conn.try_get_secrets();
    CHECK_OK(after);
}

/* The creation of a secret has begun: nobody knows what became of it. */
static void during_a_creation() {
    auth::Connection conn(standin_config());
    const auth::Result<auth::Secrets> before = conn.try_get_secrets();
    CHECK_OK(before);
    CHECK(steer("POST", "/faults", R"({"path_prefix":"/","action":"Hang"})"));
    std::thread other([&conn] {
        std::this_thread::sleep_for(begun());
        conn.cancel();
    });
    CHECK_THROWS(conn.create_secret("halfway"), Status::unknown_outcome, "outcome.unknown");
    other.join();
    CHECK(steer("DELETE", "/faults"));
}

int main() {
    during_tls();
    limit_of_an_attempt();
    clones_are_apart();
    during_a_response();
    during_a_creation();
    return finish();
}
