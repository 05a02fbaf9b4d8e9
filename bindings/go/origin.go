package tigergraphauth

import (
	"net/url"
	"strconv"
	"strings"
)

// origin is where a connection's server is: what may get its token.
type origin struct {
	scheme, host string
	ports        []string
}

// The ports that an address without one may mean.
var usualPorts = []string{"443", "14240", "9000"}

// origin is empty if the address is none; then New fails anyway.
func (s *settings) origin() origin {
	address := s.host
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return origin{}
	}
	o := origin{scheme: strings.ToLower(parsed.Scheme), host: strings.ToLower(parsed.Hostname()), ports: usualPorts}
	if port := parsed.Port(); port != "" {
		o.ports = []string{port}
	}
	for _, port := range s.ports {
		if port != 0 {
			o.ports = append(o.ports[:len(o.ports):len(o.ports)], strconv.Itoa(int(port)))
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
