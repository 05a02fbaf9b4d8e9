//go:build cgo

package tigergraphauth

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// codeLimit is how much of a refusal is read in search of its code.
const codeLimit = 64 << 10

// A Transport adds the Authorization header to requests to the database, with a token of Conn that is good
// now. If the database refuses the token all the same, it gets another and sends the request once more, if the
// request has no body or one that can be sent again (see GetBody of [http.Request], which http.NewRequest sets).
//
// The token goes to the servers of Conn and to Hosts, and nowhere else, whatever a redirect says. Requests to others
// pass unchanged, and so do those that have an Authorization header. The log of Conn ([WithLog]) gets a line at
// [LogDebug] for each of them, with the reason.
type Transport struct {
	// Conn gives the tokens.
	Conn *Conn
	// Base sends the requests; nil: http.DefaultTransport.
	Base http.RoundTripper
	// Hosts are further servers that get the token, as "db2.example.com:9000" or, for the port of the scheme,
	// "db2.example.com". A server of Conn gets it on the ports of its own address, of [WithPorts] and of the variables
	// of [WithEnvironment], and if the address has no port on 443, 14240 and 9000. A Conn with https gives it away over
	// https alone.
	Hosts []string
}

// RoundTrip sends the request. It leaves req as it is.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL == nil {
		return t.base().RoundTrip(req) // which says so
	}
	if reason := t.withholds(req); reason != "" {
		address := url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host}
		t.Conn.log.Load().line(LogDebug, "no token for a request to "+address.String()+": "+reason)
		return t.base().RoundTrip(req)
	}
	token, err := t.Conn.Authorization(req.Context())
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	refused, err := t.base().RoundTrip(authorized(req, token))
	if err != nil || !refusesToken(refused) {
		return refused, err
	}
	t.Conn.RejectToken(token)
	again, ok := replay(req)
	if !ok {
		return refused, nil
	}
	if token, err = t.Conn.Authorization(req.Context()); err != nil {
		// The answer is there, and says what the matter is.
		if again.Body != nil {
			again.Body.Close()
		}
		return refused, nil
	}
	refused.Body.Close()
	return t.base().RoundTrip(authorized(again, token))
}

// CloseIdleConnections closes those of Base.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base != nil {
		return t.Base
	}
	return http.DefaultTransport
}

// withholds tells why a request does not get the token; "" if it does. Without a Conn there is none to give away, and
// asking for it says so.
func (t *Transport) withholds(req *http.Request) string {
	switch {
	case t.Conn == nil:
		return ""
	case req.Header["Authorization"] != nil:
		return "it has an Authorization header"
	case req.URL.Scheme != "https" && req.URL.Scheme != t.Conn.origin.scheme:
		return "the connection is over https"
	case !t.Conn.origin.has(req.URL) && !t.names(req.URL):
		return "it is no server of the connection"
	}
	return ""
}

// names reports whether u is on one of Hosts.
func (t *Transport) names(u *url.URL) bool {
	for _, host := range t.Hosts {
		further := url.URL{Scheme: u.Scheme, Host: host}
		if strings.EqualFold(further.Hostname(), u.Hostname()) && portOf(&further) == portOf(u) {
			return true
		}
	}
	return false
}

// authorized is req with the token. If REST++ authentication is off, there is none.
func authorized(req *http.Request, token *Token) *http.Request {
	header := token.Header()
	if header == "" {
		return req
	}
	req = req.Clone(req.Context())
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	req.Header.Set("Authorization", header)
	return req
}

// replay is req once more, if its body can be had again.
func replay(req *http.Request) (*http.Request, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, false
	}
	again := req.Clone(req.Context())
	again.Body = body
	return again, true
}

// refusesToken reports whether the answer says that the token is no good. It reads the beginning of the body
// and puts it back.
func refusesToken(response *http.Response) bool {
	if response.StatusCode != http.StatusUnauthorized && response.StatusCode != http.StatusForbidden {
		return false
	}
	beginning, err := io.ReadAll(io.LimitReader(response.Body, codeLimit))
	response.Body = &restored{io.MultiReader(bytes.NewReader(beginning), failing(err, response.Body)), response.Body}
	return IsTokenRefused(RESTPP, response.StatusCode, beginning)
}

// restored is a body whose beginning was read already.
type restored struct {
	io.Reader
	io.Closer
}

// failing goes on with rest, or with the error that reading met before.
func failing(err error, rest io.Reader) io.Reader {
	if err != nil {
		return failedReader{err}
	}
	return rest
}

type failedReader struct{ err error }

func (r failedReader) Read([]byte) (int, error) { return 0, r.err }
