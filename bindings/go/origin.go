//go:build cgo

package tigergraphauth

import (
	"net/url"
	"strings"
)

// origin is where a connection's server is: what may get its token.
type origin struct {
	scheme, host string
	ports        []string
}

// The ports that an address without one may mean.
var usualPorts = []string{"443", "14240", "9000"}

// newOrigin reads an address that the library has accepted.
func newOrigin(host string, ports ...string) origin {
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	address, err := url.Parse(host)
	if err != nil {
		return origin{} // no request is to this
	}
	o := origin{scheme: address.Scheme, host: address.Hostname()}
	if port := address.Port(); port != "" {
		o.ports = append(o.ports, port)
	} else {
		o.ports = append(o.ports, usualPorts...)
	}
	for _, port := range ports {
		if port != "" {
			o.ports = append(o.ports, port)
		}
	}
	return o
}

// has reports whether a request to u goes to the server.
func (o origin) has(u *url.URL) bool {
	if !strings.EqualFold(u.Hostname(), o.host) {
		return false
	}
	port := portOf(u)
	for _, own := range o.ports {
		if port == own {
			return true
		}
	}
	return false
}

func portOf(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// String is the address without its port.
func (o origin) String() string {
	return o.scheme + "://" + o.host
}
