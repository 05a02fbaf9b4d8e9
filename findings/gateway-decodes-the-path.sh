#!/usr/bin/env bash
# Expected: a gateway that changes nothing but the host passes on the path as it came. my%3Bkey and my;key are two paths:
#           RFC 3986 leaves it to the server what a ; in a path means.
# Happens:  Apache decodes everything that is allowed in a path, so my%3Bkey arrives as my;key and a%2Bb as a+b. nginx does
#           so if proxy_pass ends in a path, be it only a slash. HAProxy, lighttpd, Caddy and nginx without that slash do
#           not. "nocanon" stops Apache.
# Versions: Debian 12: Apache 2.4, nginx 1.22.1, HAProxy 2.6, lighttpd 1.4.69, Caddy 2.6.2.
# Matters:  many servers in Java take what follows a ; in a path for a parameter, so that my;key is "my", and some take + for a
#           blank. A name that works directly, or in a test behind HAProxy, is another one behind the company's gateway.
# To do:    names of letters, digits, - . _ and ~ alone. Else "ProxyPass ... nocanon", and no slash behind nginx's address.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian nginx haproxy apache2-bin lighttpd caddy curl
origin
free_ports by_nginx by_nginx_slash by_haproxy by_apache by_apache_nocanon by_lighttpd by_caddy
nginx_server << NGINX
server { listen 127.0.0.1:$by_nginx; location / { proxy_pass http://127.0.0.1:$origin; } }
server { listen 127.0.0.1:$by_nginx_slash; location / { proxy_pass http://127.0.0.1:$origin/; } }
NGINX
haproxy_passes "$by_haproxy" "$origin"
apache_server << APACHE
Listen 127.0.0.1:$by_apache
Listen 127.0.0.1:$by_apache_nocanon
<VirtualHost 127.0.0.1:$by_apache>
ProxyPass / http://127.0.0.1:$origin/
</VirtualHost>
<VirtualHost 127.0.0.1:$by_apache_nocanon>
ProxyPass / http://127.0.0.1:$origin/ nocanon
</VirtualHost>
APACHE
lighttpd_passes "$by_lighttpd" "$origin"
caddy_passes "$by_caddy" "$origin"
wait_for "$by_nginx" "$by_nginx_slash" "$by_haproxy" "$by_apache" "$by_apache_nocanon" "$by_lighttpd" "$by_caddy"

# through PORT: the path that arrives.
through() {
    curl -s --noproxy '*' -o /dev/null "http://127.0.0.1:$1/gsql/v1/secrets/a%2Bb%3Bc%20d"
    cut -d ' ' -f 2 arrived
}
same='/gsql/v1/secrets/a%2Bb%3Bc%20d'
decoded='/gsql/v1/secrets/a+b;c%20d'
expect "directly" "$same" "$(through "$origin")"
expect "nginx" "$same" "$(through "$by_nginx")"
expect "nginx, a slash more" "$decoded" "$(through "$by_nginx_slash")"
expect "HAProxy" "$same" "$(through "$by_haproxy")"
expect "Apache" "$decoded" "$(through "$by_apache")"
expect "Apache, nocanon" "$same" "$(through "$by_apache_nocanon")"
expect "lighttpd" "$same" "$(through "$by_lighttpd")"
expect "Caddy" "$same" "$(through "$by_caddy")"
