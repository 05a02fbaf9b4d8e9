#!/usr/bin/env bash
# Expected: a private key that Java made is read by every TLS library, certainly after openssl has taken it out of the key
#           store: PKCS#8 is PKCS#8.
# Happens:  for a key on a curve the public half in it is optional, and Java leaves it out. OpenSSL, Go and rustls (with
#           AWS-LC) compute it. GnuTLS refuses the key, "Element was not found", and so does ring, the other engine of rustls.
#           "openssl pkcs12 -nodes" and "openssl pkey" write the key as they read it, without; "openssl ec" writes it whole.
#           RSA keys of Java's are good for all.
# Versions: OpenJDK 17, OpenSSL 3.0, GnuTLS 3.7, curl 7.88, Python 3.11, Ruby 3.1, Go 1.19 of Debian 12; rustls in Deno 2.9.6.
# Matters:  the client certificate of a Java program works in curl and pyTigerGraph, and is "a key that cannot be used" in a
#           library with GnuTLS or ring, though "openssl pkey -check" finds no fault with it.
# To do:    openssl ec -in key.pem -out whole.pem. A library has the public half at hand, in the certificate.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openjdk-17-jdk-headless openssl curl gnutls-bin golang-go ruby
pypi deno==2.9.6
# A key that Java's keytool made, taken out of its store by openssl.
from_java() { # NAME KEYTOOL-OPTION ...
    keytool -genkeypair -alias mine -dname CN=client -keystore "$1.p12" -storepass changeit "${@:2}" 2> /dev/null
    openssl pkcs12 -in "$1.p12" -nocerts -nodes -passin pass:changeit 2> /dev/null | sed -n '/-BEGIN/,$p' > "$1.key"
}
from_java rsa -keyalg RSA -keysize 2048
from_java curve -keyalg EC -groupname secp256r1
openssl pkey -in curve.key -out copied.key
openssl ec -in curve.key -out whole.key 2> /dev/null
authority root
certificate server root "/CN=TigerGraph" "subjectAltName=DNS:db.example.com"
for key in curve copied rsa whole; do
    openssl req -new -key "$key.key" -subj /CN=client -out "$key.csr" -config <(printf '[req]\ndistinguished_name=d\n[d]\n')
    openssl x509 -req -in "$key.csr" -CA root.pem -CAkey root.key -CAcreateserial -days 20 -out "$key.pem" 2> /dev/null \
        -extfile <(echo extendedKeyUsage=clientAuth)
done
tls_server server.pem server.key

# The clients, each with NAME.pem and NAME.key.
shown_by_curl() {
    curl -sS -o /dev/null -w '%{http_code}' --noproxy '*' --resolve "db.example.com:$port:127.0.0.1" --cacert root.pem \
        --cert "$1.pem" --key "$1.key" "https://db.example.com:$port/" 2>&1 || true
}
shown_by_python() { "$python" -c 'import ssl, sys; ssl.create_default_context().load_cert_chain(*sys.argv[1:]); print(200)' "$1.pem" "$1.key" 2>&1 | tail -1; }
shown_by_ruby() { ruby -ropenssl -e 'OpenSSL::PKey.read(File.read(ARGV[0])).private_to_der; puts 200' "$1.key" 2>&1 | tail -1; }
shown_by_go() {
    cat > load.go << 'GO'
package main

import (
	"crypto/tls"
	"fmt"
	"os"
)

func main() {
	if _, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2]); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(200)
}
GO
    [ -x load ] || GO111MODULE=off GOCACHE="$work/go-cache" go build -o load load.go
    ./load "$1.pem" "$1.key"
}
shown_by_rustls() {
    DENO_DIR="$work/deno" DENO_NO_UPDATE_CHECK=1 venv/bin/deno eval --quiet "
        const text = (name) => Deno.readTextFileSync(name);
        try {
            const plain = { hostname: '127.0.0.1', port: $port, unsafelyDisableHostnameVerification: true };
            const own = { cert: text('$1.pem'), key: text('$1.key'), caCerts: [text('root.pem')] };
            await (await Deno.connectTls({ ...plain, ...own })).handshake();
            console.log(200);
            Deno.exit(0);
        } catch (error) {
            console.log(error.message);
        }" 2>&1 | head -1
}
shown_by_gnutls() {
    local said
    said=$(gnutls-cli --port "$port" --x509cafile root.pem --verify-hostname db.example.com --x509certfile "$1.pem" \
        --x509keyfile "$1.key" 127.0.0.1 < /dev/null 2>&1) || true
    case $said in
    *"Handshake was completed"*) echo 200 ;;
    *) grep -a -i -m 1 error <<< "$said" ;;
    esac
}

for client in curl python ruby go rustls gnutls; do
    expect "RSA, $client" 200 "$("shown_by_$client" rsa)"
    expect "a curve, openssl ec, $client" 200 "$("shown_by_$client" whole)"
done
for client in curl python ruby go rustls; do expect "a curve, $client" 200 "$("shown_by_$client" curve)"; done
expect "a curve, GnuTLS" "*Element was not found*" "$(shown_by_gnutls curve)"
expect "a curve, openssl pkey, GnuTLS" "*Element was not found*" "$(shown_by_gnutls copied)"
expect "what openssl says of it" "Key is valid" "$(openssl pkey -in curve.key -check -noout)"
