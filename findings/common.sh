# What the scripts here share. Source it: it makes a temporary folder, enters it, and removes it at the end.
# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used there

set -euo pipefail
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR
export LC_ALL=C.UTF-8
python=/usr/bin/python3

work=$(mktemp -d)
started=()
finish() {
    for process in "${started[@]}"; do kill "$process" 2> /dev/null || true; done
    wait 2> /dev/null || true
    chmod -R u+w "$work"
    rm -rf "$work"
}
trap finish EXIT
cd "$work"

# The Debian packages named, with their versions. Installs what is missing if it may.
debian() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2> /dev/null | grep -q ' installed' || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        [ "$(id -u)" = 0 ] || { echo "needed: apt-get install ${missing[*]}" >&2; exit 2; }
        # No service is started by its installation.
        local policy=/usr/sbin/policy-rc.d
        if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\nexit 101\n' > "$policy" && chmod 755 "$policy"; fi
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" > /dev/null ||
            missing=()
        [ -z "$policy" ] || rm "$policy"
        [ ${#missing[@]} -gt 0 ] || { echo "could not be installed: $*" >&2; exit 2; }
    fi
    dpkg-query -W -f='${Package} ${Version}\n' "$@"
}

# Packages from PyPI, pinned as NAME==VERSION; what they bring is in ./venv.
pypi() {
    debian python3-venv
    "$python" -m venv venv
    venv/bin/pip --quiet --disable-pip-version-check install --only-binary :all: "$@"
    printf '%s\n' "$@"
}

# expect WHO PATTERN SEEN: prints what was seen, ends the script if it does not match the pattern.
expect() {
    printf '%-34s %s\n' "$1" "$3"
    # shellcheck disable=SC2053
    [[ "$3" == $2 ]] || { echo "CHANGED: $1 was expected to show: $2" >&2; exit 1; }
}

# authority NAME [EXTENSION ...]: an authority's NAME.pem and NAME.key.
authority() {
    local name=$1 extensions=() extension
    shift
    for extension in basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign subjectKeyIdentifier=hash "$@"; do
        extensions+=(-addext "$extension")
    done
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$name.key" -out "$name.pem" -days 30 \
        -subj "/CN=Authority $name" -config <(printf '[req]\ndistinguished_name=d\n[d]\n') "${extensions[@]}" 2> /dev/null
}

# certificate NAME AUTHORITY SUBJECT EXTENSION ...: NAME.pem and NAME.key, signed by that authority.
certificate() {
    local name=$1 authority=$2 subject=$3
    shift 3
    openssl req -new -newkey rsa:2048 -nodes -keyout "$name.key" -out "$name.csr" -subj "$subject" \
        -config <(printf '[req]\ndistinguished_name=d\n[d]\n') 2> /dev/null
    openssl x509 -req -in "$name.csr" -CA "$authority.pem" -CAkey "$authority.key" -CAcreateserial -days 20 \
        -out "$name.pem" -extfile <(printf '%s\n' "$@" authorityKeyIdentifier=keyid) 2> /dev/null
}

# python_server NAME ARGUMENT ...: the Python program on standard input, a server on 127.0.0.1, which calls announce with its
# port as soon as it listens; sets the variable NAME to that port.
python_server() {
    local name=$1 program
    shift
    program=$(cat)
    rm -f "$name.port"
    "$python" - "$@" << PYTHON &
import os

def announce(port):
    with open("$name.new", "w") as file:
        file.write(str(port))
    os.rename("$name.new", "$name.port")

$program
PYTHON
    started+=($!)
    until [ -e "$name.port" ]; do sleep 0.1; done
    printf -v "$name" %s "$(cat "$name.port")"
}

# tls_server CHAIN KEY: an HTTPS server on 127.0.0.1; sets $port.
tls_server() {
    python_server port "$1" "$2" << 'PYTHON'
import socket, ssl, sys, threading

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))

def answer(plain):
    try:
        stream = context.wrap_socket(plain, server_side=True)
        stream.recv(4096)
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        stream.unwrap()
    except OSError:
        pass
    finally:
        plain.close()

announce(listener.getsockname()[1])
while True:
    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
PYTHON
}

# token_endpoint: an OAuth2 token endpoint on 127.0.0.1, which answers with what the file "answer" holds, and leaves in the
# file "login" what its last client logged in with by HTTP Basic; sets $url.
token_endpoint() {
    local port
    python_server port << 'PYTHON'
import base64, http.server

class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        scheme, _, pair = self.headers.get("Authorization", "none").partition(" ")
        with open("login", "w") as file:
            file.write(scheme + " " + str(base64.b64decode(pair))[2:-1])
        with open("answer", "rb") as file:
            answer = file.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
announce(server.server_port)
server.serve_forever()
PYTHON
    url=http://127.0.0.1:$port/token
    # One library of Python wants to be told that plain http is meant.
    export OAUTHLIB_INSECURE_TRANSPORT=1
}

# origin: an HTTP server on 127.0.0.1 behind gateways; sets $origin to its port. It answers everything with 200 and a Date of
# 2022, and leaves in the file "arrived" the method, the path and the Authorization header of the last request.
origin() {
    python_server origin << 'PYTHON'
import http.server

class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with open("arrived", "w") as file:
            file.write(f"{self.command} {self.path} {self.headers.get('Authorization', 'without a token')}")
        self.send_response_only(200)
        self.send_header("Date", "Sat, 01 Jan 2022 00:00:00 GMT")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
announce(server.server_port)
server.serve_forever()
PYTHON
}

# free_ports NAME ...: sets each of these variables to a port where nothing listens.
free_ports() {
    read -r "$@" < <("$python" -c '
import socket, sys
spare = [socket.create_server(("127.0.0.1", 0)) for _ in sys.argv[1:]]
print(*(one.getsockname()[1] for one in spare))' "$@")
}

# wait_for PORT ...: until something listens on all of them.
wait_for() {
    local port
    for port in "$@"; do until (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.1; done; done
}

# nginx_server: nginx, with what comes on standard input as its servers.
nginx_server() {
    {
        echo "daemon off; pid $work/nginx.pid; error_log $work/error.log; events { } http { access_log off;"
        for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $work/$kind;"; done
        cat
        echo "}"
    } > nginx.conf
    nginx -p "$work" -c "$work/nginx.conf" -e "$work/error.log" &
    started+=($!)
}

# haproxy_server: HAProxy, with what comes on standard input as its proxies.
haproxy_server() {
    {
        printf '%s\n' defaults ' mode http' ' timeout connect 3s' ' timeout client 9s' ' timeout server 9s'
        cat
    } > haproxy.cfg
    haproxy -f haproxy.cfg 2> haproxy.log &
    started+=($!)
}

# haproxy_passes PORT TO: HAProxy on this port, which passes everything on to the port TO.
haproxy_passes() {
    haproxy_server << HAPROXY
listen node
    bind 127.0.0.1:$1
    server node 127.0.0.1:$2
HAPROXY
}

# lighttpd_server PORT: lighttpd with mod_proxy, with what comes on standard input as its servers behind it.
lighttpd_server() {
    cat > lighttpd.conf << LIGHTTPD
server.document-root = "$work"
server.bind = "127.0.0.1"
server.port = $1
server.errorlog = "$work/lighttpd.log"
server.modules = ( "mod_proxy" )
proxy.server = ( $(cat) )
LIGHTTPD
    lighttpd -D -f lighttpd.conf &
    started+=($!)
}

# lighttpd_passes PORT TO: the same as haproxy_passes.
lighttpd_passes() { lighttpd_server "$1" <<< "\"\" => (( \"host\" => \"127.0.0.1\", \"port\" => $2 ))"; }

# caddy_passes PORT TO: the same.
caddy_passes() {
    cat > Caddyfile << CADDY
{
    admin off
    auto_https off
}
http://127.0.0.1:$1 {
    reverse_proxy 127.0.0.1:$2
}
CADDY
    HOME=$work caddy run --config Caddyfile --adapter caddyfile 2> caddy.log &
    started+=($!)
}

# apache_server: Apache with mod_proxy, with what comes on standard input as the rest of its settings.
apache_server() {
    local module modules=/usr/lib/apache2/modules
    chmod 755 "$work"
    {
        printf '%s\n' "ServerRoot $work" "PidFile $work/apache.pid" "ErrorLog $work/apache.log" "ServerName localhost"
        for module in mpm_event authz_core proxy proxy_http; do
            echo "LoadModule ${module}_module $modules/mod_$module.so"
        done
        echo "Mutex pthread"
        cat
    } > apache.conf
    apache2 -f "$work/apache.conf" -X &
    started+=($!)
}

# The clients: CLIENT HOST CA-FILE prints "accepted" or why not. All connect to 127.0.0.1:$port.
by_curl() {
    local said
    said=$(curl --silent --show-error --output /dev/null --noproxy '*' --resolve "$1:$port:127.0.0.1" --cacert "$2" \
        "https://$1:$port/" 2>&1) || true
    said=${said%%$'\n'*}
    echo "${said:-accepted}"
}

by_python() {
    "$python" - "$1" "$2" "$port" << 'PYTHON'
import socket, ssl, sys

try:
    context = ssl.create_default_context(cafile=sys.argv[2])
    with socket.create_connection(("127.0.0.1", int(sys.argv[3]))) as plain:
        context.wrap_socket(plain, server_hostname=sys.argv[1]).close()
    print("accepted")
except OSError as error:
    print(error)
PYTHON
}

by_node() {
    venv/bin/node - "$1" "$2" "$port" << 'NODE'
const [host, ca, port] = process.argv.slice(2);
const trusted = require("fs").readFileSync(ca);
// Of an address, the name is the host.
const servername = require("net").isIP(host) ? undefined : host;
const tls = require("tls").connect({ host: "127.0.0.1", port, servername, ca: trusted });
tls.on("secureConnect", () => { console.log("accepted"); process.exit(); });
tls.on("error", (error) => { console.log(error.message); process.exit(); });
NODE
}

by_ruby() {
    ruby -rnet/http - "$1" "$2" "$port" << 'RUBY'
begin
  http = Net::HTTP.new(ARGV[0], ARGV[2].to_i, nil)
  http.ipaddr = "127.0.0.1"
  http.use_ssl = true
  http.ca_file = ARGV[1]
  http.start { |open| open.get("/") }
  puts "accepted"
rescue StandardError => error
  puts error.message
end
RUBY
}

by_go() {
    if [ ! -x go-client ]; then
        cat > client.go << 'GO'
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

func main() {
	pem, _ := os.ReadFile(os.Args[2])
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		fmt.Println("no certificate found in the file")
		return
	}
	_, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[3], &tls.Config{RootCAs: roots, ServerName: os.Args[1]})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("accepted")
}
GO
        GO111MODULE=off GOCACHE="$work/go-cache" go build -o go-client client.go
    fi
    ./go-client "$1" "$2" "$port"
}

by_gnutls() {
    local said
    said=$(gnutls-cli --port "$port" --x509cafile "$2" --sni-hostname "$1" --verify-hostname "$1" 127.0.0.1 \
        < /dev/null 2>&1) || true
    case $said in
    *"Status: The certificate is trusted"*"Handshake was completed"*) echo accepted ;;
    *"Status: The certificate is NOT"*) grep -a 'Status: ' <<< "$said" | head -1 ;;
    *) grep -a 'Fatal error' <<< "$said" | head -1 ;;
    esac
}

# rustls, as Deno contains it.
by_rustls() {
    DENO_DIR="$work/deno" DENO_NO_UPDATE_CHECK=1 venv/bin/deno eval --quiet "
        try {
            const plain = await Deno.connect({ hostname: '127.0.0.1', port: $port });
            const tls = await Deno.startTls(plain, { hostname: '$1', caCerts: [Deno.readTextFileSync('$2')] });
            await tls.handshake();
            console.log('accepted');
            Deno.exit(0);
        } catch (error) {
            console.log(error.message);
        }" 2>&1 | head -1
}
