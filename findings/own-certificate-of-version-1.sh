#!/usr/bin/env bash
# Expected: what a client certificate must be is up to the server that is shown it; the client only passes it on.
# Happens:  rustls reads it first, and refuses one of X.509 version 1 before anything is sent. The message speaks of the other
#           side: "invalid peer certificate: ... UnsupportedCertVersion". curl, Python, Ruby, Go and GnuTLS show it, and
#           nginx accepts it.
# Versions: rustls in Deno 2.9.6; OpenSSL 3.0, nginx 1.22, curl 7.88, Python 3.11, Ruby 3.1, Go 1.19, GnuTLS 3.7 of Debian 12.
# Matters:  "openssl x509 -req" without extensions, as many recipes for client certificates have it, makes version 1. The
#           server is asked to have its certificate made anew, and is not to blame.
# To do:    -extfile with any extension, such as extendedKeyUsage=clientAuth, makes version 3. A library on rustls can build
#           its CertifiedKey by itself (CertifiedKey::new) and compare the keys.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl nginx curl gnutls-bin golang-go ruby
pypi deno==2.9.6
authority root
certificate server root "/CN=TigerGraph" "subjectAltName=DNS:db.example.com"
openssl req -new -newkey rsa:2048 -nodes -keyout v1.key -out v1.csr -subj /CN=client \
    -config <(printf '[req]\ndistinguished_name=d\n[d]\n') 2> /dev/null
openssl x509 -req -in v1.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -out v1.pem 2> /dev/null
openssl x509 -req -in v1.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -out v3.pem 2> /dev/null \
    -extfile <(echo extendedKeyUsage=clientAuth)
cp v1.key v3.key
free_ports port
nginx_server << NGINX
server {
    listen 127.0.0.1:$port ssl;
    ssl_certificate $work/server.pem;
    ssl_certificate_key $work/server.key;
    ssl_client_certificate $work/root.pem;
    ssl_verify_client on;
    return 200 "\$ssl_client_s_dn";
}
NGINX
wait_for "$port"

# The clients, each with NAME.pem and NAME.key: what nginx knows of them.
shown_by_curl() {
    curl -sS --noproxy '*' --resolve "db.example.com:$port:127.0.0.1" --cacert root.pem --cert "$1.pem" --key "$1.key" \
        "https://db.example.com:$port/" 2>&1
}
shown_by_python() {
    "$python" - "$1" "$port" << 'PYTHON'
import socket, ssl, sys
context = ssl.create_default_context(cafile="root.pem")
context.load_cert_chain(sys.argv[1] + ".pem", sys.argv[1] + ".key")
with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2]))), server_hostname="db.example.com") as tls:
    tls.sendall(b"GET / HTTP/1.0\r\nHost: db.example.com\r\n\r\n")
    print(b"".join(iter(lambda: tls.recv(4096), b"")).decode().split("\r\n")[-1])
PYTHON
}
shown_by_ruby() {
    ruby -rnet/http - "$1" "$port" << 'RUBY'
http = Net::HTTP.new("db.example.com", ARGV[1].to_i, nil)
http.ipaddr = "127.0.0.1"
http.use_ssl = true
http.ca_file = "root.pem"
http.cert = OpenSSL::X509::Certificate.new(File.read("#{ARGV[0]}.pem"))
http.key = OpenSSL::PKey.read(File.read("#{ARGV[0]}.key"))
puts http.get("/").body
RUBY
}
shown_by_go() {
    cat > show.go << 'GO'
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	own, err := tls.LoadX509KeyPair(os.Args[1]+".pem", os.Args[1]+".key")
	pem, _ := os.ReadFile("root.pem")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	settings := &tls.Config{RootCAs: roots, ServerName: "db.example.com", Certificates: []tls.Certificate{own}}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: settings}}
	answer, failure := client.Get("https://127.0.0.1:" + os.Args[2] + "/")
	if err != nil || failure != nil {
		fmt.Println(err, failure)
		return
	}
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(string(body))
}
GO
    [ -x show ] || GO111MODULE=off GOCACHE="$work/go-cache" go build -o show show.go
    ./show "$1" "$port"
}
shown_by_gnutls() {
    printf 'GET / HTTP/1.0\r\nHost: db.example.com\r\n\r\n' | gnutls-cli --port "$port" --x509cafile root.pem \
        --sni-hostname db.example.com --verify-hostname db.example.com --x509certfile "$1.pem" --x509keyfile "$1.key" \
        127.0.0.1 2>&1 | grep -ao '^CN=client'
}
shown_by_rustls() {
    DENO_DIR="$work/deno" DENO_NO_UPDATE_CHECK=1 venv/bin/deno eval --quiet "
        const text = (name) => Deno.readTextFileSync(name);
        try {
            const own = { cert: text('$1.pem'), key: text('$1.key'), caCerts: [text('root.pem')] };
            const there = { hostname: '127.0.0.1', port: $port, unsafelyDisableHostnameVerification: true };
            const tls = await Deno.connectTls({ ...there, ...own });
            await tls.write(new TextEncoder().encode('GET / HTTP/1.0\r\nHost: db.example.com\r\n\r\n'));
            const answer = await new Response(tls.readable).text();
            console.log(answer.split('\r\n').at(-1));
            Deno.exit(0);
        } catch (error) {
            console.log(error.message);
        }" 2>&1 | head -1
}
for client in curl python ruby go gnutls rustls; do expect "version 3, $client" "CN=client" "$("shown_by_$client" v3)"; done
for client in curl python ruby go gnutls; do expect "version 1, $client" "CN=client" "$("shown_by_$client" v1)"; done
expect "version 1, rustls" "invalid peer certificate:*UnsupportedCertVersion*" "$(shown_by_rustls v1)"
