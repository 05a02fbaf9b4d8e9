#!/usr/bin/env bash
# Expected: a certificate for *.internal is good for db.internal, or for nobody.
# Happens:  Go and Ruby accept it; OpenSSL's own check (Python), curl, GnuTLS and rustls want two labels behind the
#           star. The chain is good, and the message shows the right name, so it looks like a fault of the client.
# Versions: Debian 12: curl 7.88, Python 3.11, GnuTLS 3.7, Ruby 3.1, Go 1.19; rustls in Deno 2.9.6. Go 1.27.3, Node
#           24 and Bun 1.4 were tried by hand: Go accepts, the other two refuse.
# Matters:  private networks have names like db.internal, db.lan, tigergraph.local. A certificate tested with a Go
#           or Ruby program fails in a library on rustls or OpenSSL with "wrong host".
# To do:    name each host in the certificate, or use names with three labels (*.db.internal).
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl curl gnutls-bin golang-go ruby
pypi deno==2.9.6
authority root
certificate star root "/CN=TigerGraph" "subjectAltName=DNS:*.internal,DNS:*.db.internal"
tls_server star.pem star.key

for client in curl python ruby go gnutls rustls; do
    expect "db1.db.internal, $client" accepted "$("by_$client" db1.db.internal root.pem)"
done
expect "db.internal, Go" accepted "$(by_go db.internal root.pem)"
expect "db.internal, Ruby" accepted "$(by_ruby db.internal root.pem)"
expect "db.internal, curl" "*no alternative certificate subject name*" "$(by_curl db.internal root.pem)"
expect "db.internal, Python" "*Hostname mismatch*" "$(by_python db.internal root.pem)"
expect "db.internal, GnuTLS" "*name in the certificate does not match*" "$(by_gnutls db.internal root.pem)"
expect "db.internal, rustls" "*not valid for name*" "$(by_rustls db.internal root.pem)"
