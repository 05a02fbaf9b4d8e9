package tigergraphauth_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

const clientSecret = "canary-secret.of_the~client"

// asked is what a token endpoint was asked.
type asked struct {
	id, secret string // as they are in the header
	form       map[string][]string
}

// tokenEndpoint answers every request with status and the body that answer gives.
type tokenEndpoint struct {
	*httptest.Server
	mutex    sync.Mutex
	requests []asked
}

func startTokenEndpoint(t testing.TB, status int, answer func() string) *tokenEndpoint {
	t.Helper()
	e := new(tokenEndpoint)
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		id, secret, _ := r.BasicAuth()
		e.mutex.Lock()
		e.requests = append(e.requests, asked{id, secret, r.PostForm})
		e.mutex.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "77")
		}
		w.WriteHeader(status)
		io.WriteString(w, answer())
	}))
	t.Cleanup(e.Close)
	return e
}

// taken is what was asked since the last time.
func (e *tokenEndpoint) taken() []asked {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	taken := e.requests
	e.requests = nil
	return taken
}

func TestOAuth2(t *testing.T) {
	server := startStandin(t, "4.2")
	tokens := server.trustIssuer(t)
	endpoint := startTokenEndpoint(t, http.StatusOK, func() string {
		return fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, tokens.token(time.Hour))
	})
	file := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(file, []byte(clientSecret+"\n"), 0o600))
	for name, options := range map[string][]tigergraphauth.Option{
		"text": {tigergraphauth.WithOAuth2(endpoint.URL, "client", clientSecret)},
		"file": {tigergraphauth.WithOAuth2(endpoint.URL, "client", ""), tigergraphauth.WithOAuth2SecretFile(file)},
	} {
		conn := server.connect(t, append(options, tigergraphauth.WithOAuth2Parameter("scope", "first"),
			tigergraphauth.WithOAuth2Parameter("scope", "a b"), tigergraphauth.WithOAuth2Parameter("audience", "graph"),
			tigergraphauth.WithOAuth2Parameter("resource", ""))...)
		_, err := conn.GetSecrets(background)
		must(t, err)
		response, err := conn.Do(background, &tigergraphauth.Request{Path: "/echo"})
		if err != nil || response.StatusCode != 200 {
			t.Errorf("%s: %v, %v", name, response, err)
		}
		requests := endpoint.taken()
		want := asked{"client", clientSecret, map[string][]string{
			"grant_type": {"client_credentials"}, "scope": {"a b"}, "audience": {"graph"}}}
		if len(requests) != 1 || fmt.Sprint(requests[0]) != fmt.Sprint(want) {
			t.Errorf("%s: %v", name, requests)
		}
		token, err := conn.Authorization(background)
		must(t, err)
		conn.RejectToken(token)
		next, err := conn.Authorization(background)
		must(t, err)
		if next.Value() == token.Value() || len(endpoint.taken()) != 1 {
			t.Errorf("%s: the token was not renewed once", name)
		}
		report, err := conn.Diagnose(background)
		must(t, err)
		if !strings.Contains(report.JSON, `"ok":true`) || strings.Contains(report.JSON+report.Text, "canary") {
			t.Errorf("%s: %v", name, report)
		}
	}
}

func TestParametersThatTellTheLibrary(t *testing.T) {
	endpoint := startTokenEndpoint(t, http.StatusOK, func() string {
		return `{"access_token":"an-opaque-token","token_type":"Bearer"}`
	})
	form := connect(t, "http://127.0.0.1:1", tigergraphauth.WithOAuth2(endpoint.URL, "client", clientSecret),
		tigergraphauth.WithOAuth2Parameter("client_auth", "form"))
	_, err := form.Authorization(background)
	must(t, err)
	assertion := connect(t, "http://127.0.0.1:1", tigergraphauth.WithOAuth2(endpoint.URL, "client", ""),
		tigergraphauth.WithOAuth2Parameter("client_assertion", "an-assertion"))
	_, err = assertion.Authorization(background)
	must(t, err)
	requests := endpoint.taken()
	if len(requests) != 2 || requests[0].id != "" || requests[1].id != "" ||
		fmt.Sprint(requests[0].form["client_secret"], requests[0].form["client_id"]) != "["+clientSecret+"] [client]" ||
		fmt.Sprint(requests[1].form["client_assertion"]) != "[an-assertion]" || requests[1].form["client_secret"] != nil {
		t.Errorf("%v", requests)
	}
}

func TestFailuresOfOAuth2(t *testing.T) {
	for _, row := range []struct {
		status      int
		body        string
		is          tigergraphauth.Status
		reason      tigergraphauth.Reason
		code        string
		after       time.Duration // at least
		hint, never string
	}{
		{401, `{"error":"invalid_client"}`, tigergraphauth.Unauthenticated, "oauth2.refused", "invalid_client",
			20 * time.Second, "client_auth", "tg_"},
		{400, `{"error":"invalid_scope"}`, tigergraphauth.Unauthenticated, "oauth2.refused", "invalid_scope",
			20 * time.Second, "scope", "tg_"},
		{503, `busy`, tigergraphauth.Unavailable, "oauth2.unavailable", "", 70 * time.Second, "later", "tg_"},
	} {
		row := row
		endpoint := startTokenEndpoint(t, row.status, func() string { return row.body })
		conn := connect(t, "http://127.0.0.1:1", tigergraphauth.WithOAuth2(endpoint.URL, "client", clientSecret))
		_, err := conn.Authorization(background)
		var failure *tigergraphauth.Error
		if !errors.As(err, &failure) || failure.Status != row.is || failure.Reason != row.reason ||
			failure.ServerCode != row.code || failure.HTTPStatus != row.status || failure.RetryAfter < row.after ||
			!strings.Contains(failure.Hint, row.hint) || strings.Contains(failure.Hint, row.never) ||
			strings.Contains(err.Error()+failure.Hint, "canary") {
			t.Errorf("%+v", failure)
		}
		endpoint.taken()
		_, err = conn.Authorization(background)
		if requests := endpoint.taken(); !errors.Is(err, row.reason) || len(requests) != 0 {
			t.Errorf("%v, asked again: %v", err, requests)
		}
	}
}

func TestWrongSettingsOfOAuth2(t *testing.T) {
	const url = "https://login.example.com/token"
	for words, options := range map[string][]tigergraphauth.Option{
		"client_assertion": {tigergraphauth.WithOAuth2(url, "client", "")},
		"oauth2_url":       {tigergraphauth.WithOAuth2("http://login.example.com/token", "client", "x")},
		"\"secret\"":       {tigergraphauth.WithOAuth2(url, "client", "x"), tigergraphauth.WithSecret("x")},
		"token_provider": {tigergraphauth.WithOAuth2(url, "client", "x"),
			tigergraphauth.WithTokenProvider(patient(nil))},
		"grant_type": {tigergraphauth.WithOAuth2(url, "client", "x"),
			tigergraphauth.WithOAuth2Parameter("grant_type", "password")},
		"oauth2_client_secret_file": {tigergraphauth.WithOAuth2(url, "client", ""),
			tigergraphauth.WithOAuth2SecretFile("/nowhere")},
	} {
		_, err := tigergraphauth.New("https://db.example.com", options...)
		var failure *tigergraphauth.Error
		if !errors.As(err, &failure) || failure.Status != tigergraphauth.InvalidArgument ||
			!strings.Contains(failure.Message+failure.Hint, words) || strings.Contains(failure.Hint, "tg_") {
			t.Errorf("%s: %+v", words, failure)
		}
	}
}

func TestOAuth2FromTheEnvironment(t *testing.T) {
	endpoint := startTokenEndpoint(t, http.StatusOK, func() string {
		return `{"access_token":"an-opaque-token","token_type":"Bearer"}`
	})
	t.Setenv("TG_HOST", "http://127.0.0.1:1")
	t.Setenv("TG_OAUTH2_URL", endpoint.URL)
	t.Setenv("TG_OAUTH2_CLIENT_ID", "client")
	t.Setenv("TG_OAUTH2_CLIENT_SECRET", clientSecret)
	t.Setenv("TG_OAUTH2_SCOPE", "graph")
	conn, err := tigergraphauth.NewFromEnvironment()
	must(t, err)
	defer conn.Close()
	token, err := conn.Authorization(background)
	must(t, err)
	requests := endpoint.taken()
	if token.Value() != "an-opaque-token" || len(requests) != 1 || fmt.Sprint(requests[0].form["scope"]) != "[graph]" {
		t.Errorf("%v", requests)
	}
}
