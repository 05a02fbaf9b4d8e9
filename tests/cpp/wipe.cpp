/* The copies of credentials that this header makes are wiped: no credential that went through it as a view stands in
 * memory after the last object has gone. Needs no server.
 *
 * What is looked for is kept with every byte changed. The search must find what is planted, or it proves nothing.
 *
 * Run it with LD_BIND_NOW=1: where the loader looks a function up at its first call, it saves all registers on the
 * stack, with what memcpy() has left in them. */
#include "check.hpp"
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

constexpr char change = 0x5a;

/* What is looked for, changed: the end of a credential, for malloc writes over the beginning of a freed block. */
static std::string changed(int number) {
    std::string text = "canary" + std::to_string(number) + "-of-the-wiping-test";
    for (char &byte : text) byte = static_cast<char>(byte ^ change);
    return text;
}

/* A credential without a NUL behind it, which is wiped when it goes. Each is of another size, so that its copies are
 * not written over by those of the next. */
class Lent {
  public:
    explicit Lent(int number) : size_(64 * static_cast<std::size_t>(number)), bytes_(new char[size_]) {
        const std::string end = changed(number);
        std::memset(bytes_.get(), 'x', size_);
        for (std::size_t i = 0; i < end.size(); i++) {
            bytes_[size_ - end.size() + i] = static_cast<char>(end[i] ^ change);
        }
    }
    Lent(const Lent &) = delete;
    Lent &operator=(const Lent &) = delete;
    ~Lent() { explicit_bzero(bytes_.get(), size_); }
    std::string_view view() const { return {bytes_.get(), size_}; }

  private:
    std::size_t size_;
    std::unique_ptr<char[]> bytes_;
};

/* How often the credential stands in one stretch of memory. */
static int count(const char *bytes, std::size_t size, const std::string &wanted) {
    int found = 0;
    for (std::size_t at = 0; at + wanted.size() <= size; at++) {
        std::size_t same = 0;
        while (same < wanted.size() && (bytes[at + same] ^ change) == wanted[same]) same++;
        found += same == wanted.size();
    }
    return found;
}

/* How often the credential stands in what this process can write to. The copy that is searched does not count. */
static int search(int number) {
    static char window[1 << 20];
    const std::string wanted = changed(number);
    std::ifstream maps("/proc/self/maps");
    std::ifstream memory("/proc/self/mem", std::ios::binary);
    memory.rdbuf()->pubsetbuf(nullptr, 0);
    int found = 0;
    for (std::string line; std::getline(maps, line);) {
        unsigned long long from = 0, to = 0;
        char rights[8] = "";
        if (std::sscanf(line.c_str(), "%llx-%llx %7s", &from, &to, rights) != 3 || rights[1] != 'w') continue;
        while (from < to) {
            const std::size_t size = std::min<std::size_t>(sizeof window, to - from);
            const auto here = reinterpret_cast<std::uintptr_t>(window);
            const bool is_own = from < here + sizeof window && here < from + size;
            memory.clear();
            memory.seekg(static_cast<std::streamoff>(from));
            const bool is_read = !is_own && memory.read(window, static_cast<std::streamsize>(size));
            if (is_read) found += count(window, size, wanted);
            std::memset(window, 0, sizeof window);
            from += size;
        }
    }
    return found;
}

enum { secret = 1, password, api_token, jwt, argument, old_token, alias, client_secret, parameter, provided, kept,
       planted };

/* A token that a provider brings is copied once for it, and by the library. */
static void provide() {
    namespace auth = tigergraph::auth;
    const auto its = std::make_shared<int>();
    {
        auth::Connection conn(auth::Config("http://127.0.0.1:1").set_token_provider([its](const auth::TokenRequest &) {
            return auth::ProvidedToken(Lent(provided).view());
        }));
        const auth::Token token = conn.authorization();
        CHECK(token.value() == Lent(provided).view());
    }
    /* It may still be on its way out. */
    for (int waited = 0; waited < 10000 && its.use_count() > 1; waited++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(its.use_count() == 1);
    auth::ProviderAnswer answer = auth::ProvidedToken(Lent(kept).view());
    const auth::ProviderAnswer moved = std::move(answer);
    CHECK(search(kept) == 1);
}

static void use() {
    namespace auth = tigergraph::auth;
    constexpr auto nowhere = "http://127.0.0.1:1";
    const auto open = [](auth::Config &config) { return auth::Connection::try_open(config); };
    auth::Config with_secret(nowhere), with_password(nowhere), with_token(nowhere), with_jwt(nowhere);
    with_secret.set_secret(Lent(secret).view());
    with_password.set_password("alice", Lent(password).view());
    with_token.set_api_token(Lent(api_token).view());
    with_jwt.set_jwt(Lent(jwt).view());
    auth::Config with_client(nowhere);
    with_client.set_oauth2(nowhere, "reporting", Lent(client_secret).view());
    with_client.set_oauth2_parameter("audience", Lent(parameter).view());
    CHECK(open(with_client).ok());
    CHECK(open(with_secret).ok() && open(with_password).ok() && open(with_token).ok() && open(with_jwt).ok());
    auth::Connection conn(with_secret);
    auth::RefreshOptions refresh;
    refresh.lifetime = std::chrono::seconds(-1);
    const Lent lent_argument(argument), lent_token(old_token), lent_alias(alias);
    refresh.secret = lent_argument.view();
    refresh.token = lent_token.view();
    CHECK(!conn.try_refresh_token(refresh).ok());
    CHECK(!conn.try_drop_secrets({lent_alias.view(), "a b"}).ok());
}

int main() {
    use();
    provide();
    for (int number = secret; number < planted; number++) {
        const int found = search(number);
        if (found != 0) std::printf("credential %d stands in memory %d times\n", number, found);
        CHECK(found == 0);
    }
    const Lent planted_one(planted);
    CHECK(search(planted) == 1);
    return finish();
}
