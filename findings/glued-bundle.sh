#!/usr/bin/env bash
# Expected: "cat one.pem two.pem > ca.pem", where one.pem has no newline at its end, gives a file that all clients
#           read, or that all refuse. (END and BEGIN then stand on one line.)
# Happens:  four answers. OpenSSL (curl, Python, Ruby) refuses the file. Go finds no certificate in it at all, also
#           not the first. rustls takes the first and leaves out the second without a word. GnuTLS reads both.
# Versions: Debian 12: curl 7.88, Python 3.11, Ruby 3.1, GnuTLS 3.7, Go 1.19; rustls in Deno 2.9.6. Go 1.27.3 was
#           tried by hand: as 1.19. Java 17 refuses, Node 24 finds none and says nothing.
# Matters:  certificates that were pasted, kept in a Kubernetes secret or an environment variable often lack the
#           last newline. With rustls the server of the first authority works, and that of the second is "unknown
#           issuer", though its certificate is in the file.
# To do:    count the BEGIN lines: a library should compare them with what it read. Users: "awk 1 one.pem two.pem >
#           ca.pem" adds what is missing.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl curl gnutls-bin golang-go ruby
pypi deno==2.9.6
authority one
authority two
printf %s "$(cat one.pem)" | cat - two.pem > one-two.pem
printf %s "$(cat two.pem)" | cat - one.pem > two-one.pem
awk 1 <(printf %s "$(cat two.pem)") one.pem > mended.pem
certificate leaf one "/CN=TigerGraph" "subjectAltName=DNS:db.example.com"
tls_server leaf.pem leaf.key

for client in curl python ruby go gnutls rustls; do
    expect "with the newline, $client" accepted "$("by_$client" db.example.com mended.pem)"
done
for file in one-two two-one; do
    expect "$file, curl" "*error setting certificate file*" "$(by_curl db.example.com $file.pem)"
    expect "$file, Python" "*PEM lib*" "$(by_python db.example.com $file.pem)"
    expect "$file, Ruby" "*PEM lib*" "$(by_ruby db.example.com $file.pem)"
    expect "$file, Go" "no certificate found in the file" "$(by_go db.example.com $file.pem)"
    expect "$file, GnuTLS" accepted "$(by_gnutls db.example.com $file.pem)"
done
expect "one-two, rustls" accepted "$(by_rustls db.example.com one-two.pem)"
expect "two-one, rustls" "*UnknownIssuer*" "$(by_rustls db.example.com two-one.pem)"
