#!/usr/bin/env bash
# Expected: the linker's warning about -static, "Using 'getaddrinfo' in statically linked applications requires at runtime
#           the shared libraries from the glibc version used for linking": in a container with nothing but the program,
#           no name can be looked up.
# Happens:  since glibc 2.34 the services "files" and "dns" of nsswitch.conf are in libc.a. In an empty root the program
#           finds names in /etc/hosts, and asks the server in /etc/resolv.conf, also without any nsswitch.conf. A service
#           that is a library (resolve, mdns4_minimal) is passed over there, also with [NOTFOUND=return] behind it.
# Versions: Debian 12: glibc 2.36, gcc 12.2.
# Matters:  people give up -static for glibc, and change to another C library whose look-ups differ, for no need.
# To do:    nothing, if addresses, /etc/hosts and DNS are enough.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian gcc libc6-dev python3
cat > look.c << 'C'
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

int main(int count, char **names) {
    struct addrinfo *list, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    int code = getaddrinfo(names[count - 1], NULL, &hints, &list);
    puts(code ? gai_strerror(code) : inet_ntoa(((struct sockaddr_in *)list->ai_addr)->sin_addr));
    return 0;
}
C
expect "the linker" "*requires at runtime the shared libraries from the glibc version used for linking" \
    "$(cc -static look.c -o look 2>&1 | grep -o "Using 'getaddrinfo'.*")"
mkdir -p root/etc
cp look root

# Answers every question for an address with 192.0.2.7. In a network of its own, because look-ups go to port 53.
cat > dns.py << 'PYTHON'
import fcntl, socket, struct, subprocess, sys, threading

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(server, 0x8914, struct.pack("16sH14x", b"lo", 0x1))  # loopback is up
server.bind(("127.0.0.1", 53))

def answer():
    while True:
        question, client = server.recvfrom(512)
        end = question.index(b"\0", 12) + 5
        server.sendto(question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question[12:end] +
                      b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("192.0.2.7"), client)

threading.Thread(target=answer, daemon=True).start()
subprocess.run(["chroot", "root", "/look", sys.argv[1]], check=True)
PYTHON
look() { unshare --map-root-user --net "$python" dns.py "$1"; }

expect "files in the root" "root/look" "$(find root -type f)"
expect "a name, no server" "Temporary failure in name resolution" \
    "$(unshare --map-root-user --net chroot root /look db.example.com)"
expect "a name, DNS" 192.0.2.7 "$(look db.example.com)"
echo "192.0.2.9 database" > root/etc/hosts
expect "a name of /etc/hosts" 192.0.2.9 "$(look database)"
echo "hosts: mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] files dns" > root/etc/nsswitch.conf
expect "the same, services without library" 192.0.2.9 "$(look database)"
expect "DNS, services without library" 192.0.2.7 "$(look db.example.com)"
