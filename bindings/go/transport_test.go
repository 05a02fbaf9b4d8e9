package tigergraphauth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

const refusal = `{"error":true,"message":"no","code":"%s"}`

// database is a server that refuses the first requests, and remembers what it was sent.
type database struct {
	*httptest.Server
	mutex    sync.Mutex
	refusals []string // codes, or texts that are none
	status   int
	headers  []string
	bodies   []string
}

func startDatabase(t *testing.T, status int, refusals ...string) *database {
	d := &database{refusals: refusals, status: status}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *database) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.headers = append(d.headers, req.Header.Get("Authorization"))
	d.bodies = append(d.bodies, string(body))
	if len(d.headers) > len(d.refusals) {
		fmt.Fprint(w, "data")
		return
	}
	w.WriteHeader(d.status)
	answer := d.refusals[len(d.headers)-1]
	if strings.HasPrefix(answer, "REST-") {
		answer = fmt.Sprintf(refusal, answer)
	}
	fmt.Fprint(w, answer)
}

func (d *database) host() string { return d.Listener.Addr().String() }

// client is an http.Client whose transport also gives the token to these databases.
func client(conn *tigergraphauth.Conn, databases ...*database) *http.Client {
	transport := &tigergraphauth.Transport{Conn: conn}
	for _, d := range databases {
		transport.Hosts = append(transport.Hosts, d.host())
	}
	return &http.Client{Transport: transport}
}

func read(t *testing.T, response *http.Response, err error) (int, string) {
	t.Helper()
	must(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(body)
}

// Against the stand-in, which checks tokens itself.
func TestTransportReplacesExpiredTokens(t *testing.T) {
	for version, switches := range map[string]string{"3.10": "refusals=403-401", "4.2": "refusals=401-403"} {
		server := startStandin(t, version, "--switch", switches)
		conn := server.connect(t, withAlice())
		created, err := conn.CreateSecret(background)
		must(t, err)
		app := server.connect(t, tigergraphauth.WithSecret(created.Value()))
		http := client(app)
		url := server.GatewayURL + "/restpp/graph/MyGraph/vertices/Person"
		get := func(requests int) {
			t.Helper()
			before := server.requests(t)
			response, err := http.Get(url)
			if status, body := read(t, response, err); status != 200 || !strings.Contains(body, "results") {
				t.Errorf("%s: %d %s", version, status, body)
			}
			if n := server.requests(t) - before; n != requests {
				t.Errorf("%s: %d requests, not %d", version, n, requests)
			}
		}
		_, err = app.GetToken(background)
		must(t, err)
		get(1)
		server.control(t, "POST", "/expire-tokens", "")
		get(3) // refused, a new token, and again
		get(1)
		app.Close()
		if _, err := http.Get(url); !errors.Is(err, tigergraphauth.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		http.CloseIdleConnections()
	}
}

// Of a list, the server that answers gets the request, at the address that URL tells.
func TestClientWithSeveralServers(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := connect(t, "http://127.0.0.1:1,"+server.GatewayURL, withAlice(), tigergraphauth.WithGraph("MyGraph"))
	client, err := conn.Client()
	must(t, err)
	_, err = conn.Authorization(background)
	must(t, err)
	url := conn.URL("/graph/MyGraph/vertices/Person")
	response, err := client.Get(url)
	if status, _ := read(t, response, err); status != 200 || !strings.HasPrefix(url, server.GatewayURL) {
		t.Errorf("%s: %d", url, status)
	}
}

func TestTransportRepeatsOnce(t *testing.T) {
	server := startStandin(t, "4.2")
	for _, status := range []int{401, 403} {
		for _, code := range []string{"REST-10016", "REST-10019"} {
			conn := server.connect(t, withAlice())
			db := startDatabase(t, status, code)
			response, err := client(conn, db).Post(db.URL, "text/plain", strings.NewReader("query"))
			if status, body := read(t, response, err); status != 200 || body != "data" {
				t.Errorf("%s: %d %s", code, status, body)
			}
			if len(db.headers) != 2 || db.headers[0] == db.headers[1] || db.bodies[0] != "query" || db.bodies[1] != "query" {
				t.Errorf("%s: %d requests with %q", code, len(db.headers), db.bodies)
			}
			conn = server.connect(t, withAlice())
			db = startDatabase(t, status, code, code, code)
			response, err = client(conn, db).Get(db.URL)
			if status, body := read(t, response, err); status == 200 || !strings.Contains(body, code) || len(db.headers) != 2 {
				t.Errorf("%s twice: %d %s after %d requests", code, status, body, len(db.headers))
			}
		}
	}
}

// What is no word about the token is handed on, whole.
func TestTransportHandsOtherRefusalsOn(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, withAlice())
	long := strings.Repeat("x", 200<<10)
	for _, test := range []struct {
		status int
		body   string
	}{
		{403, "REST-10018"}, {401, "<html>login</html>"}, {403, long}, {401, ""}, {500, "REST-10016"},
		{401, `["REST-10016"]`},
	} {
		db := startDatabase(t, test.status, test.body)
		want := test.body
		if strings.HasPrefix(want, "REST-") {
			want = fmt.Sprintf(refusal, want)
		}
		response, err := client(conn, db).Get(db.URL)
		status, body := read(t, response, err)
		if status != test.status || body != want || len(db.headers) != 1 {
			t.Errorf("%d %.20s: %d %.20s, %d bytes, after %d requests",
				test.status, test.body, status, body, len(body), len(db.headers))
		}
	}
}

// A body that cannot be had again is not sent again; but the token is replaced for the next request.
func TestTransportWithABodyOnlyOnce(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, withAlice())
	db := startDatabase(t, 401, "REST-10016")
	body := &tracked{Reader: strings.NewReader("query")}
	req, err := http.NewRequest("POST", db.URL, body)
	must(t, err)
	response, err := client(conn, db).Do(req)
	if status, text := read(t, response, err); status != 401 || text != fmt.Sprintf(refusal, "REST-10016") {
		t.Errorf("%d %s", status, text)
	}
	req, err = http.NewRequest("POST", db.URL, strings.NewReader("query"))
	must(t, err)
	req.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("no") }
	db.refusals = []string{"", "REST-10016"}
	response, err = client(conn, db).Do(req)
	if status, text := read(t, response, err); status != 401 || text != fmt.Sprintf(refusal, "REST-10016") {
		t.Errorf("%d %s", status, text)
	}
	if len(db.headers) != 2 || db.headers[0] == db.headers[1] || !body.isClosed() {
		t.Errorf("%d requests, body closed %v", len(db.headers), body.isClosed())
	}
}

// Without another token the refusal is the answer.
func TestTransportWithoutAnotherToken(t *testing.T) {
	conn := connect(t, "http://127.0.0.1:1", tigergraphauth.WithAPIToken("0123456789"))
	db := startDatabase(t, 403, "REST-10019")
	again := &tracked{Reader: strings.NewReader("query")}
	req, err := http.NewRequest("POST", db.URL, strings.NewReader("query"))
	must(t, err)
	req.GetBody = func() (io.ReadCloser, error) { return again, nil }
	response, err := client(conn, db).Do(req)
	status, body := read(t, response, err)
	if status != 403 || !strings.Contains(body, "REST-10019") || len(db.headers) != 1 || !again.isClosed() {
		t.Errorf("%d %s, %d requests, body closed %v", status, body, len(db.headers), again.isClosed())
	}
	var failure *tigergraphauth.Error
	_, err = client(conn, db).Get(db.URL)
	if !errors.As(err, &failure) {
		t.Errorf("with a rejected token: %v", err)
	}
}

func TestTransportLeavesTheRequestAlone(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, withAlice())
	db := startDatabase(t, 401, "REST-10016")
	req, err := http.NewRequest("GET", db.URL, nil)
	must(t, err)
	req.Header = nil
	transport := client(conn, db).Transport
	response, err := transport.RoundTrip(req)
	if status, _ := read(t, response, err); status != 200 || req.Header != nil {
		t.Errorf("%d, %v", status, req.Header)
	}
	req.Header = http.Header{"Authorization": {"Basic of-the-caller"}}
	response, err = transport.RoundTrip(req)
	if status, _ := read(t, response, err); status != 200 || req.Header.Get("Authorization") != "Basic of-the-caller" {
		t.Errorf("%d, %v", status, req.Header)
	}
	if db.headers[2] != "Basic of-the-caller" {
		t.Error("the caller's header was replaced")
	}
	if _, err := transport.RoundTrip(&http.Request{}); err == nil {
		t.Error("a request without an address was sent")
	}
}

// Who gets no token is told in the log of the connection, without what an address may hide.
func TestTransportLogsWhatGetsNoToken(t *testing.T) {
	var lines []string
	log := func(level tigergraphauth.LogLevel, message string) {
		lines = append(lines, fmt.Sprint(level, " ", message))
		panic("in a log function")
	}
	token := tigergraphauth.WithAPIToken("0123456789")
	get := func(host, address, authorization string, level tigergraphauth.LogLevel) string {
		t.Helper()
		lines = nil
		conn := connect(t, host, token, tigergraphauth.WithLog(level, log))
		req, err := http.NewRequest("GET", address, nil)
		must(t, err)
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		}
		_, err = (&tigergraphauth.Transport{Conn: conn, Base: new(recorder)}).RoundTrip(req)
		must(t, err)
		return strings.Join(lines, "\n")
	}
	for _, test := range []struct{ address, authorization, want string }{
		{"https://a.example.com:14240/x", "", ""},
		{"https://user:canary@b.example.com:8443/canary?canary#canary", "",
			"4 no token for a request to https://b.example.com:8443: it is no server of the connection"},
		{"http://a.example.com:14240/canary", "",
			"4 no token for a request to http://a.example.com:14240: the connection is over https"},
		{"https://a.example.com/canary", "Basic canary",
			"4 no token for a request to https://a.example.com: it has an Authorization header"},
	} {
		if got := get("https://a.example.com", test.address, test.authorization, tigergraphauth.LogDebug); got != test.want {
			t.Errorf("%s: %q", test.address, got)
		}
	}
	if got := get("https://a.example.com", "https://b.example.com", "", tigergraphauth.LogInfo); got != "" {
		t.Errorf("at another level: %q", got)
	}
}

// A redirect to another server does not get the token, nor does any server that was not named.
func TestTransportKeepsTheTokenFromOthers(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, withAlice())
	thief := startDatabase(t, 0)
	own := startDatabase(t, 0)
	turn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		own.headers = append(own.headers, req.Header.Get("Authorization"))
		http.Redirect(w, req, thief.URL+"/"+req.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer turn.Close()
	trusting := client(conn, &database{Server: turn})
	for _, send := range []func() (*http.Response, error){
		func() (*http.Response, error) { return trusting.Get(turn.URL) },
		func() (*http.Response, error) { return trusting.Post(turn.URL, "text/plain", strings.NewReader("x")) },
		func() (*http.Response, error) { return trusting.Get(thief.URL) },
	} {
		response, err := send()
		if status, body := read(t, response, err); status != 200 || body != "data" {
			t.Errorf("%d %s", status, body)
		}
	}
	if got := strings.Join(own.headers, ","); strings.Count(got, "Bearer ") != 2 || len(own.headers) != 2 {
		t.Error("the server that is trusted got no token")
	}
	if len(thief.headers) != 3 || strings.Join(thief.headers, "") != "" {
		t.Error("another server got the token")
	}
}

// By the address alone, without a server.
func TestTransportTrust(t *testing.T) {
	token := tigergraphauth.WithAPIToken("0123456789")
	named := func(host string, hosts []string, options ...tigergraphauth.Option) *tigergraphauth.Transport {
		conn := connect(t, host, append(options, token)...)
		return &tigergraphauth.Transport{Conn: conn, Hosts: hosts}
	}
	usual := named("db.example.com", nil)
	ported := named("https://DB.example.com:8443/base", nil, tigergraphauth.WithPorts(9001, 0))
	more := named("https://db.example.com", []string{"db2.example.com", "db3.example.com:9000"})
	plain := named("http://127.0.0.1:14240", []string{"[::1]:14240"})
	list := named("https://a.example.com, https://b.example.com:8443", nil)
	t.Setenv("TG_SSL_PORT", "8443")
	cloud := named("xyz.i.tgcloud.io", nil, tigergraphauth.WithEnvironment())
	for _, test := range []struct {
		transport *tigergraphauth.Transport
		url       string
		trusted   bool
	}{
		{usual, "https://db.example.com/x", true},
		{usual, "https://db.example.com:14240/x", true},
		{usual, "https://DB.EXAMPLE.COM:9000/x", true},
		{usual, "https://db.example.com:9001/x", false},
		{usual, "http://db.example.com:14240/x", false},
		{usual, "http://db.example.com/x", false},
		{usual, "https://example.com/x", false},
		{usual, "https://db.example.com.evil.example/x", false},
		{usual, "https://evil.example/db.example.com", false},
		{usual, "https://db.example.com@evil.example/x", false},
		{usual, "https://db.example.com:14240@evil.example:14240/x", false},
		{ported, "https://db.example.com:8443/x", true},
		{ported, "https://db.example.com:9001/x", true},
		{ported, "https://db.example.com/x", false},
		{ported, "https://db.example.com:9000/x", false},
		{more, "https://db2.example.com/x", true},
		{more, "https://db2.example.com:443/x", true},
		{more, "https://db2.example.com:14240/x", false},
		{more, "https://db3.example.com:9000/x", true},
		{more, "https://db3.example.com/x", false},
		{more, "http://db3.example.com:9000/x", false},
		{list, "https://a.example.com:14240/x", true},
		{list, "https://b.example.com:8443/x", true},
		{list, "https://a.example.com:8443/x", false},
		{list, "https://b.example.com:14240/x", false},
		{list, "https://c.example.com:14240/x", false},
		{list, "http://a.example.com:14240/x", false},
		{cloud, cloud.Conn.URL("/x"), true},
		{cloud, "https://xyz.i.tgcloud.io:8443/x", true},
		{cloud, "https://xyz.i.tgcloud.io:8444/x", false},
		{plain, "http://127.0.0.1:14240/x", true},
		{plain, "https://127.0.0.1:14240/x", true},
		{plain, "http://127.0.0.1:14241/x", false},
		{plain, "http://127.0.0.1/x", false},
		{plain, "http://[::1]:14240/x", true},
		{plain, "http://localhost:14240/x", false},
	} {
		base := new(recorder)
		test.transport.Base = base
		req, err := http.NewRequest("GET", test.url, nil)
		must(t, err)
		_, err = test.transport.RoundTrip(req)
		must(t, err)
		if trusted := base.header == "Bearer 0123456789"; trusted != test.trusted || (base.header != "") != trusted {
			t.Errorf("%v and %s: got the token %v", test.transport.Conn, test.url, trusted)
		}
	}
}

func TestTransportWithoutAuthentication(t *testing.T) {
	server := startStandin(t, "3.10", "--auth", "off")
	created, err := server.connect(t, withAlice()).CreateSecret(background)
	must(t, err)
	conn := server.connect(t, tigergraphauth.WithSecret(created.Value()))
	token, err := conn.Authorization(background)
	must(t, err)
	if token.Header() != "" {
		t.Fatal("a header without authentication")
	}
	base := new(recorder)
	req, err := http.NewRequest("GET", server.GatewayURL, nil)
	must(t, err)
	_, err = (&tigergraphauth.Transport{Conn: conn, Base: base}).RoundTrip(req)
	must(t, err)
	if base.req != req {
		t.Error("the request was changed")
	}
}

// A request that cannot have a token is not sent, and its body is closed.
func TestTransportWithoutAToken(t *testing.T) {
	base := new(recorder)
	address, _ := silent(t)
	stuck := connect(t, "http://"+address, withAlice(), tigergraphauth.WithServerVersion("4.2"))
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	for name, test := range map[string]struct {
		conn *tigergraphauth.Conn
		err  error
	}{"stuck": {stuck, context.DeadlineExceeded}, "no Conn": {nil, tigergraphauth.ErrClosed}} {
		body := &tracked{Reader: strings.NewReader("query")}
		req, err := http.NewRequestWithContext(ctx, "POST", "http://"+address, body)
		must(t, err)
		client := &http.Client{Transport: &tigergraphauth.Transport{Conn: test.conn, Base: base}}
		if _, err := client.Do(req); !errors.Is(err, test.err) {
			t.Errorf("%s: %v", name, err)
		}
		if base.req != nil || !body.isClosed() {
			t.Errorf("%s: sent %v, body closed %v", name, base.req != nil, body.isClosed())
		}
	}
}

// Bodies are closed, also that of a refusal that nobody gets to see, and an error while reading it is kept.
func TestTransportClosesBodies(t *testing.T) {
	server := startStandin(t, "4.2")
	refused := &tracked{Reader: strings.NewReader(fmt.Sprintf(refusal, "REST-10016"))}
	base := &recorder{answers: []*http.Response{{StatusCode: 401, Body: refused}}}
	transport := &tigergraphauth.Transport{Conn: server.connect(t, withAlice()), Base: base}
	req, err := http.NewRequest("GET", server.GatewayURL, nil)
	must(t, err)
	response, err := transport.RoundTrip(req)
	must(t, err)
	if response.StatusCode != 200 || !refused.isClosed() {
		t.Errorf("%d, closed %v", response.StatusCode, refused.isClosed())
	}
	broken := &tracked{Reader: io.MultiReader(strings.NewReader("half"), new(brokenReader))}
	base.answers = []*http.Response{{StatusCode: 401, Body: broken}}
	response, err = transport.RoundTrip(req)
	must(t, err)
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	if string(text) != "half" || !errors.Is(err, errBroken) || !broken.isClosed() {
		t.Errorf("%q, %v, closed %v", text, err, broken.isClosed())
	}
}

var errBroken = errors.New("broken")

type brokenReader struct{}

func (*brokenReader) Read([]byte) (int, error) { return 0, errBroken }

// tracked is a body that knows whether it was closed.
type tracked struct {
	io.Reader
	mutex  sync.Mutex
	closed bool
}

func (b *tracked) Close() error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.closed = true
	return nil
}

func (b *tracked) isClosed() bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.closed
}

// recorder answers requests without sending them.
type recorder struct {
	req     *http.Request
	header  string
	answers []*http.Response
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.req, r.header = req, req.Header.Get("Authorization")
	if len(r.answers) > 0 {
		answer := r.answers[0]
		r.answers = r.answers[1:]
		return answer, nil
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(new(bytes.Buffer))}, nil
}
