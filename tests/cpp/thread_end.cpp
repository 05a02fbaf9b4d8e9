// Calls in destructors of thread_local objects: they work as always. One is made before the thread's first call, so that
// it ends after whatever the library keeps for the thread, and one after it.
//
// Arguments: host, secret.
#include <cstdio>
#include <string_view>
#include <thread>

#include <tigergraph_auth.hpp>

namespace auth = tigergraph::auth;

static auth::Connection *conn;
static int failures;

struct Ending {
    const char *name;
    int calls = 0;
    explicit Ending(const char *its_name) : name(its_name) {}
    void call() {
        calls++;
        try {
            const auth::Token token = conn->authorization();
            const auth::Token fresh = conn->get_token();
            if (token.value().empty() || fresh.value().empty()) throw std::runtime_error("an empty token");
        } catch (const std::exception &exception) {
            failures++;
            std::printf("%s: %s\n", name, exception.what());
        }
        tg_token *none = nullptr;
        if (tg_authorization(nullptr, &none, nullptr) != TG_STATUS_INVALID_ARGUMENT ||
            tg_error_status(tg_last_error()) != TG_STATUS_INVALID_ARGUMENT) {
            failures++;
            std::printf("%s: the last error is lost\n", name);
        }
    }
    ~Ending() { call(); }
};

static void work() {
    thread_local Ending before("made before the first call");
    before.call();
    thread_local Ending after("made after the first call");
    after.call();
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    auth::Connection own(auth::Config(arguments[1]).set_secret(arguments[2]));
    conn = &own;
    std::thread(work).join();
    std::printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
