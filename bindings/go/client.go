package tigergraphauth

// #include "tigergraphauth.h"
import "C"

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
)

// CAPEM is the CA certificates of the CA setting and of added files, in PEM, for an HTTP client that is to trust whom
// the connection trusts. "" where there are none, because the system's trust store, a pin or the setting for insecure
// TLS decides, and for a closed connection. [Conn.TLSConfig] does what belongs to it.
func (c *Conn) CAPEM() string {
	if !c.acquire() {
		return ""
	}
	defer c.release()
	return C.GoString(C.tg_conn_ca_pem(c.handle))
}

// TLSConfig is a configuration for Go's own TLS that trusts the authorities that the connection trusts, and shows the
// same client certificate, whose files it reads for each new connection to a server that asks for it.
//
// A pin ([WithPinSHA256]) is an error: Go's TLS has none. Use [Conn.Do], which does. Go refuses some certificates that
// the library accepts from the CA setting, such as those with a common name alone.
func (c *Conn) TLSConfig() (*tls.Config, error) {
	if !c.acquire() {
		return nil, stopped(ErrClosed)
	}
	defer c.release()
	if c.trust.pin {
		return nil, refusal("argument.conflict", "Go's TLS knows no pin of a key", "Send requests with Conn.Do.")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.trust.insecure}
	if pem := c.CAPEM(); pem != "" {
		roots := x509.NewCertPool()
		// Added certificates count beside the system's.
		if system, err := x509.SystemCertPool(); err == nil && !c.trust.ownCA {
			roots = system
		}
		roots.AppendCertsFromPEM([]byte(pem))
		config.RootCAs = roots
	}
	if cert, key := c.trust.clientCert, c.trust.clientKey; cert != "" {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(cert, key)
			return &pair, err
		}
	}
	return config, nil
}

// Client is an HTTP client that is ready for the database: with a token in each request to it ([Transport]), with the
// trust of the connection ([Conn.TLSConfig]), and without a proxy, unless [WithProxy] says "env". Ask [Conn.URL] for
// the addresses.
//
// Another proxy than that is an error: set it in a [Transport] of your own. Keep the client, whose connections are its
// own.
func (c *Conn) Client() (*http.Client, error) {
	config, err := c.TLSConfig()
	if err != nil {
		return nil, err
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.TLSClientConfig = config
	switch c.trust.proxy {
	case "":
		base.Proxy = nil
	case "env":
		base.Proxy = http.ProxyFromEnvironment
	default:
		return nil, refusal("argument.conflict", "the proxy of the connection may have a login that Go is not told",
			"Give a Transport of your own its proxy, in Base.")
	}
	return &http.Client{Transport: &Transport{Conn: c, Base: base}}, nil
}
