#!/usr/bin/env bash
# Expected: a client certificate that curl presents successfully is presented by every client that is given its
#           files.
# Happens:  a TLS server names the authorities it wants. OpenSSL (curl, Python, Ruby), GnuTLS and rustls send what
#           they were given, whatever the server named. Go compares the issuer of the certificates in the file with
#           those names, and without a match sends none, without an error: nginx answers 400 "No required SSL
#           certificate was sent". With the same files curl gets 200. Java 17, tried by hand, does as Go does.
# Versions: nginx 1.22, curl 7.88, Python 3.11, Ruby 3.1, GnuTLS 3.7, Go 1.19 of Debian 12.
# Matters:  usual with two levels: ssl_client_certificate names the root, the client's file has the leaf alone, and
#           nginx knows the intermediate (ssl_trusted_certificate). A Go program beside a credential library with
#           the same two files gets "no certificate", and the library its token.
# To do:    put the intermediate behind the leaf in the client's file. Then all send it.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl nginx-light curl golang-go ruby gnutls-bin
authority root
certificate middle root "/CN=Intermediate" "basicConstraints=critical,CA:TRUE" "keyUsage=critical,keyCertSign" \
    "subjectKeyIdentifier=hash"
certificate leaf middle "/CN=client" "extendedKeyUsage=clientAuth"
certificate server root "/CN=TigerGraph" "subjectAltName=DNS:localhost,IP:127.0.0.1"
cat leaf.pem middle.pem > chain.pem
cp leaf.key chain.key

port=$("$python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
nginx_server << NGINX
server {
    listen 127.0.0.1:$port ssl;
    ssl_certificate $work/server.pem;
    ssl_certificate_key $work/server.key;
    ssl_client_certificate $work/root.pem;
    ssl_trusted_certificate $work/middle.pem;
    ssl_verify_client on;
    ssl_verify_depth 3;
    return 200 "welcome\n";
}
NGINX
wait_for "$port"

cat > fetch.go << 'GO'
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	pair, err := tls.LoadX509KeyPair(os.Args[1]+".pem", os.Args[1]+".key")
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	pem, _ := os.ReadFile("root.pem")
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	answer, err := client.Get(os.Args[2])
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, strings.Join(strings.Fields(string(body)), " "))
}
GO
GO111MODULE=off GOCACHE="$work/go-cache" go build -o fetch fetch.go
url=https://localhost:$port/
curl_with() { curl -sS --noproxy '*' --cacert root.pem --cert "$1.pem" --key "$1.key" "$url" -w '%{http_code}' -o /dev/null; }

expect "leaf alone, curl" 200 "$(curl_with leaf)"
expect "leaf alone, Python" 200 "$("$python" -c '
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile="root.pem")
context.load_cert_chain("leaf.pem", "leaf.key")
print(urllib.request.urlopen(sys.argv[1], context=context).status)' "$url")"
expect "leaf alone, Ruby" 200 "$(ruby -rnet/http -e '
http = Net::HTTP.new("localhost", ARGV[0].to_i, nil)
http.use_ssl, http.ca_file = true, "root.pem"
http.cert = OpenSSL::X509::Certificate.new(File.read("leaf.pem"))
http.key = OpenSSL::PKey.read(File.read("leaf.key"))
puts http.get("/").code' "$port")"
expect "leaf alone, GnuTLS" "*200 OK*" "$(printf 'GET / HTTP/1.0\r\n\r\n' | gnutls-cli --port "$port" --x509cafile root.pem \
    --x509certfile leaf.pem --x509keyfile leaf.key localhost 2> /dev/null | grep -a HTTP/1)"
expect "leaf alone, Go" "400 *No required SSL certificate was sent*" "$(./fetch leaf "$url")"
expect "leaf and intermediate, curl" 200 "$(curl_with chain)"
expect "leaf and intermediate, Go" "200 welcome" "$(./fetch chain "$url")"
