#!/usr/bin/env bash
# Expected: for an https address Ruby's Net::HTTP takes the proxy from https_proxy or HTTPS_PROXY, as curl and the
#           rest do.
# Happens:  it never reads them. It asks for the proxy of "http://HOST:PORT" whatever the scheme is, so https goes
#           through http_proxy, or directly if only https_proxy is set. URI#find_proxy of the same Ruby does read
#           https_proxy.
# Versions: Ruby 3.1 of Debian 12 (net-http 0.2.2); beside it curl 7.88.
# Matters:  with https_proxy alone, as hosts with a proxy for https often have it, a credential library (setting
#           "env") gets its token through the proxy, and the Net::HTTP query beside it goes directly and ends in a
#           time-out.
# To do:    set http_proxy too, or give Net::HTTP.new the proxy from URI(address).find_proxy.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian ruby curl
"$python" - << 'PYTHON' &
import os, socket
listener = socket.create_server(("127.0.0.1", 0))
with open("port.new", "w") as file:
    file.write(str(listener.getsockname()[1]))
os.rename("port.new", "port")
while True:
    plain, _ = listener.accept()
    with plain, open("asked", "a") as file:
        file.write(plain.recv(4096).decode().split("\r\n")[0] + "\n")
        file.flush()
        plain.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
PYTHON
started+=($!)
until [ -e port ]; do sleep 0.1; done
proxy=http://127.0.0.1:$(cat port)

# Every request here is answered by the proxy above; nothing is sent to 192.0.2.1, an address for documents.
asked() {
    : > asked
    "$@" > said 2>&1 || true
    cat asked
}
with_net_http() {
    ruby -rnet/http -e 'http = Net::HTTP.new("192.0.2.1", 14240)
        http.use_ssl = true
        puts http.proxy? ? "#{http.proxy_address}:#{http.proxy_port}" : "directly"'
}

expect "https_proxy, curl asks the proxy" "CONNECT 192.0.2.1:14240*" "$(https_proxy=$proxy asked curl -sS https://192.0.2.1:14240/)"
expect "https_proxy, Net::HTTP" directly "$(https_proxy=$proxy HTTPS_PROXY=$proxy with_net_http)"
expect "http_proxy, Net::HTTP" "${proxy#http://}" "$(http_proxy=$proxy with_net_http)"
expect "https_proxy, find_proxy" "$proxy" \
    "$(https_proxy=$proxy ruby -ruri -e 'puts URI("https://192.0.2.1:14240/").find_proxy')"
expect "http_proxy, Net::HTTP sends" "CONNECT 192.0.2.1:14240*" "$(http_proxy=$proxy asked ruby -rnet/http -e '
    Net::HTTP.get(URI("https://192.0.2.1:14240/"))')"
