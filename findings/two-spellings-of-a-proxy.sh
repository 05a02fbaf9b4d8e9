#!/usr/bin/env bash
# Expected: if https_proxy and HTTPS_PROXY differ, the small letters win, as in curl and Python; and https_proxy=
#           (empty) beside a full HTTPS_PROXY means the same to all.
# Happens:  Go and Deno take the capitals. An empty https_proxy switches the proxy off in Python (requests, httpx)
#           and wget; curl, Go and Deno then take HTTPS_PROXY. And ALL_PROXY beats HTTPS_PROXY in Deno, and means
#           nothing to Go and wget.
# Versions: curl 7.88, wget 1.21, Go 1.19 of Debian 12; Deno 2.9.6, requests 2.32.5, httpx 0.28.1.
# Matters:  the company's profile sets HTTPS_PROXY, a user's .bashrc https_proxy: the credential library, the Python
#           part and the Go part of one program then use different proxies, of which one perhaps wants a password.
# To do:    set both spellings to the same value; to switch a proxy off, unset both. This library does as curl.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian curl wget golang-go iproute2
pypi deno==2.9.6 requests==2.32.5 httpx==0.28.1
cat > get.go << 'GO'
package main

import (
	"net/http"
	"os"
)

func main() { http.Get(os.Args[1]) }
GO
GO111MODULE=off GOCACHE="$work/go-cache" go build -o get get.go

cat > proxies.py << 'PYTHON'
import os, socket, subprocess, sys, threading

# Two proxies, "small" and "capitals", that write down who asks and refuse; then the client with its variables.
asked = []
def proxy(name, listener):
    while True:
        plain, _ = listener.accept()
        with plain:
            if plain.recv(4096).startswith(b"CONNECT "):
                asked.append(name)
            plain.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

environment = dict(os.environ, DENO_DIR=os.path.abspath("deno"), DENO_NO_UPDATE_CHECK="1", HOME=os.getcwd())
addresses = {"": ""}
for name in ("small", "capitals"):
    listener = socket.create_server(("127.0.0.1", 0))
    addresses[name] = "http://127.0.0.1:%d" % listener.getsockname()[1]
    threading.Thread(target=proxy, args=(name, listener), daemon=True).start()
arguments = sys.argv[1:]
while "=" in arguments[0]:
    variable, value = arguments.pop(0).split("=")
    environment[variable] = addresses[value]
done = subprocess.run(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
print(asked[0] if asked else "none")
PYTHON

# In a network namespace of its own, which has only loopback: a client without a proxy reaches nobody.
uses() {
    local who=$1 want=$2 variables=("${@:3}") command
    case $who in
    curl) command=(curl -m 5 "$url") ;;
    wget) command=(wget -q -t 1 -T 5 -O - "$url") ;;
    Go) command=(./get "$url") ;;
    Deno) command=(venv/bin/deno eval --quiet "await fetch('$url')") ;;
    requests) command=(venv/bin/python -c "import requests; requests.get('$url', timeout=5)") ;;
    httpx) command=(venv/bin/python -c "import httpx; httpx.get('$url', timeout=5)") ;;
    esac
    expect "${variables[*]}: $who" "$want" "$(unshare --user --map-root-user --net sh -c 'ip link set lo up && exec "$@"' - \
        "$python" proxies.py "${variables[@]}" "${command[@]}")"
}
url=https://192.0.2.1:14240/

for who in curl wget requests httpx; do uses $who small https_proxy=small HTTPS_PROXY=capitals; done
for who in Go Deno; do uses $who capitals https_proxy=small HTTPS_PROXY=capitals; done
for who in curl Go Deno; do uses $who capitals https_proxy= HTTPS_PROXY=capitals; done
for who in wget requests httpx; do uses $who none https_proxy= HTTPS_PROXY=capitals; done
for who in curl requests httpx; do uses $who capitals ALL_PROXY=small HTTPS_PROXY=capitals; done
uses Deno small ALL_PROXY=small HTTPS_PROXY=capitals
for who in Go wget; do uses $who none ALL_PROXY=small; done
