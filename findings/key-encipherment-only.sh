#!/usr/bin/env bash
# Expected: a server certificate whose key usage is keyEncipherment alone, as many recipes for internal servers have
#           it, works everywhere or nowhere.
# Happens:  with TLS 1.3 (and ECDHE) the key signs and enciphers nothing. GnuTLS and BoringSSL look and refuse;
#           OpenSSL (curl, Python, Ruby), Go and rustls do not look. Java 17, tried by hand, refuses as well.
# Versions: GnuTLS 3.7, curl 7.88, Python 3.11, Ruby 3.1, Go 1.19 of Debian 12; rustls in Deno 2.9.6; BoringSSL in
#           curl_cffi 0.13.0.
# Matters:  a TigerGraph that curl, pyTigerGraph and a credential library on rustls reach is unreachable for a
#           browser (Chrome has BoringSSL), Java and what is linked with GnuTLS. "It works with the library" is no
#           proof that the certificate is right, and "TLS is broken in the browser" no proof that it is wrong.
# To do:    keyUsage=digitalSignature,keyEncipherment for RSA keys, digitalSignature for others.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl curl gnutls-bin golang-go ruby
pypi deno==2.9.6 curl_cffi==0.13.0
by_boringssl() {
    venv/bin/python - "$1" "$2" "$port" << 'PYTHON'
import sys
from curl_cffi import CurlOpt, requests

try:
    pinned = {CurlOpt.RESOLVE: [f"{sys.argv[1]}:{sys.argv[3]}:127.0.0.1"]}
    requests.get(f"https://{sys.argv[1]}:{sys.argv[3]}/", verify=sys.argv[2], curl_options=pinned)
    print("accepted")
except requests.exceptions.RequestException as error:
    print(error)
PYTHON
}

authority root
certificate both root "/CN=TigerGraph" "subjectAltName=DNS:db.example.com" \
    "keyUsage=critical,digitalSignature,keyEncipherment"
certificate one root "/CN=TigerGraph" "subjectAltName=DNS:db.example.com" "keyUsage=critical,keyEncipherment"

tls_server both.pem both.key
for client in gnutls boringssl; do
    expect "both usages, $client" accepted "$("by_$client" db.example.com root.pem)"
done

tls_server one.pem one.key
for client in curl python ruby go rustls; do
    expect "keyEncipherment alone, $client" accepted "$("by_$client" db.example.com root.pem)"
done
expect "keyEncipherment alone, GnuTLS" "*Key usage violation*" "$(by_gnutls db.example.com root.pem)"
expect "keyEncipherment alone, BoringSSL" "*KEY_USAGE_BIT_INCORRECT*" "$(by_boringssl db.example.com root.pem)"
