package tigergraphauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

// Text with a NUL in it, which C would take to end there.
const canary = "canary"
const cut = canary + "\x00" + canary

func mustRefuse(t *testing.T, name string, err error) {
	t.Helper()
	if !errors.Is(err, tigergraphauth.InvalidArgument) ||
		!errors.Is(err, tigergraphauth.Reason("argument.control_character")) {
		t.Errorf("%s: %v", name, err)
		return
	}
	text := strings.ReplaceAll(err.Error(), "\"", "")
	if !strings.Contains(text, name+" holds a NUL character") || strings.Contains(text, canary) {
		t.Errorf("%s: %v", name, err)
	}
}

func TestSettingsWithNUL(t *testing.T) {
	for name, option := range map[string]tigergraphauth.Option{
		"graph":          tigergraphauth.WithGraph(cut),
		"username":       tigergraphauth.WithPassword(cut, "x"),
		"password":       tigergraphauth.WithPassword("x", cut),
		"secret":         tigergraphauth.WithSecret(cut),
		"api_token":      tigergraphauth.WithAPIToken(cut),
		"jwt":            tigergraphauth.WithJWT(cut),
		"password_file":  tigergraphauth.WithPasswordFile("x", cut),
		"secret_file":    tigergraphauth.WithSecretFile(cut),
		"jwt_file":       tigergraphauth.WithJWTFile(cut),
		"server_version": tigergraphauth.WithServerVersion(cut),
		"ca_file":        tigergraphauth.WithCAFile(cut),
		"ca_pem":         tigergraphauth.WithCAPEM(cut),
		"added_ca_file":  tigergraphauth.WithAddedCAFile(cut),
		"client_cert":    tigergraphauth.WithClientCert(cut, "x"),
		"client_key":     tigergraphauth.WithClientCert("x", cut),
		"pin_sha256":     tigergraphauth.WithPinSHA256(cut),
		"proxy":          tigergraphauth.WithProxy(cut),
		"user_agent":     tigergraphauth.WithUserAgent(cut),

		"oauth2_url":                tigergraphauth.WithOAuth2(cut, "x", "x"),
		"oauth2_client_id":          tigergraphauth.WithOAuth2("x", cut, "x"),
		"oauth2_client_secret":      tigergraphauth.WithOAuth2("x", "x", cut),
		"oauth2_client_secret_file": tigergraphauth.WithOAuth2SecretFile(cut),
		"oauth2_parameter":          tigergraphauth.WithOAuth2Parameter("x", cut),
		"token_cache":               tigergraphauth.WithTokenCache(cut),
		"setting oauth2_parameter":  tigergraphauth.WithOAuth2Parameter(cut, "x"),
	} {
		_, err := tigergraphauth.New("https://db.example.com", option)
		mustRefuse(t, name, err)
	}
	_, err := tigergraphauth.New("https://db.example.com\x00.evil.example")
	mustRefuse(t, "host", err)
}

func TestArgumentsWithNUL(t *testing.T) {
	address, accepted := silent(t)
	conn := connect(t, "http://"+address, withAlice(), tigergraphauth.WithServerVersion("4.2"))
	for _, ctx := range []context.Context{background, withoutDeadline{context.TODO()}} {
		_, err := conn.GetSecrets(ctx, tigergraphauth.User(cut))
		mustRefuse(t, "user", err)
		_, err = conn.ShowSecrets(ctx, tigergraphauth.User(cut))
		mustRefuse(t, "user", err)
		_, err = conn.CreateSecret(ctx, tigergraphauth.Alias(cut))
		mustRefuse(t, "alias", err)
		_, err = conn.CreateSecret(ctx, tigergraphauth.Value(cut))
		mustRefuse(t, "value", err)
		_, err = conn.CreateSecret(ctx, tigergraphauth.User(cut))
		mustRefuse(t, "user", err)
		_, err = conn.EnsureSecret(ctx, cut)
		mustRefuse(t, "alias", err)
		mustRefuse(t, "alias", conn.DropSecret(ctx, cut))
		mustRefuse(t, "user", conn.DropSecret(ctx, "a", tigergraphauth.User(cut)))
		_, err = conn.DropSecrets(ctx, []string{"a", cut, "b"})
		mustRefuse(t, "aliases", err)
		_, err = conn.DropSecrets(ctx, nil, tigergraphauth.User(cut))
		mustRefuse(t, "user", err)
		_, err = conn.GetToken(ctx, tigergraphauth.ForSecret(cut))
		mustRefuse(t, "secret", err)
		_, err = conn.RefreshToken(ctx, tigergraphauth.ForSecret(cut))
		mustRefuse(t, "secret", err)
		_, err = conn.RefreshToken(ctx, tigergraphauth.ForToken(cut))
		mustRefuse(t, "token", err)
		mustRefuse(t, "secret", conn.DeleteToken(ctx, tigergraphauth.ForSecret(cut)))
		mustRefuse(t, "token", conn.DeleteToken(ctx, tigergraphauth.ForToken(cut)))
		_, err = conn.CheckJWTToken(ctx, cut)
		mustRefuse(t, "jwt", err)
	}
	if accepted() != 0 {
		t.Error("something was sent")
	}
}

// Texts that the library itself refuses, and options that are nil.
func TestOtherBadArguments(t *testing.T) {
	conn := connect(t, "http://127.0.0.1:1", withAlice(), tigergraphauth.WithServerVersion("4.2"))
	_, err := conn.CreateSecret(background, tigergraphauth.Alias(""))
	if !errors.Is(err, tigergraphauth.Reason("argument.alias")) {
		t.Errorf("empty alias: %v", err)
	}
	if err := conn.DropSecret(background, "\xff"); !errors.Is(err, tigergraphauth.Reason("argument.utf8")) {
		t.Errorf("no UTF-8: %v", err)
	}
	_, err = conn.CheckJWTToken(background, strings.Repeat("x", 1<<17))
	if !errors.Is(err, tigergraphauth.InvalidArgument) {
		t.Errorf("128 KiB: %v", err)
	}
	_, err = conn.GetToken(background, nil, tigergraphauth.Lifetime(-1))
	if !errors.Is(err, tigergraphauth.Reason("argument.range")) {
		t.Errorf("negative lifetime: %v", err)
	}
}

// Whatever prints them, and however deep they are in other values, credentials do not show.
func TestCredentialsDoNotPrint(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, withAlice())
	secret, err := conn.CreateSecret(background, tigergraphauth.Alias("ci"))
	must(t, err)
	secrets, err := conn.GetSecrets(background)
	must(t, err)
	token, err := conn.GetToken(background)
	must(t, err)
	hidden := []string{"opensesame", secret.Value(), token.Value()}

	type exposed struct {
		Conn    *tigergraphauth.Conn
		Token   *tigergraphauth.Token
		Secret  tigergraphauth.Secret
		Secrets tigergraphauth.Secrets
	}
	type buried struct {
		conn    *tigergraphauth.Conn
		token   *tigergraphauth.Token
		deref   tigergraphauth.Token
		secret  tigergraphauth.Secret
		secrets tigergraphauth.Secrets
	}
	options := tigergraphauth.WithSecret(secret.Value())
	values := []interface{}{conn, token, *token, secret, &secret, secrets,
		options, tigergraphauth.ForSecret(secret.Value()),
		exposed{conn, token, secret, secrets}, &exposed{conn, token, secret, secrets},
		buried{conn, token, *token, secret, secrets}, &buried{conn, token, *token, secret, secrets}}
	for _, value := range values {
		var texts []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p"} {
			texts = append(texts, fmt.Sprintf(verb, value))
		}
		if encoded, err := json.Marshal(value); err == nil {
			texts = append(texts, string(encoded))
		}
		for _, text := range texts {
			for _, credential := range hidden {
				if strings.Contains(text, credential) || strings.Contains(text, fmt.Sprintf("%x", credential)) {
					t.Fatalf("a %T prints a credential", value)
				}
			}
		}
	}
	for want, value := range map[string]interface{}{
		"tigergraphauth.Conn(http://127.0.0.1)":   conn,
		"tigergraphauth.Secret(\"ci\", hidden)":   secret,
		"[tigergraphauth.Secret(\"ci\", hidden)]": secrets,
		"tigergraphauth.Token(nil)":               (*tigergraphauth.Token)(nil),
		"tigergraphauth.Secret(\"\", hidden)":     tigergraphauth.Secret{},
		"tigergraphauth.Token(hidden, ends " + token.ExpiresAt().Format("2006-01-02T15:04:05Z") + ")": token,
	} {
		if got := fmt.Sprint(value); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	if got := fmt.Sprintf("%#v", secret); got != "tigergraphauth.Secret(\"ci\", hidden)" {
		t.Error(got)
	}
	if got := fmt.Sprintf("%#v", conn); got != "tigergraphauth.Conn(http://127.0.0.1)" {
		t.Error(got)
	}
}

// The zero values hold nothing, and do no harm.
func TestZeroValues(t *testing.T) {
	var token *tigergraphauth.Token
	var secret tigergraphauth.Secret
	if token.Value()+token.Header()+secret.Value()+secret.Alias()+secret.Graph() != "" || secret.IsMasked() ||
		!token.ExpiresAt().IsZero() {
		t.Error("something in nothing")
	}
}
