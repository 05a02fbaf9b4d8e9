/* The smallest test framework, as in tests/c/check.h: CHECK counts, finish() reports. Any thread may check. */
#ifndef CHECK_HPP
#define CHECK_HPP

#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>
#include <tigergraph_auth.hpp>

namespace auth = tigergraph::auth;

inline std::atomic<int> checks{0}, failures{0};

inline void check(bool good, const char *file, int line, const char *condition, const std::string &found = "") {
    checks++;
    if (good) return;
    failures++;
    std::printf("%s:%d: failed: %s %s\n", file, line, condition, found.c_str());
}

inline std::string describe(const auth::Error &error) {
    return "(" + std::string(auth::name(error.status())) + ", " + std::string(error.reason()) + ", " +
           std::string(error.message()) + ")";
}

/* Whether this is a failure of that kind, which says so in words. */
inline bool is_failure(const auth::Error &error, auth::Status status, std::string_view reason) {
    return error.status() == status && status != auth::Status::ok && error.reason() == reason &&
           !error.message().empty();
}

#define CHECK(condition) check((condition), __FILE__, __LINE__, #condition)

/* The result, kept in a variable, is a success. */
#define CHECK_OK(result) check((result).ok(), __FILE__, __LINE__, #result, describe((result).error()))

/* The call returns a failure of this kind. */
#define CHECK_FAILS(call, wanted_status, wanted_reason)                                                   \
    do {                                                                                                  \
        const auto outcome = (call);                                                                      \
        check(!outcome.ok() && is_failure(outcome.error(), (wanted_status), (wanted_reason)), __FILE__, \
              __LINE__, #call, describe(outcome.error()));                                                \
    } while (0)

/* The call throws an exception of this kind, and of that type. */
#define CHECK_THROWS(call, wanted_status, wanted_reason)                                           \
    do {                                                                                           \
        auth::Error thrown;                                                                        \
        try {                                                                                      \
            (void)(call);                                                                          \
        } catch (const auth::Exception &exception) {                                               \
            thrown = exception.error();                                                            \
        }                                                                                          \
        check(is_failure(thrown, (wanted_status), (wanted_reason)), __FILE__, __LINE__, #call,   \
              describe(thrown));                                                                   \
    } while (0)

inline int finish() {
    std::printf("%d checks, %d failed\n", checks.load(), failures.load());
    return failures == 0 && checks > 0 ? 0 : 1;
}

#endif
