#!/usr/bin/env bash
# Expected: the name constraints of an authority are applied to the names that count. A certificate for an IP
#           address has no host name in it, so "only example.com" does not forbid it, and its common name is a mere
#           label.
# Happens:  without a DNS name in the certificate GnuTLS judges the common name as if it were one: CN=tigergraph
#           with an IP address "violates the signer's constraints". With a DNS name beside it the same common name
#           is accepted. OpenSSL, Go, Ruby and rustls accept both.
# Versions: GnuTLS 3.7, curl 7.88, Python 3.11, Ruby 3.1, Go 1.19 of Debian 12; rustls in Deno 2.9.6.
# Matters:  companies limit their authorities to their domain, and clusters are reached by address. What is linked
#           with GnuTLS refuses the node that a library on rustls or OpenSSL reaches.
# To do:    leave the common name out, or put a host name of the domain into the certificate as well.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl curl gnutls-bin golang-go ruby
pypi deno==2.9.6
authority limited "nameConstraints=critical,permitted;DNS:example.com"
certificate address limited "/CN=tigergraph" "subjectAltName=IP:127.0.0.1"
certificate named limited "/CN=tigergraph" "subjectAltName=IP:127.0.0.1,DNS:db.example.com"
certificate unnamed limited "/O=Company" "subjectAltName=IP:127.0.0.1"

tls_server address.pem address.key
for client in curl python ruby go rustls; do
    expect "CN=tigergraph, $client" accepted "$("by_$client" 127.0.0.1 limited.pem)"
done
expect "CN=tigergraph, GnuTLS" "*violates the signer's constraints*" "$(by_gnutls 127.0.0.1 limited.pem)"
tls_server named.pem named.key
expect "with a DNS name, GnuTLS" accepted "$(by_gnutls 127.0.0.1 limited.pem)"
tls_server unnamed.pem unnamed.key
expect "without a common name, GnuTLS" accepted "$(by_gnutls 127.0.0.1 limited.pem)"
