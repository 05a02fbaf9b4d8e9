package tigergraphauth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

var versions = []string{"3.10", "4.2"}

const vertices = "/graph/MyGraph/vertices/Person"

func TestDoAnswersAlsoAfterEveryTokenHasExpired(t *testing.T) {
	for _, version := range versions {
		server := startStandin(t, version, "--tls")
		conn := server.connect(t, withAlice())
		for turn := 0; turn < 2; turn++ {
			response, err := conn.Do(background, &tigergraphauth.Request{Path: vertices})
			must(t, err)
			if response.StatusCode != 200 || !bytes.Contains(response.Body, []byte(`"error":false`)) {
				t.Errorf("%s: %v %s", version, response, response.Body)
			}
			if kind := response.Header("content-TYPE"); !strings.HasPrefix(kind, "application/json") {
				t.Errorf("%s: %q", version, kind)
			}
			if response.Header("X-Nothing") != "" || response.Header("a\x00b") != "" {
				t.Errorf("%s: headers that are none", version)
			}
			server.control(t, "POST", "/expire-tokens", "")
		}
	}
}

func TestDoSendsWhatItIsGiven(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, withAlice())
	for _, test := range []struct {
		request tigergraphauth.Request
		parts   []string
	}{
		{tigergraphauth.Request{Path: "/echo?a=%2F"}, []string{`"method":"GET"`, `"query":"a=%2F"`}},
		{tigergraphauth.Request{Path: "/echo", Body: []byte("{}"), ContentType: "application/json"},
			[]string{`"method":"POST"`, `"application/json"`, `"content-length"`}},
		{tigergraphauth.Request{Path: "/echo", Method: "PUT", Body: []byte{}}, []string{`"method":"PUT"`, `"0"`}},
		{tigergraphauth.Request{Path: "/echo", Header: map[string]string{"GSQL-TIMEOUT": "60000"}}, []string{`"60000"`}},
		{tigergraphauth.Request{Path: "/api/ping", Part: tigergraphauth.Gateway}, []string{`"path":"/api/ping"`}},
	} {
		server.control(t, "DELETE", "/requests", "")
		_, err := conn.Do(background, &test.request)
		must(t, err)
		seen := string(server.control(t, "GET", "/requests", ""))
		for _, part := range test.parts {
			if !strings.Contains(seen, part) {
				t.Errorf("%+v: no %s in %s", test.request, part, seen)
			}
		}
	}
}

func TestDoTellsWhatIsWrong(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, withAlice())
	for _, test := range []struct {
		request *tigergraphauth.Request
		reason  tigergraphauth.Reason
	}{
		{nil, "argument.null"},
		{&tigergraphauth.Request{}, "argument.path"},
		{&tigergraphauth.Request{Path: "/a/../b"}, "argument.path"},
		{&tigergraphauth.Request{Path: "/a\x00b"}, "argument.control_character"},
		{&tigergraphauth.Request{Path: "/echo", Method: "G T"}, "argument.method"},
		{&tigergraphauth.Request{Path: "/echo", Header: map[string]string{"Authorization": "x"}}, "argument.header"},
		{&tigergraphauth.Request{Path: "/echo", Header: map[string]string{"X": "a\x00b"}}, "argument.control_character"},
		{&tigergraphauth.Request{Path: "/echo", ResponseLimit: -1}, "argument.range"},
		{&tigergraphauth.Request{Path: "/echo", Part: 7}, "argument.range"},
	} {
		if _, err := conn.Do(background, test.request); !errors.Is(err, test.reason) {
			t.Errorf("%+v: %v", test.request, err)
		}
	}
	if requests := server.requests(t); requests != 0 {
		t.Errorf("%d requests", requests)
	}
	_, err := conn.Do(background, &tigergraphauth.Request{Path: vertices, ResponseLimit: 5})
	if !errors.Is(err, tigergraphauth.Reason("protocol.too_large")) {
		t.Errorf("an answer over its limit: %v", err)
	}
}

func TestDoEndsWithItsContext(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, withAlice())
	_, err := conn.Authorization(background)
	must(t, err)
	for method, status := range map[string]tigergraphauth.Status{
		"GET": tigergraphauth.Timeout, "POST": tigergraphauth.UnknownOutcome,
	} {
		server.fault(t, "/restpp/echo", "Hang", 1, "")
		ctx, cancel := context.WithTimeout(background, 300*time.Millisecond)
		begun := time.Now()
		_, err := conn.Do(ctx, &tigergraphauth.Request{Method: method, Path: "/echo"})
		cancel()
		if !errors.Is(err, status) || !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > soon {
			t.Errorf("%s: %v", method, err)
		}
	}
	server.fault(t, "/restpp/echo", "Hang", 1, "")
	ctx, cancel := context.WithCancel(background)
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err = conn.Do(ctx, &tigergraphauth.Request{Path: "/echo"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Without a word of this package about ports and certificates.
func TestClientIsReady(t *testing.T) {
	for _, version := range versions {
		server, graph := startStandin(t, version, "--tls"), tigergraphauth.WithGraph("MyGraph")
		conns := map[string]*tigergraphauth.Conn{
			"CA setting": server.connect(t, withAlice()),
			"added":      connect(t, server.GatewayURL, withAlice(), graph, tigergraphauth.WithAddedCAFile(server.CAFile)),
			"insecure":   connect(t, server.GatewayURL, withAlice(), graph, tigergraphauth.WithInsecureTLS()),
		}
		for name, conn := range conns {
			client, err := conn.Client()
			must(t, err)
			for turn := 0; turn < 2; turn++ {
				response, err := client.Get(conn.URL(vertices))
				if status, text := read(t, response, err); status != 200 || !strings.Contains(text, `"error":false`) {
					t.Errorf("%s, %s: %d %s", version, name, status, text)
				}
				server.control(t, "POST", "/expire-tokens", "")
			}
		}
		stranger := connect(t, server.GatewayURL, withAlice(), graph)
		client, err := stranger.Client()
		must(t, err)
		if _, err := client.Get(stranger.URL(vertices)); err == nil {
			t.Errorf("%s: an unknown authority is trusted", version)
		}
	}
}

func TestClientRefusesWhatGoCannotDo(t *testing.T) {
	pin := tigergraphauth.WithPinSHA256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	conn := connect(t, "https://localhost:1", withAlice(), pin)
	if _, err := conn.Client(); !errors.Is(err, tigergraphauth.Reason("argument.conflict")) {
		t.Errorf("a pin: %v", err)
	}
	conn = connect(t, "https://localhost:1", withAlice(), tigergraphauth.WithProxy("http://localhost:3128"))
	if _, err := conn.Client(); !errors.Is(err, tigergraphauth.Reason("argument.conflict")) {
		t.Errorf("a proxy: %v", err)
	}
	if _, err := conn.TLSConfig(); err != nil {
		t.Errorf("a proxy: %v", err)
	}
	conn.Close()
	if _, err := conn.Client(); !errors.Is(err, tigergraphauth.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	var none *tigergraphauth.Conn
	for _, conn := range []*tigergraphauth.Conn{none, {}} {
		if _, err := conn.Client(); !errors.Is(err, tigergraphauth.ErrClosed) {
			t.Errorf("no connection: %v", err)
		}
	}
	if none.URL("/x") != "" && conn.URL("/x") != "" || conn.CAPEM() != "" {
		t.Error("a closed connection tells addresses")
	}
}

func TestAddressesAndTrust(t *testing.T) {
	conn := connect(t, "https://db.example.com", withAlice())
	for _, test := range [][2]string{
		{conn.URL("/echo"), "https://db.example.com:14240/restpp/echo"},
		{conn.URLOf(tigergraphauth.Gateway, ""), "https://db.example.com:14240"},
		{conn.URLOf(tigergraphauth.Gateway, ".evil.example/"), ""},
		{conn.URL("echo"), ""},
		{conn.URLOf(7, "/echo"), ""},
		{conn.CAPEM(), ""},
	} {
		if test[0] != test[1] {
			t.Errorf("%q, not %q", test[0], test[1])
		}
	}
	server := startStandin(t, "4.2", "--tls")
	conn = server.connect(t, withAlice())
	pem, err := os.ReadFile(server.CAFile)
	must(t, err)
	if conn.CAPEM() != string(pem) {
		t.Errorf("%s instead of %s", conn.CAPEM(), pem)
	}
	token, err := conn.Authorization(background)
	must(t, err)
	if token.URL("/x") != server.GatewayURL+"/restpp/x" || token.URLOf(tigergraphauth.Gateway, "") != server.GatewayURL {
		t.Errorf("%s %s", token.URL("/x"), token.URLOf(tigergraphauth.Gateway, ""))
	}
}

func TestTokensAndSecretsAreAskedFor(t *testing.T) {
	for _, version := range versions {
		server := startStandin(t, version)
		conn := server.connect(t, withAlice())
		made, err := conn.CreateSecret(background, tigergraphauth.Alias("mine"))
		must(t, err)
		found, err := conn.GetSecret(background, "mine")
		must(t, err)
		if found.Alias() != "mine" || found.IsMasked() != (version == "3.10") {
			t.Errorf("%s: %v", version, found)
		}
		if version == "4.2" && found.Value() != made.Value() {
			t.Errorf("%s: another value", version)
		}
		if _, err = conn.GetSecret(background, "min"); !errors.Is(err, tigergraphauth.NotFound) {
			t.Errorf("%s: %v", version, err)
		}
		token, err := conn.Authorization(background)
		must(t, err)
		for turn, expected := range []bool{true, false} {
			valid, err := conn.CheckToken(background, token)
			if version == "3.10" {
				if !errors.Is(err, tigergraphauth.Unsupported) {
					t.Errorf("%v", err)
				}
			} else if err != nil || valid != expected {
				t.Errorf("%d: %v %v", turn, valid, err)
			}
			server.control(t, "POST", "/expire-tokens", "")
		}
	}
}

func TestRefusalsAreTold(t *testing.T) {
	for _, test := range []struct {
		part    tigergraphauth.Part
		status  int
		body    string
		refused bool
	}{
		{tigergraphauth.RESTPP, 403, fmt.Sprintf(refusal, "REST-10016"), true},
		{tigergraphauth.RESTPP, 403, fmt.Sprintf(refusal, "REST-10018"), false},
		{tigergraphauth.Gateway, 401, `{"error":true,"message":"Authentication failed."}`, true},
		{tigergraphauth.RESTPP, 401, `{"error":true,"message":"Authentication failed."}`, false},
		{tigergraphauth.RESTPP, 401, "", false},
		{7, 401, fmt.Sprintf(refusal, "REST-10016"), false},
	} {
		if tigergraphauth.IsTokenRefused(test.part, test.status, []byte(test.body)) != test.refused {
			t.Errorf("%+v", test)
		}
	}
}

func ExampleConn_Client() {
	conn, err := tigergraphauth.NewFromEnvironment() // TG_HOST, TG_SECRET and so on
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	client, err := conn.Client()
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := client.Get(conn.URL("/graph/MyGraph/vertices/Person"))
	if err == nil && response.StatusCode == http.StatusOK {
		fmt.Println("an answer")
	}
}
