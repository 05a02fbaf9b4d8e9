#!/usr/bin/env bash
# Expected: the Date of an answer is that of the server which made it. RFC 9110 lets a gateway add one where none is.
# Happens:  nginx and h2o put their own clock's in the place of the server's. HAProxy, Apache, lighttpd, Caddy and Varnish
#           pass on what the server said.
# Versions: Debian 12: nginx 1.22.1, h2o 2.2.5; HAProxy 2.6, Apache 2.4, lighttpd 1.4.69, Caddy 2.6.2, Varnish 7.1.
# Matters:  TigerGraph gives the end of a token as a time. A client that does not trust its own clock takes Date from it to
#           get a lifetime, and behind nginx, which TigerGraph itself has in front, that is the time of another machine than
#           the one that made the token. If the two differ by an hour, a token of an hour has ended or lasts for two.
# To do:    keep the clock of the gateway's machine right too. "proxy_pass_header Date;" makes nginx pass on the server's.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian nginx h2o haproxy apache2-bin lighttpd caddy varnish curl
origin
free_ports by_nginx by_nginx_told by_h2o by_haproxy by_apache by_lighttpd by_caddy by_varnish
nginx_server << NGINX
server { listen 127.0.0.1:$by_nginx; location / { proxy_pass http://127.0.0.1:$origin; } }
server { listen 127.0.0.1:$by_nginx_told; location / { proxy_pass http://127.0.0.1:$origin; proxy_pass_header Date; } }
NGINX
haproxy_passes "$by_haproxy" "$origin"
apache_server << APACHE
Listen 127.0.0.1:$by_apache
ProxyPass / http://127.0.0.1:$origin/
APACHE
lighttpd_passes "$by_lighttpd" "$origin"
caddy_passes "$by_caddy" "$origin"
printf 'vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "%s"; }\n' "$origin" > node.vcl
varnishd -F -n "$work/varnish" -a "127.0.0.1:$by_varnish" -f "$work/node.vcl" -j none > varnish.log 2>&1 &
started+=($!)
cat > h2o.conf << H2O
hosts:
  default:
    listen: { host: 127.0.0.1, port: $by_h2o }
    paths: { /: { proxy.reverse.url: "http://127.0.0.1:$origin/" } }
H2O
[ "$(id -u)" != 0 ] || echo "user: root" >> h2o.conf
h2o -c h2o.conf > h2o.log 2>&1 &
started+=($!)
wait_for "$by_nginx" "$by_nginx_told" "$by_h2o" "$by_haproxy" "$by_apache" "$by_lighttpd" "$by_caddy" "$by_varnish"

# of PORT: whose date the answer has; the server's is of 2022.
of() {
    local date
    date=$(curl -s -i --noproxy '*' "http://127.0.0.1:$1/restpp/requesttoken" | tr -d '\r' | sed -n 's/^[Dd]ate: //p')
    case $date in
    "Sat, 01 Jan 2022 00:00:00 GMT") echo "the server's" ;;
    *" $(date -u +%Y) "*) echo "its own" ;;
    *) echo "${date:-none}" ;;
    esac
}
expect "nginx" "its own" "$(of "$by_nginx")"
expect "nginx, proxy_pass_header Date" "the server's" "$(of "$by_nginx_told")"
expect "h2o" "its own" "$(of "$by_h2o")"
expect "HAProxy" "the server's" "$(of "$by_haproxy")"
expect "Apache" "the server's" "$(of "$by_apache")"
expect "lighttpd" "the server's" "$(of "$by_lighttpd")"
expect "Caddy" "the server's" "$(of "$by_caddy")"
expect "Varnish" "the server's" "$(of "$by_varnish")"
