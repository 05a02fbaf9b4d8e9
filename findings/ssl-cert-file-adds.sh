#!/usr/bin/env bash
# Expected: SSL_CERT_FILE=private-ca.pem replaces the system's authorities: afterwards only the private one is
#           trusted.
# Happens:  it replaces the file, and the system's folder of authorities is still read. OpenSSL, Ruby, Go and rustls
#           (with rustls-native-certs) go on trusting every public authority. Python even counts one certificate
#           (cert_store_stats) and trusts the others all the same, because OpenSSL looks them up when it needs them.
#           SSL_CERT_DIR alone leaves the system's file in use in the same way. Only both together replace. An empty
#           SSL_CERT_DIR is "no folder" for OpenSSL, and "not set" for Go.
# Versions: OpenSSL 3.0, Python 3.11, Ruby 3.1, Go 1.19 of Debian 12 with ca-certificates. By hand:
#           rustls-native-certs 0.8.5.
# Matters:  whoever sets SSL_CERT_FILE so that a credential goes to no server but the company's has narrowed nothing
#           in these programs. And the other way round: a credential library that takes the variable at its word
#           refuses a server with a public certificate that all of them reach.
# To do:    set SSL_CERT_DIR to an existing, empty folder as well, or use the program's own setting for an authority.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl ca-certificates golang-go ruby
authority private
mkdir nothing
public=
for file in /etc/ssl/certs/*.0; do
    if openssl verify -CApath /etc/ssl/certs "$file" > /dev/null 2>&1; then public=$file && break; fi
done
[ -n "$public" ] || { echo "no public authority in /etc/ssl/certs that is valid today" >&2; exit 2; }

trust_by_openssl() {
    openssl verify "$public" > seen 2>&1 && echo trusts || echo "does not trust"
}
trust_by_ruby() {
    ruby -ropenssl -e 'store = OpenSSL::X509::Store.new
        store.set_default_paths
        puts store.verify(OpenSSL::X509::Certificate.new(File.read(ARGV[0]))) ? "trusts" : "does not trust"' "$public"
}
cat > pool.go << 'GO'
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func main() {
	text, _ := os.ReadFile(os.Args[1])
	block, _ := pem.Decode(text)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err == nil {
		_, err = certificate.Verify(x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	}
	if err == nil {
		fmt.Println("trusts")
	} else {
		fmt.Println("does not trust")
	}
}
GO
GO111MODULE=off GOCACHE="$work/go-cache" go build -o pool pool.go
trust_by_go() { ./pool "$public"; }
count="import ssl; print(ssl.create_default_context().cert_store_stats()['x509_ca'])"

echo "a public authority: $(openssl x509 -in "$public" -noout -subject)"
for client in openssl ruby go; do
    expect "SSL_CERT_FILE, $client" trusts "$(SSL_CERT_FILE=private.pem "trust_by_$client")"
    expect "SSL_CERT_DIR, $client" trusts "$(SSL_CERT_DIR=nothing "trust_by_$client")"
    expect "both, $client" "does not trust" "$(SSL_CERT_FILE=private.pem SSL_CERT_DIR=nothing "trust_by_$client")"
done
expect "SSL_CERT_FILE, Python counts" 1 "$(SSL_CERT_FILE=private.pem "$python" -c "$count")"
expect "empty SSL_CERT_DIR, openssl" "does not trust" "$(SSL_CERT_FILE=private.pem SSL_CERT_DIR='' trust_by_openssl)"
expect "empty SSL_CERT_DIR, Go" trusts "$(SSL_CERT_FILE=private.pem SSL_CERT_DIR='' trust_by_go)"
