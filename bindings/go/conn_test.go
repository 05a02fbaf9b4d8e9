package tigergraphauth_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

// TestLifeCycle walks the whole life of credentials on both generations, plain and over TLS.
func TestLifeCycle(t *testing.T) {
	for _, version := range []string{"3.10", "4.2"} {
		for name, args := range map[string][]string{"plain": nil, "TLS": {"--tls"}} {
			t.Run(version+" "+name, func(t *testing.T) { lifeCycle(t, version, startStandin(t, version, args...)) })
		}
	}
}

func lifeCycle(t *testing.T, version string, server *standin) {
	old := version == "3.10"
	conn := server.connect(t, withAlice())

	created, err := conn.CreateSecret(background, tigergraphauth.Alias("ci"))
	must(t, err)
	if created.Alias() != "ci" || len(created.Value()) < 8 || created.IsMasked() {
		t.Fatalf("%v: %d letters, masked %v", created, len(created.Value()), created.IsMasked())
	}
	unnamed, err := conn.CreateSecret(background)
	must(t, err)
	if !strings.HasPrefix(unnamed.Alias(), "AUTO_GENERATED_ALIAS_") {
		t.Errorf("%v", unnamed)
	}
	secrets, err := conn.GetSecrets(background)
	must(t, err)
	shown, err := conn.ShowSecrets(background)
	must(t, err)
	if len(secrets) != 2 || len(shown) != 2 || secrets[0].IsMasked() != old {
		t.Errorf("%v, %v, masked %v", secrets, shown, secrets[0].IsMasked())
	}
	if graph := secrets[0].Graph(); old && graph != "MyGraph" {
		t.Errorf("graph %q", graph)
	}
	ensured, err := conn.EnsureSecret(background, "ci")
	switch {
	case old && !errors.Is(err, tigergraphauth.AlreadyExists):
		t.Errorf("ensure a masked secret: %v", err)
	case !old && (err != nil || ensured.Value() != created.Value()):
		t.Errorf("ensure: %v, %v", ensured, err)
	}

	app := server.connect(t, tigergraphauth.WithSecret(created.Value()))
	if _, err := app.CurrentToken(); !errors.Is(err, tigergraphauth.NoCredentials) {
		t.Errorf("current token before the first: %v", err)
	}
	token, err := app.GetToken(background, tigergraphauth.Lifetime(time.Hour))
	must(t, err)
	if token.Header() != "Bearer "+token.Value() || token.Value() == "" {
		t.Error("the header is not that of the value")
	}
	if left := time.Until(token.ExpiresAt()); left < 59*time.Minute || left > 61*time.Minute {
		t.Errorf("the token lives for %v", left)
	}
	aside, err := app.GetToken(background, tigergraphauth.KeepCurrent(), tigergraphauth.ForSecret(created.Value()))
	must(t, err)
	current, err := app.CurrentToken()
	must(t, err)
	handed, err := app.Authorization(background)
	must(t, err)
	if current.Value() != token.Value() || handed.Value() != token.Value() || aside.Value() == token.Value() {
		t.Error("the current token is not the one that was asked for first")
	}

	refreshed, err := app.RefreshToken(background, tigergraphauth.Lifetime(2*time.Hour))
	switch {
	case old && (err != nil || time.Until(refreshed.ExpiresAt()) < 119*time.Minute):
		t.Errorf("refresh: %v, %v", refreshed, err)
	case !old && !errors.Is(err, tigergraphauth.Reason("unsupported.refresh")):
		t.Errorf("refresh: %v", err)
	}
	renewed, err := app.RefreshToken(background, tigergraphauth.OrNew(), tigergraphauth.ForToken(token.Value()),
		tigergraphauth.KeepCurrent())
	must(t, err)
	valid, err := app.CheckJWTToken(background, renewed.Value())
	switch {
	case old && !errors.Is(err, tigergraphauth.Unsupported):
		t.Errorf("check: %v", err)
	case !old && (err != nil || !valid):
		t.Errorf("check: %v, %v", valid, err)
	}
	if got, err := app.ServerVersion(background); err != nil || !strings.HasPrefix(got.String(), version+".") {
		t.Errorf("version: %v, %v", got, err)
	}

	must(t, app.DeleteToken(background, tigergraphauth.ForToken(aside.Value())))
	must(t, app.DeleteToken(background))
	if _, err := app.CurrentToken(); err == nil {
		t.Error("a deleted token is still current")
	}
	fresh, err := app.Authorization(background)
	must(t, err)
	app.RejectToken(fresh)
	next, err := app.Authorization(background)
	must(t, err)
	if next.Value() == fresh.Value() {
		t.Error("a rejected token was handed out")
	}

	must(t, conn.DropSecret(background, "ci"))
	if err := conn.DropSecret(background, "ci"); !errors.Is(err, tigergraphauth.Reason("missing.secret")) {
		t.Errorf("drop twice: %v", err)
	}
	must(t, conn.DropSecret(background, "ci", tigergraphauth.IgnoreMissing()))
	if n, err := conn.DropSecrets(background, []string{unnamed.Alias()}); n != 1 || err != nil {
		t.Errorf("drop one: %d, %v", n, err)
	}
	if n, err := conn.DropSecrets(background, nil); n != 0 || err != nil {
		t.Errorf("drop none: %d, %v", n, err)
	}
}

// What only superusers of 4.1 and later may do, and a value of one's own.
func TestSecretsOfOthers(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, tigergraphauth.WithPassword("tigergraph", "tigergraph"))
	alice := tigergraphauth.User("alice")
	value := "abcdefghijklmnopqrstuvwxyz012345"
	created, err := conn.CreateSecret(background, tigergraphauth.Alias("s"), tigergraphauth.Value(value), alice)
	must(t, err)
	if created.Value() != value {
		t.Error("another value")
	}
	own, err := conn.GetSecrets(background)
	must(t, err)
	others, err := conn.GetSecrets(background, alice)
	must(t, err)
	if len(own) != 0 || len(others) != 1 {
		t.Errorf("%v, %v", own, others)
	}
	must(t, conn.DropSecret(background, "s", alice))
}

// A JWT as login, and settings that are read from files or told at once.
func TestSettings(t *testing.T) {
	server := startStandin(t, "4.2", "--tls")
	token, err := server.connect(t, withAlice()).GetToken(background, tigergraphauth.Global())
	must(t, err)
	conn := server.connect(t, tigergraphauth.WithJWT(token.Value()), tigergraphauth.WithServerVersion("4.2"),
		tigergraphauth.WithUserAgent("tests"), tigergraphauth.WithTGCloud(false), tigergraphauth.WithProxy("env"),
		tigergraphauth.WithPorts(0, 0), tigergraphauth.WithTokenLifetime(time.Hour, time.Minute),
		tigergraphauth.WithTimeouts(time.Second, 10*time.Second))
	handed, err := conn.Authorization(background)
	must(t, err)
	if handed.Value() != token.Value() {
		t.Error("another token")
	}
	_, err = tigergraphauth.New(server.GatewayURL, withAlice(), tigergraphauth.WithSecret("canary-secret"))
	if !errors.Is(err, tigergraphauth.Reason("config.conflict")) || strings.Contains(err.Error(), "canary") {
		t.Errorf("two logins: %v", err)
	}
	untrusting := connect(t, server.GatewayURL, withAlice())
	if _, err := untrusting.GetToken(background); !errors.Is(err, tigergraphauth.TLS) {
		t.Errorf("without the CA: %v", err)
	}
	insecure := connect(t, server.GatewayURL, withAlice(), tigergraphauth.WithInsecureTLS())
	_, err = insecure.GetToken(background)
	must(t, err)
	pinned := connect(t, server.GatewayURL, withAlice(),
		tigergraphauth.WithPinSHA256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="))
	if _, err := pinned.GetToken(background); !errors.Is(err, tigergraphauth.Reason("tls.pin_mismatch")) {
		t.Errorf("another pin: %v", err)
	}
	for name, option := range map[string]tigergraphauth.Option{
		"ca_file":        tigergraphauth.WithCAFile("/nowhere"),
		"ca_pem":         tigergraphauth.WithCAPEM("nothing"),
		"client_cert":    tigergraphauth.WithClientCert("/nowhere", "/nowhere"),
		"server_version": tigergraphauth.WithServerVersion("x"),
		"proxy":          tigergraphauth.WithProxy("x://y"),
		"token lifetime": tigergraphauth.WithTokenLifetime(-time.Nanosecond, 0),
		"timeouts":       tigergraphauth.WithTimeouts(-time.Nanosecond, 0),
	} {
		_, err := tigergraphauth.New("https://db.example.com", option)
		if !errors.Is(err, tigergraphauth.InvalidArgument) || !strings.Contains(err.Error(), "\""+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := tigergraphauth.New("http://db.example.com"); !errors.Is(err, tigergraphauth.Reason("config.plain_http")) {
		t.Errorf("plain http: %v", err)
	}
	connect(t, "http://db.example.com", tigergraphauth.WithAllowHTTP(), nil)
}

func TestFailureTellsEverything(t *testing.T) {
	server := startStandin(t, "3.10")
	conn := server.connect(t, tigergraphauth.WithSecret("wrongwrongwrongwrongwrongwrong"))
	_, err := conn.GetToken(background)
	var failure *tigergraphauth.Error
	if !errors.As(err, &failure) {
		t.Fatal(err)
	}
	if failure.Status != tigergraphauth.Unauthenticated || failure.Reason != "auth.bad_secret" || failure.Hint == "" ||
		failure.HTTPStatus != 200 || failure.ServerCode != "" || failure.RetryAfter >= 0 {
		t.Errorf("%+v", *failure)
	}
	if !errors.Is(err, tigergraphauth.Unauthenticated) || errors.Is(err, tigergraphauth.NotFound) ||
		!errors.Is(err, tigergraphauth.Reason("auth.bad_secret")) || errors.Is(err, tigergraphauth.ErrClosed) {
		t.Error("the error is what it is not, or not what it is")
	}
	server.fault(t, "/restpp/requesttoken", "Reply", 3, `,"status":503,"headers":{"Retry-After":"0"},"body":"busy"`)
	_, err = conn.GetToken(background)
	if !errors.As(err, &failure) || failure.Status != tigergraphauth.Unavailable || failure.RetryAfter != 0 ||
		failure.HTTPStatus != 503 {
		t.Errorf("%+v", failure)
	}
	body := `"{\"error\":true,\"message\":\"no\",\"code\":\"REST-10018\"}"`
	server.fault(t, "/restpp/requesttoken", "Reply", 1, `,"status":403,"content_type":"application/json","body":`+body)
	_, err = conn.GetToken(background)
	if !errors.As(err, &failure) || failure.ServerCode != "REST-10018" || failure.HTTPStatus != 403 {
		t.Errorf("%+v", failure)
	}
}

func TestSettingsFromAFile(t *testing.T) {
	server := startStandin(t, "3.10")
	file := filepath.Join(t.TempDir(), ".env")
	content := "TG_HOST=" + server.GatewayURL + "\nTG_USERNAME=alice\nTG_PASSWORD='opensesame'\n"
	must(t, os.WriteFile(file, []byte(content), 0o600))
	t.Setenv("TG_GRAPHNAME", "MyGraph")
	conn, err := tigergraphauth.NewFromEnvironment(tigergraphauth.WithEnvironmentFile(file))
	must(t, err)
	defer conn.Close()
	_, err = conn.GetSecrets(background)
	must(t, err)
	must(t, os.Chmod(file, 0o644))
	_, err = tigergraphauth.NewFromEnvironment(tigergraphauth.WithEnvironmentFile(file))
	if !errors.Is(err, tigergraphauth.Reason("config.file")) {
		t.Error(err)
	}
}

func TestSettingsFromTheEnvironment(t *testing.T) {
	server := startStandin(t, "3.10")
	t.Setenv("TG_HOST", server.GatewayURL)
	t.Setenv("TG_GRAPHNAME", "MyGraph")
	t.Setenv("TG_USERNAME", "alice")
	t.Setenv("TG_PASSWORD", "opensesame")
	conn, err := tigergraphauth.NewFromEnvironment()
	must(t, err)
	defer conn.Close()
	created, err := conn.CreateSecret(background)
	must(t, err)
	_, err = connect(t, server.GatewayURL, tigergraphauth.WithEnvironment()).GetSecrets(background)
	must(t, err)
	own := connect(t, server.GatewayURL, tigergraphauth.WithEnvironment(), tigergraphauth.WithSecret(created.Value()))
	_, err = own.GetToken(background)
	must(t, err)
	t.Setenv("STAGING_TG_SECRET", created.Value())
	staging, err := tigergraphauth.NewFromEnvironment(tigergraphauth.WithProfile("staging"))
	must(t, err)
	defer staging.Close()
	_, err = staging.GetToken(background)
	must(t, err)
	_, err = tigergraphauth.NewFromEnvironment(tigergraphauth.WithProfile("nobody"))
	if !errors.Is(err, tigergraphauth.Reason("config.profile")) {
		t.Error(err)
	}
	t.Setenv("TG_RESTPP_PORT", "many")
	if _, err := tigergraphauth.NewFromEnvironment(); !errors.Is(err, tigergraphauth.InvalidArgument) ||
		!strings.Contains(err.Error(), "TG_RESTPP_PORT") {
		t.Error(err)
	}
	t.Setenv("TG_HOST", "")
	_, err = tigergraphauth.NewFromEnvironment()
	var failure *tigergraphauth.Error
	if !errors.As(err, &failure) || failure.Reason != "argument.null" ||
		!strings.HasPrefix(failure.Hint, "Give the server's address to New, or set TG_HOST") {
		t.Errorf("%#v", err)
	}
}

// A token that one connection has requested is the other's, too, unless it has no cache.
func TestTokenCache(t *testing.T) {
	server := startStandin(t, "4.2")
	secret, err := server.connect(t, withAlice()).CreateSecret(background)
	must(t, err)
	folder := filepath.Join(t.TempDir(), "tokens")
	login := tigergraphauth.WithSecret(secret.Value())
	authorize := func(options ...tigergraphauth.Option) (token string, requests int) {
		conn := server.connect(t, append(options, login, tigergraphauth.WithServerVersion("4.2"))...)
		before := server.requests(t)
		authorization, err := conn.Authorization(background)
		must(t, err)
		return authorization.Value(), server.requests(t) - before
	}
	first, asked := authorize(tigergraphauth.WithTokenCache(folder))
	second, notAsked := authorize(tigergraphauth.WithTokenCache(folder))
	if first != second || asked != 1 || notAsked != 0 {
		t.Errorf("the same token: %v, %d and %d requests", first == second, asked, notAsked)
	}
	t.Setenv("TG_TOKEN_CACHE", folder)
	if again, asked := authorize(tigergraphauth.WithEnvironment()); again != first || asked != 0 {
		t.Errorf("by the environment: %d requests", asked)
	}
	none := []tigergraphauth.Option{tigergraphauth.WithEnvironment(), tigergraphauth.WithTokenCache("none")}
	if other, asked := authorize(none...); other == first || asked != 1 {
		t.Errorf("without a cache: %d requests", asked)
	}
	must(t, os.Chmod(folder, 0o755))
	_, err = tigergraphauth.New(server.GatewayURL, login, tigergraphauth.WithTokenCache(folder))
	if !errors.Is(err, tigergraphauth.Reason("config.file")) || !strings.Contains(err.Error(), "\"token_cache\"") {
		t.Error(err)
	}
	jwt := tigergraphauth.WithJWT("canarycanary")
	_, err = tigergraphauth.New(server.GatewayURL, jwt, tigergraphauth.WithTokenCache(folder))
	if !errors.Is(err, tigergraphauth.Reason("config.conflict")) {
		t.Error(err)
	}
}

func TestDiagnosis(t *testing.T) {
	server := startStandin(t, "4.2")
	before := server.requests(t)
	conn := server.connect(t, withAlice())
	report, err := conn.Diagnose(background, tigergraphauth.Offline())
	must(t, err)
	if !strings.HasPrefix(report.String(), "Nothing was sent") || server.requests(t) != before {
		t.Error(report)
	}
	report, err = conn.Diagnose(background)
	must(t, err)
	if !strings.Contains(report.JSON, `"ok":true`) || server.requests(t) == before {
		t.Error(report)
	}
	server.fault(t, "/", "Reply", 100, `,"status":503,"body":"busy"`)
	report, err = server.connect(t, withAlice()).Diagnose(background)
	must(t, err)
	if !strings.Contains(report.JSON, `"ok":false`) || strings.Contains(report.JSON+report.Text, "opensesame") {
		t.Error(report)
	}
}
