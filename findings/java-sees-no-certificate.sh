#!/usr/bin/env bash
# Expected: a store that "openssl pkcs12 -export -nokeys" makes of an authority's certificate is a trust store for Java, which
#           reads PKCS#12.
# Happens:  Java opens it, and finds nothing in it. In a store of its own each certificate that is trusted has an attribute
#           which says so, and without that Java passes over it, without a word. The program fails only when it connects:
#           "the trustAnchors parameter must be non-empty". OpenSSL itself, GnuTLS and Python's cryptography find the
#           certificate in both stores.
# Versions: OpenJDK 17, OpenSSL 3.0, GnuTLS 3.7 of Debian 12; cryptography 46.0.3 of PyPI.
# Matters:  the trust store for a Java program beside a C library is made of the library's CA file by this command. The
#           password is right, openssl shows the certificate, and yet nothing is trusted.
# To do:    keytool -importcert -file ca.pem -keystore trust.p12 -alias tigergraph. (OpenSSL 3.2 and later: -jdktrust.)
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian openjdk-17-jdk-headless openssl gnutls-bin
pypi cryptography==46.0.3
cat > Trust.java << 'JAVA'
import java.io.FileInputStream;
import java.security.InvalidAlgorithmParameterException;
import java.security.KeyStore;
import java.security.cert.PKIXParameters;

public class Trust {
    public static void main(String[] arguments) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new FileInputStream(arguments[0]), "changeit".toCharArray());
        try {
            System.out.println("trusts " + new PKIXParameters(store).getTrustAnchors().size());
        } catch (InvalidAlgorithmParameterException error) {
            System.out.println(error.getMessage());
        }
    }
}
JAVA
javac Trust.java
authority ours
openssl pkcs12 -export -nokeys -in ours.pem -name tigergraph -passout pass:changeit -out by-openssl.p12
keytool -importcert -noprompt -alias tigergraph -file ours.pem -keystore by-keytool.p12 -storepass changeit 2> /dev/null

by_java() { java Trust "$1"; }
by_keytool() { keytool -list -keystore "$1" -storepass changeit | sed -n 's/^Your keystore contains //p'; }
by_openssl() { openssl pkcs12 -in "$1" -nokeys -passin pass:changeit | grep -c 'BEGIN CERTIFICATE'; }
by_certtool() { certtool --p12-info --inder --password changeit --infile "$1" 2> /dev/null | grep -c 'BEGIN CERTIFICATE'; }
by_cryptography() {
    venv/bin/python - "$1" << 'PYTHON'
import sys
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
with open(sys.argv[1], "rb") as file:
    print(len(load_pkcs12(file.read(), b"changeit").additional_certs))
PYTHON
}
for store in by-openssl by-keytool; do
    for reader in openssl certtool cryptography; do expect "$store, $reader" 1 "$("by_$reader" "$store.p12")"; done
done
expect "by-keytool, keytool" "1 entry" "$(by_keytool by-keytool.p12)"
expect "by-keytool, Java" "trusts 1" "$(by_java by-keytool.p12)"
expect "by-openssl, keytool" "0 entries" "$(by_keytool by-openssl.p12)"
expect "by-openssl, Java" "the trustAnchors parameter must be non-empty" "$(by_java by-openssl.p12)"
