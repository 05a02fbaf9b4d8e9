#!/usr/bin/env bash
# Expected: curl accepts what the OpenSSL that it is built with accepts.
# Happens:  an authority whose subject is empty has certificates whose issuer is empty. OpenSSL does not mind, and neither do
#           Python and Ruby, which use it too, nor GnuTLS, Go and rustls. curl asks OpenSSL for the issuer as a line of text
#           and takes the empty one for a failure: "couldn't get X509-issuer name". Java cannot even read the CA file. RFC
#           5280 wants a name for every issuer.
# Versions: Debian 12: curl 7.88, OpenSSL 3.0, Python 3.11, Ruby 3.1, GnuTLS 3.7, Go 1.19, OpenJDK 17; rustls in Deno 2.9.6.
# Matters:  cert-manager makes such an authority of a Certificate with isCA: true and no commonName, and nothing in the
#           cluster complains. Then "curl fails, so it is the server" is wrong, and so is "curl fails, so the CA file is".
# To do:    give the authority a commonName. It is a new authority then: issue everything again.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl curl gnutls-bin golang-go ruby openjdk-17-jdk-headless
pypi deno==2.9.6
cat > Trust.java << 'JAVA'
import java.io.FileInputStream;
import java.security.cert.CertificateFactory;

public class Trust {
    public static void main(String[] arguments) throws Exception {
        try {
            CertificateFactory.getInstance("X.509").generateCertificate(new FileInputStream(arguments[0]));
            System.out.println("read");
        } catch (java.security.cert.CertificateException error) {
            System.out.println(error.getMessage());
        }
    }
}
JAVA
javac Trust.java

authority named
openssl req -x509 -newkey rsa:2048 -nodes -keyout nameless.key -out nameless.pem -days 30 -subj / \
    -config <(printf '[req]\ndistinguished_name=d\n[d]\n') -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign -addext subjectKeyIdentifier=hash 2> /dev/null
# As cert-manager writes the server's: no subject either, and so the names are critical.
for authority in named nameless; do
    certificate "by-$authority" "$authority" / "subjectAltName=critical,DNS:db.example.com" \
        "keyUsage=critical,digitalSignature,keyEncipherment"
done

tls_server by-named.pem by-named.key
for client in curl python ruby go gnutls rustls; do
    expect "a name, $client" accepted "$("by_$client" db.example.com named.pem)"
done
expect "a name, Java" read "$(java Trust named.pem)"

tls_server by-nameless.pem by-nameless.key
for client in python ruby go gnutls rustls; do
    expect "no name, $client" accepted "$("by_$client" db.example.com nameless.pem)"
done
expect "no name, curl" "*couldn't get X509-issuer name*" "$(by_curl db.example.com nameless.pem)"
expect "no name, Java" "*Empty issuer DN not allowed*" "$(java Trust nameless.pem)"
