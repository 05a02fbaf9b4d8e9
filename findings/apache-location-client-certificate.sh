#!/usr/bin/env bash
# Apache with "SSLVerifyClient require" inside <Location>, over TLS 1.3, asked by clients that show no certificate.
#
# Versions: Debian 12, apache2-bin 2.4.71-1~deb12u1, curl 7.88.1, OpenSSL 3.0, Python 3.11, GnuTLS 3.7 (gnutls-cli).
# Expected:  every client without a certificate is refused in the same way, with a page (403).
# Behaviour: it depends on whether the client offers post-handshake authentication.
#   * curl always offers it, also without --cert: Apache asks, gets none, and closes. curl ends with 56 and sees no page.
#   * Python's ssl and gnutls-cli do not offer it by default: they get 403 and a page that names the cause,
#     "Reason: Cannot perform Post-Handshake Authentication".
#   * With TLS 1.2 both sides renegotiate instead, and curl is refused by an alert.
# So the same wrong set-up is a broken connection for one client and an HTTP answer for the other; a client that offers
# nothing is told more. And a client that HAS the right certificate, but does not offer it, gets the same 403.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(cat "$folder/pid" 2> /dev/null) 2> /dev/null || true; sleep 1; rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .

# Unpacked, not installed: no service is set up.
apt-get download -qq apache2-bin=2.4.71-1~deb12u1 libapr1=1.7.2-3+deb12u1 libaprutil1=1.6.3-1+deb12u1 \
    libjansson4=2.14-2 liblua5.3-0=5.3.6-2 gnutls-bin=3.7.9-2+deb12u7 > /dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu
modules=$folder/root/usr/lib/apache2/modules
root/usr/sbin/apache2 -v | head -1

openssl req -x509 -nodes -days 2 -newkey rsa:2048 -keyout ca.key -out ca.pem -subj /CN=authority 2> /dev/null
issue() { # name extension
    openssl req -new -nodes -newkey rsa:2048 -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2> /dev/null
    openssl x509 -req -days 2 -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -extfile <(echo "$2") -out "$1.pem" \
        2> /dev/null
}
issue localhost subjectAltName=DNS:localhost
issue client extendedKeyUsage=clientAuth
chmod 644 ./*.key

new=28471
old=28472
cat > conf <<EOF
ServerRoot $folder
ServerName localhost
PidFile $folder/pid
DefaultRuntimeDir $folder
ErrorLog $folder/log
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule ssl_module $modules/mod_ssl.so
User www-data
Group www-data
SSLCertificateFile $folder/localhost.pem
SSLCertificateKeyFile $folder/localhost.key
SSLCACertificateFile $folder/ca.pem
DocumentRoot $folder/www
<Location />
    SSLVerifyClient require
</Location>
Listen 127.0.0.1:$new
<VirtualHost 127.0.0.1:$new>
    SSLEngine on
    SSLProtocol TLSv1.3
</VirtualHost>
Listen 127.0.0.1:$old
<VirtualHost 127.0.0.1:$old>
    SSLEngine on
    SSLProtocol TLSv1.2
</VirtualHost>
EOF
mkdir www
echo welcome > www/index.html
root/usr/sbin/apache2 -f "$folder/conf" 2> /dev/null
sleep 2

by_curl() { curl -q -s -o page -w '%{http_code}' --cacert ca.pem "$@" || echo " exit $?"; }
by_python() { # port certificate?
    LD_LIBRARY_PATH= python3 - "$@" <<'EOF'
import http.client, ssl, sys
context = ssl.create_default_context(cafile="ca.pem")
if len(sys.argv) > 2:
    context.load_cert_chain("client.pem", "client.key")
connection = http.client.HTTPSConnection("localhost", int(sys.argv[1]), context=context)
connection.request("GET", "/index.html")
answer = connection.getresponse()
page = answer.read().decode()
print(answer.status, "Post-Handshake" if "Cannot perform Post-Handshake Authentication" in page else "")
EOF
}
export -n LD_LIBRARY_PATH
failures=0
check() { # what expected got
    echo "$1: $3"
    [ "$2" = "$3" ] || { echo "    changed: it was $2"; failures=1; }
}
check "curl, TLS 1.3, no certificate" "000 exit 56" "$(by_curl https://localhost:$new/index.html)"
check "curl, TLS 1.3, the right one" "200" "$(by_curl --cert client.pem --key client.key https://localhost:$new/index.html)"
check "Python, TLS 1.3, no certificate" "403 Post-Handshake" "$(by_python $new)"
check "Python, TLS 1.3, the right one" "403 Post-Handshake" "$(by_python $new with)"
said=$( (printf 'GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n'; sleep 1) |
    LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu timeout 5 root/usr/bin/gnutls-cli --x509cafile ca.pem -p $new localhost 2> /dev/null |
    grep -ao 'HTTP/1.1 [0-9]*\|Cannot perform Post-Handshake' | tr '\n' ' ' || true)
check "gnutls-cli, TLS 1.3, no certificate" "HTTP/1.1 403 Cannot perform Post-Handshake " "$said"
check "curl, TLS 1.2, no certificate" "000 exit 56" "$(by_curl https://localhost:$old/index.html)"
exit "$failures"
