/* Programs that may not wait: authorization_now() gives a token, an error or neither, at once, and each wakeup that it
 * promises comes. Against the stand-in of the environment. */
#include "check.hpp"
#include "standin.hpp"
#include <condition_variable>
#include <mutex>
#include <thread>

using auth::Status;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/* A loop of a program: waits to be woken. */
struct Loop {
    std::mutex lock;
    std::condition_variable changed;
    int rings = 0, heard = 0;
    std::atomic<int> alive{0};

    Loop() = default;
    Loop(const Loop &) = delete;
    Loop &operator=(const Loop &) = delete;
    ~Loop() { CHECK(is_let_go()); }

    void ring() {
        const std::lock_guard<std::mutex> guard(lock);
        rings++;
        changed.notify_all();
    }
    /* Whether it rings within this time, once for each that is asked for. */
    bool hears(std::chrono::milliseconds limit = 20s) {
        std::unique_lock<std::mutex> guard(lock);
        if (!changed.wait_for(guard, limit, [this] { return rings > heard; })) return false;
        heard++;
        return true;
    }
    bool is_let_go() {
        for (int waited = 0; waited < 10000 && alive != 0; waited++) std::this_thread::sleep_for(1ms);
        return alive == 0;
    }
};

/* A wakeup that counts how many of it there are. */
struct Bell {
    explicit Bell(Loop &its_loop) : loop(&its_loop) { ++loop->alive; }
    Bell(const Bell &other) : loop(other.loop) { ++loop->alive; }
    ~Bell() { --loop->alive; }
    Bell &operator=(const Bell &) = delete;
    void operator()() const { loop->ring(); }
    Loop *loop;
};

static void is_pending(auth::Connection &conn) {
    const auto begin = Clock::now();
    auth::TokenOrPending now = conn.authorization_now();
    CHECK(Clock::now() - begin < 3s);
    CHECK(now.is_pending() && !now.ok() && is_failure(now.error(), Status::pending, "pending"));
    CHECK_THROWS(now.value().value().size(), Status::pending, "pending");
}

static void a_token_after_a_wakeup() {
    Loop loop;
    {
        auth::Connection conn(standin_config());
        conn.set_wakeup(Bell(loop));
        CHECK(loop.alive == 1);
        is_pending(conn);
        CHECK(loop.hears());
        const auth::TokenOrPending now = conn.authorization_now();
        CHECK_OK(now);
        CHECK(!now.is_pending());
        const auth::Token same = conn.authorization();
        CHECK(now->value() == same.value() && !same.value().empty());
        CHECK(!loop.hears(50ms) && loop.alive == 1);
        /* The handle goes on where it is moved to, and its wakeup with it. */
        auth::Connection moved = std::move(conn);
        moved.reject_token(same);
        is_pending(moved);
        CHECK(loop.hears() && moved.authorization_now().ok());
        CHECK_FAILS(conn.authorization_now(), Status::invalid_argument, "argument.null");
    }
    CHECK(loop.is_let_go());
}

static void a_failure_after_a_wakeup() {
    Loop loop;
    auth::Connection conn(standin_config().set_password("alice", "closedsesame"));
    conn.set_wakeup(Bell(loop));
    is_pending(conn);
    CHECK(loop.hears());
    const auth::TokenOrPending now = conn.authorization_now();
    CHECK(!now && !now.is_pending() && is_failure(now.error(), Status::unauthenticated, "auth.bad_password"));
    CHECK(now.error().retry_after() > 0s);
    auth::Connection without(standin_config().set_password(nullptr, nullptr));
    without.set_wakeup(Bell(loop));
    const auth::TokenOrPending none = without.authorization_now();
    CHECK(!none.is_pending() && is_failure(none.error(), Status::no_credentials, "credentials.none"));
    CHECK(!loop.hears(50ms));
}

static void a_cancellation_wakes() {
    const SilentListener listener;
    Loop loop, of_clone;
    {
        auth::Connection conn(auth::Config(listener.url()).set_secret("asecret"));
        conn.set_wakeup(Bell(loop));
        is_pending(conn);
        conn.cancel();
        CHECK(loop.hears());
        auth::Connection clone = conn.clone();
        is_pending(clone);
        clone.set_wakeup(Bell(of_clone));
        clone.cancel();
        CHECK(of_clone.hears() && !loop.hears(50ms));
    }
    CHECK(loop.is_let_go() && of_clone.is_let_go());
}

/* Each is destroyed once: when it is replaced, refused, or its handle goes. */
static void wakeups_are_released() {
    Loop loop;
    auth::Connection conn(auth::Config("http://127.0.0.1:1").set_secret("asecret"));
    conn.set_wakeup(Bell(loop));
    CHECK(loop.alive == 1);
    conn.set_wakeup(Bell(loop));
    CHECK(loop.alive == 1);
    conn.set_wakeup(nullptr);
    CHECK(loop.alive == 0);
    const auth::Connection taken = std::move(conn);
    conn.set_wakeup(Bell(loop));
    CHECK(loop.alive == 0 && loop.rings == 0);
}

/* What a wakeup throws goes nowhere, and it may call the library, on its own handle, too. */
static void wakeups_that_throw_and_call() {
    Loop loop;
    std::atomic<int> states{0};
    auth::Connection conn(standin_config());
    conn.set_wakeup([&, bell = Bell(loop)] {
        states += conn.authorization_now().is_pending() ? 100 : 1;
        conn.set_wakeup(nullptr);
        loop.ring();
        throw std::runtime_error("from the wakeup");
    });
    is_pending(conn);
    CHECK(loop.hears() && loop.is_let_go());
    CHECK(states == 1 && conn.authorization_now().ok());
}

int main() {
    /* Else the answer may be there before the caller has looked, who is then told so at once. */
    CHECK(steer("POST", "/faults", R"({"path_prefix":"/","action":"Delay","milliseconds":300})"));
    a_token_after_a_wakeup();
    a_failure_after_a_wakeup();
    a_cancellation_wakes();
    wakeups_are_released();
    wakeups_that_throw_and_call();
    return finish();
}
