// The conformance program for Go: tests/conformance/README.md of the repository says what it does.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

func main() {
	p := &program{log: new(lines)}
	defer p.close()
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		fmt.Println(p.answer(strings.TrimSuffix(line, "\n")))
	}
}

// program is what a line of commands works on.
type program struct {
	conn     *tigergraphauth.Conn
	log      *lines
	provider *provider
	tokens   map[string]*tigergraphauth.Token
}

// answer carries out a command. Its fields are those of the call that is made, or of the error.
func (p *program) answer(line string) string {
	c := parse(line)
	ctx, cancel := c.context()
	defer cancel()
	told, err := p.carryOut(ctx, c)
	var failure *tigergraphauth.Error
	switch {
	case err == nil:
		return strings.Join(append([]string{"ok"}, told...), "\t")
	case errors.As(err, &failure):
		return strings.Join(append([]string{"error"}, fieldsOfError(failure)...), "\t")
	}
	panic(err)
}

func (p *program) carryOut(ctx context.Context, c command) ([]string, error) {
	switch c.word {
	case "connect":
		return nil, p.connect(c)
	case "close":
		p.close()
		return nil, nil
	case "take_log":
		return p.log.take(), nil
	case "provider_calls":
		return p.provider.told(), nil
	case "library_version":
		return []string{field("version", tigergraphauth.LibraryVersion())}, nil
	case "get_secrets":
		return ofSecrets(p.conn.GetSecrets(ctx, ofUser(c)...))
	case "show_secrets":
		return ofSecrets(p.conn.ShowSecrets(ctx, ofUser(c)...))
	case "create_secret":
		return ofSecret(p.conn.CreateSecret(ctx, forCreation(c)...))
	case "ensure_secret":
		return ofSecret(p.conn.EnsureSecret(ctx, c.text("alias")))
	case "drop_secret":
		return nil, p.conn.DropSecret(ctx, c.text("alias"), forDropping(c)...)
	case "drop_secrets":
		n, err := p.conn.DropSecrets(ctx, c.fields["alias"], forDropping(c)...)
		return []string{field("dropped", n)}, err
	case "get_token":
		return p.ofToken(p.conn.GetToken(ctx, forToken(c)...))
	case "refresh_token":
		return p.ofToken(p.conn.RefreshToken(ctx, forRefresh(c)...))
	case "delete_token":
		return nil, p.conn.DeleteToken(ctx, forDeletion(c)...)
	case "check_jwt_token":
		valid, err := p.conn.CheckJWTToken(ctx, c.text("jwt"))
		return []string{field("valid", digit(valid))}, err
	case "authorization":
		return p.ofToken(p.conn.Authorization(ctx))
	case "current_token":
		return p.ofToken(p.conn.CurrentToken())
	case "reject_token":
		p.conn.RejectToken(p.tokens[c.text("value")])
		return nil, nil
	case "get_secret":
		return ofSecret(p.conn.GetSecret(ctx, c.text("alias"), ofUser(c)...))
	case "check_token":
		valid, err := p.conn.CheckToken(ctx, p.tokens[c.text("value")])
		return []string{field("valid", digit(valid))}, err
	case "url":
		return []string{field("url", p.conn.URLOf(server(c), ""))}, nil
	case "token_url":
		return []string{field("url", p.tokens[c.text("value")].URLOf(server(c), ""))}, nil
	case "ca_pem":
		return []string{field("ca_pem", p.conn.CAPEM())}, nil
	case "is_token_refused":
		refused := tigergraphauth.IsTokenRefused(server(c), int(c.number("http_status")), []byte(c.text("body")))
		return []string{field("refused", digit(refused))}, nil
	case "send":
		return p.send(ctx, c)
	case "diagnose":
		report, err := p.conn.Diagnose(ctx, forDiagnosis(c)...)
		return []string{field("text", report.Text), field("json", report.JSON)}, err
	case "server_version":
		version, err := p.conn.ServerVersion(ctx)
		return []string{field("version", version)}, err
	}
	panic("no command: " + c.word)
}

func server(c command) tigergraphauth.Part {
	if c.text("server") == "gateway" {
		return tigergraphauth.Gateway
	}
	return tigergraphauth.RESTPP
}

func (p *program) send(ctx context.Context, c command) ([]string, error) {
	request := &tigergraphauth.Request{
		Method: c.text("method"), Part: server(c), Path: c.text("path"), ContentType: c.text("content_type"),
		ResponseLimit: c.number("response_limit"),
	}
	if c.has("header_name") {
		request.Header = map[string]string{c.text("header_name"): c.text("header_value")}
	}
	if c.has("body") {
		request.Body = []byte(c.text("body"))
	}
	response, err := p.conn.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	return []string{field("http_status", response.StatusCode),
		field("content_type", response.Header("Content-Type")), field("body", string(response.Body))}, nil
}

func (p *program) close() {
	p.conn.Close()
	p.conn, p.tokens = nil, nil
}

func (p *program) connect(c command) error {
	log := new(lines)
	brings := &provider{program: p, answers: c.fields["provider"]}
	options := settings(c, log)
	if c.has("provider") {
		options = append(options, tigergraphauth.WithTokenProvider(brings.provide))
	}
	conn, err := open(c, options)
	if err != nil {
		return err
	}
	p.close()
	p.conn, p.log, p.provider, p.tokens = conn, log, brings, map[string]*tigergraphauth.Token{}
	return nil
}

// open makes a connection; without a host it is that of the environment.
func open(c command, options []tigergraphauth.Option) (*tigergraphauth.Conn, error) {
	if c.has("host") {
		return tigergraphauth.New(c.text("host"), options...)
	}
	return tigergraphauth.NewFromEnvironment(options...)
}

// provider brings what the scenario has it answer, one call after the other; the last answer stays.
type provider struct {
	program *program
	answers []string

	mutex     sync.Mutex
	calls     int
	hadTime   bool
	cancelled bool
}

func (p *provider) provide(ctx context.Context) (token string, expiresAt time.Time, err error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	turn := p.calls
	p.calls++
	if turn >= len(p.answers) {
		turn = len(p.answers) - 1
	}
	answer := strings.SplitN(p.answers[turn], " ", 3)
	kind, words := answer[0], answer[2]
	number, err := strconv.ParseInt(answer[1], 10, 64)
	if err != nil {
		return "", time.Time{}, err
	}
	end, hasEnd := ctx.Deadline()
	p.hadTime = hasEnd && time.Until(end) > 0
	if kind == "wait" {
		<-ctx.Done()
	}
	p.cancelled = ctx.Err() != nil
	switch {
	case kind == "token" && number == 0:
		return words, time.Time{}, nil
	case kind == "token":
		return words, time.Now().Add(times(number, time.Second)), nil
	case kind == "within":
		words = p.reasonFromWithin(ctx)
	}
	wait := times(number, time.Millisecond)
	return "", time.Time{}, &tigergraphauth.ProviderError{Message: words, Refused: kind == "refused", RetryAfter: wait}
}

// reasonFromWithin is why a call of the provider's own connection fails.
func (p *provider) reasonFromWithin(ctx context.Context) string {
	_, err := p.program.conn.Authorization(ctx)
	var failure *tigergraphauth.Error
	if errors.As(err, &failure) {
		return string(failure.Reason)
	}
	return fmt.Sprint(err)
}

// told is, once it has answered, how often it was asked, and what its last request was like.
func (p *provider) told() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return []string{field("calls", p.calls), field("had_time", digit(p.hadTime)), field("cancelled", digit(p.cancelled))}
}

func settings(c command, log *lines) []tigergraphauth.Option {
	var options []tigergraphauth.Option
	for name, option := range map[string]func(string) tigergraphauth.Option{
		"graph":          tigergraphauth.WithGraph,
		"secret":         tigergraphauth.WithSecret,
		"api_token":      tigergraphauth.WithAPIToken,
		"jwt":            tigergraphauth.WithJWT,
		"secret_file":    tigergraphauth.WithSecretFile,
		"jwt_file":       tigergraphauth.WithJWTFile,
		"server_version": tigergraphauth.WithServerVersion,
		"ca_file":        tigergraphauth.WithCAFile,
		"ca_pem":         tigergraphauth.WithCAPEM,
		"added_ca_file":  tigergraphauth.WithAddedCAFile,
		"pin_sha256":     tigergraphauth.WithPinSHA256,
		"proxy":          tigergraphauth.WithProxy,
		"user_agent":     tigergraphauth.WithUserAgent,
		"token_cache":    tigergraphauth.WithTokenCache,
		"profile":        tigergraphauth.WithProfile,
		"env_file":       tigergraphauth.WithEnvironmentFile,

		"oauth2_client_secret_file": tigergraphauth.WithOAuth2SecretFile,
	} {
		if c.has(name) {
			options = append(options, option(c.text(name)))
		}
	}
	add := func(option tigergraphauth.Option, names ...string) {
		for _, name := range names {
			if c.has(name) {
				options = append(options, option)
				return
			}
		}
	}
	port := func(name string) uint16 { return uint16(c.number(name)) }
	if c.has("password_file") {
		add(tigergraphauth.WithPasswordFile(c.text("username"), c.text("password_file")), "password_file")
	} else {
		add(tigergraphauth.WithPassword(c.text("username"), c.text("password")), "username", "password")
	}
	add(tigergraphauth.WithClientCert(c.text("client_cert"), c.text("client_key")), "client_cert", "client_key")
	add(tigergraphauth.WithPorts(port("restpp_port"), port("gsql_port")), "restpp_port", "gsql_port")
	add(tigergraphauth.WithTGCloud(c.number("tgcloud") > 0), "tgcloud")
	add(tigergraphauth.WithInsecureTLS(), "insecure_tls")
	add(tigergraphauth.WithAllowHTTP(), "allow_http")
	add(tigergraphauth.WithTimeouts(c.milliseconds("connect_ms"), c.milliseconds("total_ms")), "connect_ms", "total_ms")
	add(tigergraphauth.WithTokenLifetime(c.seconds("lifetime_s"), c.seconds("renew_before_s")),
		"lifetime_s", "renew_before_s")
	add(tigergraphauth.WithOAuth2(c.text("oauth2_url"), c.text("oauth2_client_id"), c.text("oauth2_client_secret")),
		"oauth2_url", "oauth2_client_id", "oauth2_client_secret")
	for _, parameter := range c.fields["oauth2_parameter"] {
		name, value, _ := strings.Cut(parameter, "=")
		options = append(options, tigergraphauth.WithOAuth2Parameter(name, value))
	}
	add(tigergraphauth.WithEnvironment(), "env")
	add(tigergraphauth.WithLog(tigergraphauth.LogLevel(c.number("log")), log.add), "log")
	return options
}

// The options of calls. A field that is missing is an option that is not given.

func ofUser(c command) []tigergraphauth.GetSecretsOption {
	if c.has("user") {
		return []tigergraphauth.GetSecretsOption{tigergraphauth.User(c.text("user"))}
	}
	return nil
}

func forCreation(c command) (options []tigergraphauth.CreateSecretOption) {
	if c.has("alias") {
		options = append(options, tigergraphauth.Alias(c.text("alias")))
	}
	if c.has("value") {
		options = append(options, tigergraphauth.Value(c.text("value")))
	}
	if c.has("user") {
		options = append(options, tigergraphauth.User(c.text("user")))
	}
	return options
}

func forDropping(c command) (options []tigergraphauth.DropSecretOption) {
	if c.has("user") {
		options = append(options, tigergraphauth.User(c.text("user")))
	}
	if c.has("ignore_missing") {
		options = append(options, tigergraphauth.IgnoreMissing())
	}
	return options
}

func forToken(c command) (options []tigergraphauth.GetTokenOption) {
	if c.has("secret") {
		options = append(options, tigergraphauth.ForSecret(c.text("secret")))
	}
	if c.has("lifetime_s") {
		options = append(options, tigergraphauth.Lifetime(c.seconds("lifetime_s")))
	}
	if c.has("keep_current") {
		options = append(options, tigergraphauth.KeepCurrent())
	}
	if c.has("global") {
		options = append(options, tigergraphauth.Global())
	}
	return options
}

func forRefresh(c command) (options []tigergraphauth.RefreshTokenOption) {
	if c.has("secret") {
		options = append(options, tigergraphauth.ForSecret(c.text("secret")))
	}
	if c.has("token") {
		options = append(options, tigergraphauth.ForToken(c.text("token")))
	}
	if c.has("lifetime_s") {
		options = append(options, tigergraphauth.Lifetime(c.seconds("lifetime_s")))
	}
	if c.has("keep_current") {
		options = append(options, tigergraphauth.KeepCurrent())
	}
	if c.has("global") {
		options = append(options, tigergraphauth.Global())
	}
	if c.has("or_new") {
		options = append(options, tigergraphauth.OrNew())
	}
	return options
}

func forDeletion(c command) (options []tigergraphauth.DeleteTokenOption) {
	if c.has("secret") {
		options = append(options, tigergraphauth.ForSecret(c.text("secret")))
	}
	if c.has("token") {
		options = append(options, tigergraphauth.ForToken(c.text("token")))
	}
	if c.has("ignore_missing") {
		options = append(options, tigergraphauth.IgnoreMissing())
	}
	return options
}

func forDiagnosis(c command) []tigergraphauth.DiagnoseOption {
	if c.has("offline") {
		return []tigergraphauth.DiagnoseOption{tigergraphauth.Offline()}
	}
	return nil
}

// Answers.

func (p *program) ofToken(token *tigergraphauth.Token, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	p.tokens[token.Value()] = token
	seconds, expiration := int64(0), ""
	if ends := token.ExpiresAt(); !ends.IsZero() {
		seconds, expiration = ends.Unix(), ends.Format(time.RFC3339)
	}
	return []string{field("value", token.Value()), field("header", token.Header()),
		field("expires_at", seconds), field("expiration", expiration)}, nil
}

func ofSecret(secret tigergraphauth.Secret, err error) ([]string, error) {
	return ofSecrets(tigergraphauth.Secrets{secret}, err)
}

func ofSecrets(secrets tigergraphauth.Secrets, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	told := []string{field("count", len(secrets))}
	for _, secret := range secrets {
		told = append(told, field("alias", secret.Alias()), field("value", secret.Value()),
			field("graph", secret.Graph()), field("masked", digit(secret.IsMasked())))
	}
	return told, nil
}

func fieldsOfError(failure *tigergraphauth.Error) []string {
	wait := int64(-1)
	if failure.RetryAfter >= 0 {
		wait = failure.RetryAfter.Milliseconds()
	}
	return []string{field("status", failure.Status), field("reason", string(failure.Reason)),
		field("message", failure.Message), field("hint", failure.Hint), field("server_code", failure.ServerCode),
		field("http_status", failure.HTTPStatus), field("retry_after_ms", wait)}
}

func digit(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func field(name string, value interface{}) string {
	var escaped strings.Builder
	for _, b := range []byte(fmt.Sprint(value)) {
		if b < 0x20 || b >= 0x7f || b == '%' {
			fmt.Fprintf(&escaped, "%%%02X", b)
		} else {
			escaped.WriteByte(b)
		}
	}
	return name + "=" + escaped.String()
}

// lines are what was logged since the last look.
type lines struct {
	mutex sync.Mutex
	kept  []string
}

func (l *lines) add(level tigergraphauth.LogLevel, message string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.kept = append(l.kept, field("line", fmt.Sprintf("%d %s", level, message)))
}

func (l *lines) take() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	taken := l.kept
	l.kept = nil
	return taken
}

// command is a line, taken apart.
type command struct {
	word   string
	fields map[string][]string
}

func parse(line string) command {
	parts := strings.Split(line, "\t")
	c := command{word: parts[0], fields: map[string][]string{}}
	for _, part := range parts[1:] {
		name, escaped, _ := strings.Cut(part, "=")
		value, err := url.PathUnescape(escaped)
		if err != nil {
			panic(err)
		}
		c.fields[name] = append(c.fields[name], value)
	}
	return c
}

func (c command) has(name string) bool { return len(c.fields[name]) > 0 }

func (c command) text(name string) string {
	if c.has(name) {
		return c.fields[name][0]
	}
	return ""
}

func (c command) number(name string) int64 {
	if !c.has(name) {
		return 0
	}
	n, err := strconv.ParseInt(c.text(name), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (c command) milliseconds(name string) time.Duration {
	return times(c.number(name), time.Millisecond)
}

func (c command) seconds(name string) time.Duration { return times(c.number(name), time.Second) }

// times is n units, or as much as a Duration holds: 292 years.
func times(n int64, unit time.Duration) time.Duration {
	switch most := math.MaxInt64 / int64(unit); {
	case n > most:
		return math.MaxInt64
	case n < -most:
		return math.MinInt64
	}
	return time.Duration(n) * unit
}

// context is that of the call, if it has a limit of its own or is to be stopped.
func (c command) context() (context.Context, context.CancelFunc) {
	switch {
	case c.has("timeout_ms"):
		return context.WithTimeout(context.Background(), c.milliseconds("timeout_ms"))
	case c.has("cancel_after_ms"):
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(c.milliseconds("cancel_after_ms"), cancel)
		return ctx, cancel
	}
	return context.Background(), func() {}
}
