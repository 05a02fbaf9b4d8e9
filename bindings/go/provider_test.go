package tigergraphauth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

// issuer signs JWTs that a stand-in accepts.
type issuer struct {
	key    string
	issued atomic.Int64
}

// trustIssuer makes an issuer whose tokens the stand-in accepts.
func (s *standin) trustIssuer(t testing.TB) *issuer {
	t.Helper()
	i := &issuer{key: "the-key-of-the-tests-issuer"}
	s.control(t, "POST", "/issuers", fmt.Sprintf(`{"name":"tests","key":%q}`, i.key))
	return i
}

// token is a new one for alice.
func (i *issuer) token(lifetime time.Duration) string {
	now := time.Now()
	claims := fmt.Sprintf(`{"iss":"tests","sub":"alice","iat":%d,"exp":%d,"jti":"%d"}`,
		now.Unix(), now.Add(lifetime).Unix(), i.issued.Add(1))
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"HS256"}`)) + "." + encode([]byte(claims))
	mac := hmac.New(sha256.New, []byte(i.key))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// nowhere is a connection that needs no server to be asked for a token.
func nowhere(
	t testing.TB, provider tigergraphauth.TokenProvider, options ...tigergraphauth.Option,
) *tigergraphauth.Conn {
	t.Helper()
	options = append(options, tigergraphauth.WithTokenProvider(provider), tigergraphauth.WithServerVersion("4.2"))
	return connect(t, "http://127.0.0.1:1", options...)
}

func TestProvider(t *testing.T) {
	server := startStandin(t, "4.2")
	tokens := server.trustIssuer(t)
	conn := server.connect(t, tigergraphauth.WithTimeouts(0, 7*time.Second), tigergraphauth.WithTokenProvider(
		func(ctx context.Context) (string, time.Time, error) {
			deadline, limited := ctx.Deadline()
			if left := time.Until(deadline); !limited || left <= 0 || left > 7*time.Second+soon/10 || ctx.Err() != nil {
				t.Errorf("limited %v, %v left, %v", limited, left, ctx.Err())
			}
			return tokens.token(time.Hour), time.Time{}, nil
		}))
	if asked := tokens.issued.Load(); asked != 0 {
		t.Errorf("asked %d times before a token was needed", asked)
	}
	_, err := conn.GetSecrets(background)
	must(t, err)
	token, err := conn.Authorization(background)
	must(t, err)
	if left := time.Until(token.ExpiresAt()); left < 59*time.Minute || left > 61*time.Minute {
		t.Errorf("the token lives for %v", left)
	}
	response, err := conn.Do(background, &tigergraphauth.Request{Path: "/echo"})
	if err != nil || response.StatusCode != 200 || tokens.issued.Load() != 1 {
		t.Errorf("%v, %v, asked %d times", response, err, tokens.issued.Load())
	}
	conn.RejectToken(token)
	next, err := conn.Authorization(background)
	must(t, err)
	if next.Value() == token.Value() || tokens.issued.Load() != 2 {
		t.Errorf("asked %d times", tokens.issued.Load())
	}
	_, err = conn.GetToken(background)
	must(t, err)
	_, err = conn.GetToken(background, tigergraphauth.Lifetime(time.Hour))
	if !errors.Is(err, tigergraphauth.InvalidArgument) {
		t.Errorf("with a lifetime: %v", err)
	}
	if asked := tokens.issued.Load(); asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}

// The end that the provider tells is that of the token.
func TestEndOfAProvidersToken(t *testing.T) {
	end := time.Now().Add(90 * time.Minute).Truncate(time.Second)
	for _, want := range []time.Time{{}, end, end.In(time.FixedZone("east", 3600))} {
		conn := nowhere(t, func(context.Context) (string, time.Time, error) { return "an-opaque-token", want, nil })
		token, err := conn.Authorization(background)
		must(t, err)
		if got := token.ExpiresAt(); !got.Equal(want) || token.Value() != "an-opaque-token" {
			t.Errorf("%v, not %v", got, want)
		}
	}
	for _, past := range []time.Time{time.Unix(0, 0), time.Unix(-1e9, 0), time.Now().Add(-time.Hour)} {
		conn := nowhere(t, func(context.Context) (string, time.Time, error) { return "an-opaque-token", past, nil })
		token, err := conn.GetToken(background)
		if err == nil && (token.ExpiresAt().IsZero() || token.ExpiresAt().After(time.Now())) {
			t.Errorf("%v: %v", past, token)
		}
	}
}

func TestFailuresOfAProvider(t *testing.T) {
	refused := tigergraphauth.Reason("provider.refused")
	unavailable := tigergraphauth.Reason("provider.unavailable")
	sealed := &tigergraphauth.ProviderError{Message: "sealed", Refused: true}
	const canary = "canary-of-more-than-20-letters"
	var none *tigergraphauth.ProviderError
	_, wrong := connect(t, "http://127.0.0.1:1").GetToken(background)
	for name, row := range map[string]struct {
		err    error
		reason tigergraphauth.Reason
		words  string
		wait   time.Duration // at least
	}{
		"any error": {errors.New("no vault"), unavailable, "has no token: no vault", 0},
		"refusal":   {sealed, refused, "was refused: sealed", 20 * time.Second},
		"wrapped":   {fmt.Errorf("vault: %w", sealed), refused, "vault: sealed", 20 * time.Second},
		"later":     {&tigergraphauth.ProviderError{RetryAfter: time.Minute}, unavailable, "no token", 55 * time.Second},
		"refused later": {&tigergraphauth.ProviderError{Refused: true, RetryAfter: 5 * time.Minute}, refused, "",
			4 * time.Minute},
		"a connection's": {&tigergraphauth.Error{Status: tigergraphauth.Forbidden, Message: "not you",
			RetryAfter: 2 * time.Minute}, refused, "not you", time.Minute},
		"wrong settings": {wrong, unavailable, "credentials.none", 0},
		"context":        {context.DeadlineExceeded, unavailable, "deadline exceeded", 0},
		"odd text":       {errors.New("a\x00b\n\xffc"), unavailable, "a b", 0},
		"long text":      {errors.New(strings.Repeat("long ", 1<<16)), unavailable, "long long", 0},
		"credential":     {errors.New("password=" + canary), unavailable, "", 0},
		"nil in an any":  {none, unavailable, "panic in the provider", 0},
	} {
		row := row
		asked := 0
		conn := nowhere(t, func(context.Context) (string, time.Time, error) {
			asked++
			return "a-token-beside-an-error", time.Time{}, row.err
		})
		for i := 0; i < 3; i++ {
			_, err := conn.Authorization(background)
			var failure *tigergraphauth.Error
			if !errors.As(err, &failure) || failure.Reason != row.reason || !strings.Contains(failure.Message, row.words) ||
				failure.RetryAfter < row.wait || failure.Hint == "" || strings.Contains(err.Error(), canary) {
				t.Errorf("%s: %v, wait %v", name, err, failure.RetryAfter)
			}
			if row.reason == refused != errors.Is(err, tigergraphauth.Unauthenticated) {
				t.Errorf("%s: %v", name, failure.Status)
			}
			if row.wait == 0 {
				break // it is asked again soon
			}
		}
		if asked != 1 {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
}

func TestPanicsOfAProvider(t *testing.T) {
	var nothing *tigergraphauth.Error
	for words, act := range map[string]func(){
		"out of luck":         func() { panic("out of luck") },
		"nil pointer":         func() { nothing.Message = "x" },
		"index out of range":  func() { _ = make([]int, len(words0))[len(words0)] },
		"panic in the":        func() { panic(nil) },
		"stack was deep, too": func() { panic(fmt.Sprintf("stack was deep, too%.0d", deep(1<<16))) },
	} {
		act := act
		conn := nowhere(t, func(context.Context) (string, time.Time, error) {
			act()
			return "never-this-token", time.Time{}, nil
		})
		_, err := conn.Authorization(background)
		if !errors.Is(err, tigergraphauth.Reason("provider.unavailable")) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", words, err)
		}
	}
}

const words0 = "four"

// deep takes 8 MiB of stack, where the thread has one.
//
//go:noinline
func deep(calls int) int {
	var room [100]byte
	room[calls%100] = 1
	if calls == 0 {
		return 0
	}
	return deep(calls-1) + int(room[(calls+1)%100])
}

func TestWhatIsNoToken(t *testing.T) {
	for _, text := range []string{"", "1234567", "Bearer 12345678", "12345678\n", "1234,5678", "12345678\x00",
		"12345678\xff", strings.Repeat("x", 8193), strings.Repeat("x", 1<<20)} {
		text := text
		conn := nowhere(t, func(context.Context) (string, time.Time, error) { return text, time.Time{}, nil })
		_, err := conn.Authorization(background)
		if !errors.Is(err, tigergraphauth.Reason("protocol.shape")) || strings.Contains(err.Error(), "1234") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// patient is a provider that waits for the end of its context and tells what that was.
func patient(ended chan error) tigergraphauth.TokenProvider {
	return func(ctx context.Context) (string, time.Time, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return "a-token-too-late", time.Time{}, ctx.Err()
	}
}

// A provider's context ends with the call that waits for it, with its time, and with the connection.
func TestContextOfAProvider(t *testing.T) {
	for name, row := range map[string]struct {
		limit       time.Duration
		end         func(cancel func(), conn *tigergraphauth.Conn)
		call, asked error
	}{
		"cancelled": {0, func(cancel func(), _ *tigergraphauth.Conn) { cancel() }, context.Canceled, context.Canceled},
		"closed": {0, func(_ func(), conn *tigergraphauth.Conn) { conn.Close() }, tigergraphauth.ErrClosed,
			context.Canceled},
		"over": {200 * time.Millisecond, func(func(), *tigergraphauth.Conn) {}, tigergraphauth.Timeout,
			context.DeadlineExceeded},
	} {
		row, before := row, quiet()
		ended := make(chan error, 1)
		conn := nowhere(t, patient(ended), tigergraphauth.WithTimeouts(0, row.limit))
		ctx, cancel := context.WithCancel(background)
		time.AfterFunc(100*time.Millisecond, func() { row.end(cancel, conn) })
		began := time.Now()
		_, err := conn.GetToken(ctx)
		if !errors.Is(err, row.call) {
			t.Errorf("%s: %v", name, err)
		}
		select {
		case err := <-ended:
			if err != row.asked {
				t.Errorf("%s: the provider's context: %v", name, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the provider's context did not end", name)
		}
		if took := time.Since(began); took > 200*time.Millisecond+soon {
			t.Errorf("%s: ended after %v", name, took)
		}
		cancel()
		conn.Close()
		mustBecome(t, before)
	}
}

// Callers hear that their time is over, and not what a provider made of that, whichever of the two is faster.
func TestTimeOfAProviderIsOver(t *testing.T) {
	var all sync.WaitGroup
	for i := 0; i < 60; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			limit := 100*time.Millisecond + time.Duration(i)*100*time.Microsecond
			ended := make(chan error, 1)
			conn := nowhere(t, patient(ended), tigergraphauth.WithTimeouts(0, 10*time.Second))
			ctx, cancel := context.WithTimeout(background, limit)
			defer cancel()
			_, err := conn.GetToken(ctx)
			if !errors.Is(err, tigergraphauth.Timeout) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%d: %v", i, err)
			}
			if err := <-ended; err != context.DeadlineExceeded {
				t.Errorf("%d: the provider's context: %v", i, err)
			}
		}(i)
	}
	all.Wait()
}

// The provider is not asked again before it has returned, and others are told why.
func TestProviderThatDoesNotReturn(t *testing.T) {
	var asked atomic.Int64
	hold := make(chan struct{})
	conn := nowhere(t, func(context.Context) (string, time.Time, error) {
		asked.Add(1)
		<-hold
		return "an-opaque-token", time.Time{}, nil
	}, tigergraphauth.WithTimeouts(0, 200*time.Millisecond))
	if _, err := conn.GetToken(background); !errors.Is(err, tigergraphauth.Timeout) {
		t.Error(err)
	}
	_, err := conn.GetToken(background)
	var failure *tigergraphauth.Error
	if !errors.As(err, &failure) || failure.Reason != "provider.unavailable" || asked.Load() != 1 ||
		!strings.Contains(failure.Hint, "its context tells how much time it has") {
		t.Errorf("%+v, asked %d times", failure, asked.Load())
	}
	close(hold)
	for end := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		_, err = conn.GetToken(background)
	}
	must(t, err)
}

// A call of the provider on its own connection would wait for itself.
func TestProviderThatAsksItself(t *testing.T) {
	issuing := connect(t, "http://127.0.0.1:1", tigergraphauth.WithAPIToken("0123456789"))
	var conn *tigergraphauth.Conn
	errs := make(chan error, 2)
	conn = nowhere(t, func(ctx context.Context) (string, time.Time, error) {
		for _, ctx := range []context.Context{ctx, background} {
			_, err := conn.GetToken(ctx)
			errs <- err
		}
		token, err := issuing.Authorization(ctx)
		if err != nil {
			return "", time.Time{}, err
		}
		return token.Value(), token.ExpiresAt(), nil
	})
	token, err := conn.Authorization(background)
	must(t, err)
	if token.Value() != "0123456789" {
		t.Error("another token")
	}
	for i := 0; i < 2; i++ {
		if err := <-errs; !errors.Is(err, tigergraphauth.Reason("argument.recursion")) {
			t.Error(err)
		}
	}
}

// However many goroutines need a token, the provider runs once, and never beside itself.
func TestProviderOfManyGoroutines(t *testing.T) {
	var asked, running atomic.Int64
	conn := nowhere(t, func(context.Context) (string, time.Time, error) {
		if running.Add(1) != 1 {
			t.Error("it runs twice at once")
		}
		defer running.Add(-1)
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
		return fmt.Sprint("an-opaque-token-", asked.Add(1)), time.Time{}, nil
	})
	var all sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		all.Add(1)
		go func() {
			defer all.Done()
			ctx, cancel := context.WithTimeout(background, time.Minute)
			defer cancel()
			token, err := conn.Authorization(ctx)
			if err != nil || token.Value() != "an-opaque-token-1" {
				t.Errorf("%v", err)
			}
		}()
	}
	all.Wait()
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
	for i := 0; i < 10; i++ { // each on a thread of its own
		_, err := conn.GetToken(background)
		must(t, err)
	}
}

// held makes a provider that keeps something alive, and a channel that is closed when the library has released it.
func held() (tigergraphauth.Option, chan struct{}) {
	released := make(chan struct{})
	kept := new([64]byte)
	runtime.SetFinalizer(kept, func(*[64]byte) { close(released) })
	return tigergraphauth.WithTokenProvider(func(context.Context) (string, time.Time, error) {
		kept[0]++
		return "an-opaque-token", time.Time{}, nil
	}), released
}

func TestProviderIsReleased(t *testing.T) {
	const within = 10 * time.Second
	option, released := held()
	conn := connect(t, "http://127.0.0.1:1", option)
	_, err := conn.Authorization(background)
	must(t, err)
	option = nil
	if isCollected(released, 100*time.Millisecond) {
		t.Fatal("released while the connection lives")
	}
	conn.Close()
	if !isCollected(released, within) {
		t.Error("not released by Close")
	}
	for name, other := range map[string]tigergraphauth.TokenProvider{"another": patient(nil), "none": nil} {
		option, released := held()
		conn := connect(t, "http://127.0.0.1:1", option, tigergraphauth.WithTokenProvider(other))
		option = nil
		if !isCollected(released, within) {
			t.Errorf("not released for %s", name)
		}
		if other != nil {
			continue
		}
		if _, err := conn.Authorization(background); !errors.Is(err, tigergraphauth.NoCredentials) {
			t.Error(err)
		}
	}
	option, released = held()
	_, err = tigergraphauth.New("https://db.example.com", option, withAlice())
	option = nil
	if !errors.Is(err, tigergraphauth.Reason("config.conflict")) || !isCollected(released, within) {
		t.Errorf("not released by a New that fails: %v", err)
	}
}
