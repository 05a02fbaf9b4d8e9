#!/usr/bin/env bash
# Expected: a reverse proxy passes the Authorization header on to the server; it is the client's word to the server.
# Happens:  squid as a reverse proxy ("accel") takes Authorization for a login to itself and leaves it out, unless the line
#           of the server says login=PASSTHRU. The request arrives without a token. As a forward
#           proxy squid passes it on, and so do nginx and HAProxy without being told.
# Versions: squid 5.7, nginx 1.22.1, HAProxy 2.6 of Debian 12.
# Matters:  TigerGraph answers that the token is missing, whatever the client sends, and the client looks guilty: it renews
#           its token in vain.
# To do:    cache_peer ... originserver login=PASSTHRU
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian squid nginx haproxy curl
origin
free_ports bare told forward by_nginx by_haproxy
squid_server() { # NAME HTTP-PORT PEER
    cat > "$1.conf" << SQUID
http_port $2
$3
http_access allow all
cache deny all
digest_generation off
access_log none
cache_log $work/$1.log
pid_filename $work/$1.pid
coredump_dir $work
SQUID
    squid -N -n "$1" -f "$work/$1.conf" > /dev/null 2>&1 &
    started+=($!)
}
chmod 777 "$work"
peer="cache_peer 127.0.0.1 parent $origin 0 no-query no-digest originserver"
squid_server bare "127.0.0.1:$bare accel defaultsite=db.example.com" "$peer"
squid_server told "127.0.0.1:$told accel defaultsite=db.example.com" "$peer login=PASSTHRU"
squid_server forward "127.0.0.1:$forward" ""
nginx_server << NGINX
server { listen 127.0.0.1:$by_nginx; location / { proxy_pass http://127.0.0.1:$origin; } }
NGINX
haproxy_passes "$by_haproxy" "$origin"
wait_for "$bare" "$told" "$forward" "$by_nginx" "$by_haproxy"

# arrives URL [OPTION ...]: what arrives of a request with a token.
arrives() {
    curl -s --noproxy 'none' -o /dev/null -w '%{http_code} ' -H "Authorization: Bearer abc" "${@:2}" "$1"
    cut -d ' ' -f 3- arrived
}
path=restpp/echo
expect "nginx" "200 Bearer abc" "$(arrives "http://127.0.0.1:$by_nginx/$path")"
expect "HAProxy" "200 Bearer abc" "$(arrives "http://127.0.0.1:$by_haproxy/$path")"
expect "squid, a forward proxy" "200 Bearer abc" \
    "$(arrives "http://127.0.0.1:$origin/$path" --proxy "http://127.0.0.1:$forward")"
expect "squid, a reverse proxy" "200 without a token" "$(arrives "http://127.0.0.1:$bare/$path")"
expect "the same, login=PASSTHRU" "200 Bearer abc" "$(arrives "http://127.0.0.1:$told/$path")"
