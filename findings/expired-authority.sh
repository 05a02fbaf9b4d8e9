#!/usr/bin/env bash
# Expected: if the certificate in the CA file has expired, every client says so.
# Happens:  rustls takes only the name and the key from it, and an authority whose dates are over works as before;
#           OpenSSL (curl, Python), Go and GnuTLS refuse it. RFC 5280 leaves it open: a trust anchor is a name and a
#           key. Java 17, tried by hand, does as rustls does.
# Versions: rustls in Deno 2.9.6; Debian 12: curl 7.88, Python 3.11, GnuTLS 3.7, Go 1.19.
# Matters:  on the day a private authority expires, programs on rustls go on and all others stop. "curl says
#           expired" is then right, and so is the program that works; a diagnosis should name the dates of the CA
#           file.
# To do:    watch the dates of the CA file, not only those of the server's certificate.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl curl gnutls-bin golang-go
pypi deno==2.9.6

authority old
printf '%s\n' '[ca]' 'default_ca=d' '[d]' 'database=index' 'serial=serial' 'new_certs_dir=.' 'default_md=sha256' \
    'policy=p' 'x509_extensions=x' '[p]' 'commonName=supplied' '[x]' 'basicConstraints=critical,CA:TRUE' \
    'keyUsage=critical,keyCertSign' 'subjectKeyIdentifier=hash' > ca.cnf
: > index
echo 01 > serial
openssl req -new -key old.key -subj "/CN=Authority old" -out old.csr 2> /dev/null
openssl ca -batch -config ca.cnf -selfsign -keyfile old.key -in old.csr -out old.pem -notext \
    -startdate 20200101000000Z -enddate 20210101000000Z 2> /dev/null
certificate leaf old "/CN=TigerGraph" "subjectAltName=DNS:db.example.com"
tls_server leaf.pem leaf.key
expect "expired authority, rustls" accepted "$(by_rustls db.example.com old.pem)"
expect "expired authority, curl" "*certificate has expired*" "$(by_curl db.example.com old.pem)"
expect "expired authority, Python" "*certificate has expired*" "$(by_python db.example.com old.pem)"
expect "expired authority, Go" "*certificate has expired*" "$(by_go db.example.com old.pem)"
expect "expired authority, GnuTLS" "*expired*" "$(by_gnutls db.example.com old.pem)"
