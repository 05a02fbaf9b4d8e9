/* 100 000 calls leave the memory of the process as it was. With PLANT_A_LEAK set one small block in each round is
 * lost, and the test must fail: the test script tries that too. */
#include "check.hpp"
#include "standin.hpp"
#include <fstream>

constexpr int rounds = 12500, calls_in_a_round = 8;
constexpr long most_growth_kib = 512;

static long resident_kib() {
    long total = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Eight calls, by both forms: results, and failures that the header, the library and (from 4.1 on) the server find. */
static void round(auth::Connection &conn, const auth::Config &config) {
    using namespace std::string_view_literals;
    auth::TokenOptions wrong;
    wrong.lifetime = std::chrono::seconds(-1);
    wrong.secret = "asecretthatisnotterminated"sv;
    int failed = 0;
    auth::Connection own(config);
    const auth::Token token = conn.authorization();
    const auth::Token current = conn.clone().current_token();
    try {
        conn.get_token(wrong);
    } catch (const auth::Exception &) {
        failed++;
    }
    try {
        conn.drop_secret("a\0b"sv);
    } catch (const auth::Exception &) {
        failed++;
    }
    failed += !conn.try_drop_secrets({"a", "\n"}).ok();
    failed += !own.try_current_token().ok();
    failed += !conn.try_ensure_secret("no alias").ok();
    if (failed != 5 || token.value() != current.value()) std::abort();
}

int main() {
    auth::Config config = standin_config();
    config.set_log(auth::LogLevel::error, [](auth::LogLevel, std::string_view) {});
    auth::Connection conn(config);
    const bool plants = *environment("PLANT_A_LEAK") != '\0';
    for (int i = 0; i < rounds / 10; i++) round(conn, config);
    const long before = resident_kib();
    for (int i = 0; i < rounds; i++) {
        round(conn, config);
        if (plants) static_cast<volatile char *>(std::malloc(64))[0] = 1;
    }
    const long after = resident_kib();
    std::printf("%d calls: resident memory %ld KiB before, %ld KiB after\n", rounds * calls_in_a_round, before, after);
    CHECK(after - before <= most_growth_kib);
    return finish();
}
