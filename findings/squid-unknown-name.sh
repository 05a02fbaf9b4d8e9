#!/usr/bin/env bash
# squid asked for a host name that the DNS does not have.
#
# Version:   Debian 12, squid 5.7-2+deb12u6, in a network namespace of its own with a name server that says NXDOMAIN.
# Expected:  503 with "X-Squid-Error: ERR_DNS_FAIL", squid's error for a name that it cannot find.
# Behaviour: CONNECT gets "500 Internal Server Error" and ERR_CANNOT_FORWARD, a plain GET "502 Bad Gateway" and
#            ERR_READ_ERROR; neither says anything of the DNS, and SERVFAIL makes no difference. A port where nobody
#            listens gets 503 (ERR_CONNECT_FAIL).
# So 500 of squid for a CONNECT most likely means that the name is wrong, not that squid is broken.
# It has to run as root, for the namespace and its port 53.
set -euo pipefail
if [ -z "${INSIDE:-}" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    chmod 755 "$folder"
    cd "$folder"
    # Unpacked, not installed: no service is set up.
    apt-get download -qq squid=5.7-2+deb12u6 squid-common=5.7-2+deb12u6 squid-langpack=20220130-1 \
        libecap3=1.0.1-3.4 libltdl7=2.4.7-7~deb12u1 \
        libtdb1=1.4.8-2 libdb5.3=5.3.28+dfsg2-1 > /dev/null 2>&1
    for package in *.deb; do dpkg -x "$package" root; done
    INSIDE=$folder unshare --net bash "$(cd "$OLDPWD" && realpath "$0")"
    exit
fi
cd "$INSIDE"
ip link set lo up

cat > dns.py <<'EOF'
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
flags = {"NXDOMAIN": b"\x81\x83", "SERVFAIL": b"\x81\x82"}[sys.argv[1]]
while True:
    question, asker = server.recvfrom(2000)
    server.sendto(question[:2] + flags + question[4:6] + bytes(6) + question[12:], asker)
EOF
share=$INSIDE/root/usr/share/squid
cat > squid.conf <<EOF
http_port 127.0.0.1:3128
visible_hostname localhost
pid_filename none
access_log none
cache_log /dev/null
cache deny all
shutdown_lifetime 0 seconds
dns_nameservers 127.0.0.1
mime_table $INSIDE/root/usr/share/squid/mime.conf
error_directory $INSIDE/root/usr/share/squid-langpack/templates
err_page_stylesheet $INSIDE/root/etc/squid/errorpage.css
icon_directory $share/icons
hosts_file none
icp_port 0
pinger_enable off
http_access allow all
EOF
failures=0
for answer in NXDOMAIN SERVFAIL; do
    python3 dns.py $answer & dns=$!
    LD_LIBRARY_PATH=$INSIDE/root/usr/lib/x86_64-linux-gnu root/usr/sbin/squid -N -n finding -f squid.conf > squid.out 2>&1 &
    squid=$!
    sleep 2
    said() {
        curl -q -sv -o /dev/null --max-time 10 -x http://127.0.0.1:3128 "$1" 2>&1 |
            sed -n 's/\r//; s/^< HTTP\/1.1 \([0-9]*\).*/\1/p; s/^< X-Squid-Error: \(.*\)/\1/p' | tr '\n' ' ' || true
    }
    check() { # what expected url
        local got
        got=$(said "$3")
        echo "$answer, $1: $got"
        [ "$2" = "$got" ] || { echo "    changed: it was $2"; failures=1; }
    }
    check "CONNECT, unknown name" "500 ERR_CANNOT_FORWARD 0 " https://db.example.invalid/
    check "GET, unknown name" "502 ERR_READ_ERROR 0 " http://db.example.invalid/
    check "CONNECT, nobody listens" "503 ERR_CONNECT_FAIL 111 " https://127.0.0.1:1/
    kill $dns $squid
    wait $dns $squid || true
done
exit "$failures"
