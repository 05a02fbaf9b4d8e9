//go:build cgo

package tigergraphauth

import (
	"net/url"
	"strings"
)

// origin is where a connection's servers are: what may get its token.
type origin struct {
	scheme string
	places []place
}

// place is one of the servers.
type place struct {
	host  string
	ports []string
}

// The ports that an address without one may mean.
var usualPorts = []string{"443", "14240", "9000"}

// newOrigin reads an address that the library has accepted, or several with commas between them.
func newOrigin(hosts string, ports ...string) origin {
	var o origin
	for _, host := range strings.Split(hosts, ",") {
		host = strings.TrimSpace(host)
		if !strings.Contains(host, "://") {
			host = "https://" + host
		}
		address, err := url.Parse(host)
		if err != nil {
			continue // no request is to this
		}
		at := place{host: address.Hostname()}
		if port := address.Port(); port != "" {
			at.ports = append(at.ports, port)
		} else {
			at.ports = append(at.ports, usualPorts...)
		}
		for _, port := range ports {
			if port != "" {
				at.ports = append(at.ports, port)
			}
		}
		o.scheme = address.Scheme
		o.places = append(o.places, at)
	}
	return o
}

// has reports whether a request to u goes to one of the servers.
func (o origin) has(u *url.URL) bool {
	port := portOf(u)
	for _, at := range o.places {
		if !strings.EqualFold(u.Hostname(), at.host) {
			continue
		}
		for _, own := range at.ports {
			if port == own {
				return true
			}
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

// String is the address without its port, or the addresses.
func (o origin) String() string {
	hosts := make([]string, 0, len(o.places))
	for _, at := range o.places {
		hosts = append(hosts, o.scheme+"://"+at.host)
	}
	return strings.Join(hosts, ",")
}
