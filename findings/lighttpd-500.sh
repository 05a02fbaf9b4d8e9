#!/usr/bin/env bash
# Expected: a reverse proxy whose server closes the connection without an answer says 502 (Bad Gateway).
# Happens:  lighttpd says 500, as if the server itself had reported a fault. A server that is not there is 503.
# Versions: lighttpd 1.4.69 of Debian 12; beside it haproxy 2.6 (502).
# Matters:  502 after the creation of a secret means "perhaps created, look before you try again", and 500 usually
#           "not created". Behind lighttpd the two look alike: only the page (HTML, not the server's JSON) tells
#           them apart.
# To do:    judge a 500 with a page as a 502: the outcome is unknown.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian lighttpd haproxy curl
"$python" - << 'PYTHON' &
import os, socket
listener = socket.create_server(("127.0.0.1", 0))
spare = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
with open("ports.new", "w") as file:
    file.write(" ".join(str(one.getsockname()[1]) for one in [listener, *spare]) + "\n")
for one in spare:
    one.close()
os.rename("ports.new", "ports")
while True:
    plain, _ = listener.accept()
    with plain:
        got = plain.recv(65536)
        while got and not got.endswith(b"{}"):
            more = plain.recv(65536)
            if not more:
                break
            got += more
        if got:
            with open("arrived", "a") as file:
                file.write(got.split()[0].decode() + "\n")
PYTHON
started+=($!)
until [ -e ports ]; do sleep 0.1; done
read -r server nobody by_lighttpd by_haproxy < ports

lighttpd_server "$by_lighttpd" << LIGHTTPD
"/gsql" => (( "host" => "127.0.0.1", "port" => $server )),
"/nobody" => (( "host" => "127.0.0.1", "port" => $nobody ))
LIGHTTPD
haproxy_passes "$by_haproxy" "$server"
wait_for "$by_lighttpd" "$by_haproxy"

post() { curl -s --noproxy '*' -o page -w '%{http_code} %{content_type}' --data '{}' "http://127.0.0.1:$1"; }
expect "haproxy, no answer" "502 *" "$(post "$by_haproxy/gsql/v1/secrets")"
expect "lighttpd, no answer" "500 text/html" "$(post "$by_lighttpd/gsql/v1/secrets")"
expect "lighttpd, no server" "503 text/html" "$(post "$by_lighttpd/nobody")"
expect "requests that arrived" 2 "$(grep -c POST arrived)"
