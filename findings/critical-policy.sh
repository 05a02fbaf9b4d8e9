#!/usr/bin/env bash
# Expected: a certificate with a certificate policy is accepted by everybody, whether the policy is critical or not:
#           no client here was told to require one.
# Happens:  marked critical, rustls refuses the certificate (UnsupportedCriticalExtension) before it looks at
#           anything else; OpenSSL, Go, GnuTLS and Ruby accept it. RFC 5280 lets an authority mark it.
# Versions: rustls in Deno 2.9.6 (webpki); Debian 12: curl 7.88, Python 3.11, GnuTLS 3.7, Ruby 3.1, Go 1.19.
# Matters:  some authorities of companies and governments mark their policies as critical. A credential library on
#           rustls cannot connect there with any setting: no pin and no CA file helps, since the certificate cannot
#           be read.
# To do:    have the server's certificate issued again with the policy not critical.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl curl gnutls-bin golang-go ruby
pypi deno==2.9.6
authority root
certificate policy root "/CN=TigerGraph" "subjectAltName=DNS:db.example.com" "certificatePolicies=1.3.6.1.4.1.99999.1"
certificate critical root "/CN=TigerGraph" "subjectAltName=DNS:db.example.com" \
    "certificatePolicies=critical,1.3.6.1.4.1.99999.1"

tls_server policy.pem policy.key
expect "policy, rustls" accepted "$(by_rustls db.example.com root.pem)"

tls_server critical.pem critical.key
for client in curl python ruby go gnutls; do
    expect "critical policy, $client" accepted "$("by_$client" db.example.com root.pem)"
done
expect "critical policy, rustls" "*UnsupportedCriticalExtension*" "$(by_rustls db.example.com root.pem)"
