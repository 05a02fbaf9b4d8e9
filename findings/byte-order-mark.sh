#!/usr/bin/env bash
# Expected: a byte order mark in front of a PEM file, as editors on Windows write it, is skipped, or the file is
#           refused.
# Happens:  OpenSSL (curl, Python, Ruby) and GnuTLS skip it. Go and rustls take the first BEGIN line for text and
#           lose the first certificate alone, without an error: with two certificates in the file half of it works.
# Versions: Debian 12: curl 7.88, Python 3.11, Ruby 3.1, GnuTLS 3.7, Go 1.19; rustls in Deno 2.9.6. Go 1.27.3 was
#           tried by hand: as 1.19. Java 17 refuses the file.
# Matters:  "openssl verify" and curl prove the CA file right, and the library says "unknown issuer". Which servers
#           fail depends on the order of the certificates.
# To do:    a library should skip the mark or refuse the file. Users: sed -i '1s/^\xef\xbb\xbf//' ca.pem
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl curl gnutls-bin golang-go ruby
pypi deno==2.9.6
authority one
authority two
printf '\xef\xbb\xbf' | cat - one.pem two.pem > one-two.pem
printf '\xef\xbb\xbf' | cat - two.pem one.pem > two-one.pem
certificate leaf one "/CN=TigerGraph" "subjectAltName=DNS:db.example.com"
tls_server leaf.pem leaf.key

for client in curl python ruby gnutls; do
    expect "issuer first, $client" accepted "$("by_$client" db.example.com one-two.pem)"
done
for client in go rustls; do
    expect "issuer second, $client" accepted "$("by_$client" db.example.com two-one.pem)"
done
expect "issuer first, Go" "*unknown authority*" "$(by_go db.example.com one-two.pem)"
expect "issuer first, rustls" "*UnknownIssuer*" "$(by_rustls db.example.com one-two.pem)"
