//go:build cgo

package tigergraphauth

import (
	"net/url"
	"testing"
)

// Which requests may have the token, with one server and with several.
func TestOrigin(t *testing.T) {
	for _, row := range []struct {
		hosts, request string
		want           bool
	}{
		{"https://a", "https://a:14240/x", true},
		{"https://a", "https://b:14240/x", false},
		{"a:8443", "https://A:8443/x", true},
		{"a:8443", "https://a/x", false},
		{"https://a,https://b", "https://a:14240/x", true},
		{"https://a, https://b:1/base", "https://b:1/base/x", true},
		{"https://a, https://b:1/base", "https://b:14240/x", false},
		{"https://a,https://b", "https://c:14240/x", false},
		{"https://a,https://b", "https://a:9001/x", true},
	} {
		u, err := url.Parse(row.request)
		if err != nil {
			t.Fatal(err)
		}
		if got := newOrigin(row.hosts, "9001", "").has(u); got != row.want {
			t.Errorf("%s for %s: %v", row.hosts, row.request, got)
		}
	}
	if got := newOrigin("https://a, https://b").String(); got != "https://a,https://b" {
		t.Error(got)
	}
}
