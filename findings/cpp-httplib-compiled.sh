#!/usr/bin/env bash
# cpp-httplib, "a C++11 single-file header-only library", as Debian ships it: compiled, and with classes whose size depends
# on a macro that the program must define as the package did.
#
# Versions: Debian 12, libcpp-httplib-dev 0.11.4+ds-1+deb12u1, g++ 12.2, OpenSSL 3.0.
# Expected:  what upstream's README says: include the header, define CPPHTTPLIB_OPENSSL_SUPPORT for https, link OpenSSL.
# Behaviour:
#   * That does not link: httplib::Client::Client is undefined. The header has declarations alone, and the code is in
#     libcpp-httplib.so, which has to be named.
#   * Without the macro (a program that needs no https) the same header compiles, and links with the same library, but
#     httplib::Client has 8 bytes, and the constructor in the library was compiled for 16.
# So the flags of "pkg-config cpp-httplib" belong to every file that includes the header, also where only http is used.
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
debian libcpp-httplib-dev libssl-dev g++ pkg-config

cat > size.cpp <<'END'
#include <cstdio>
#include <httplib.h>
int main() { std::printf("%zu\n", sizeof(httplib::Client)); }
END
cat > client.cpp <<'END'
#include <httplib.h>
int main() { return httplib::Client("https://localhost:1").Get("/") ? 1 : 0; }
END

c++ size.cpp -o plain
c++ -DCPPHTTPLIB_OPENSSL_SUPPORT size.cpp -o https
# shellcheck disable=SC2046 # several words
c++ $(pkg-config --cflags cpp-httplib) size.cpp -o package
sizes="$(./plain) $(./https) $(./package)"
echo "bytes of httplib::Client without the macro, with it, with the package's flags: $sizes"

linked=$(c++ -DCPPHTTPLIB_OPENSSL_SUPPORT client.cpp -o client -lssl -lcrypto -lpthread 2>&1 && echo yes || true)
missing=$(grep -c 'undefined reference to `httplib::Client::Client' <<< "$linked" || true)
echo "as upstream says: undefined references to httplib::Client::Client: $missing"
# shellcheck disable=SC2046 # several words
c++ client.cpp -o client $(pkg-config --cflags --libs cpp-httplib openssl)
./client
echo "with the package's flags: built, and it ends with 0"

[ "$sizes" = "8 16 16" ] && [ "$missing" -gt 0 ] || { echo "this has changed"; exit 1; }
