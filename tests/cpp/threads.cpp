/* Sixteen threads on one connection, 400 failing calls each: every error is that of the thread's own call, and is
 * still so when another thread reads it. Before 4.1 the error names the alias, by which one can tell. */
#include "check.hpp"
#include "standin.hpp"
#include <thread>
#include <vector>

constexpr int threads = 16, calls = 400;

static std::string own_alias(int thread, int call) {
    return "thread" + std::to_string(thread) + "call" + std::to_string(call) + "end";
}

static bool names(std::string_view message, const std::string &alias) {
    return message.find(alias) != std::string_view::npos;
}

int main() {
    auth::Connection conn(standin_config());
    std::vector<std::vector<auth::Error>> errors(threads);
    std::atomic<int> wrong{0}, failed{0};
    std::vector<std::thread> crowd;
    for (int thread = 0; thread < threads; thread++) {
        crowd.emplace_back([&, thread] {
            for (int call = 0; call < calls; call++) {
                const std::string alias = own_alias(thread, call);
                try {
                    conn.drop_secret(alias);
                } catch (const auth::Exception &exception) {
                    failed++;
                    wrong += exception.status() != auth::Status::not_found || !names(exception.what(), alias);
                    errors[static_cast<std::size_t>(thread)].push_back(exception.error());
                }
            }
        });
    }
    for (std::thread &thread : crowd) thread.join();
    for (int thread = 0; thread < threads; thread++) {
        const std::vector<auth::Error> &own = errors[static_cast<std::size_t>(thread)];
        for (int call = 0; call < calls && static_cast<std::size_t>(call) < own.size(); call++) {
            const auth::Error &error = own[static_cast<std::size_t>(call)];
            wrong += !names(error.message(), own_alias(thread, call));
        }
    }
    std::printf("%d threads, %d failing calls, %d wrong errors\n", threads, failed.load(), wrong.load());
    CHECK(failed == threads * calls);
    CHECK(wrong == 0);
    return finish();
}
