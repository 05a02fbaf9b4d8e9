package tigergraphauth_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

// calls are all methods of Conn that can fail, by name.
var calls = map[string]func(context.Context, *tigergraphauth.Conn) error{
	"ServerVersion": func(ctx context.Context, c *tigergraphauth.Conn) error {
		_, err := c.ServerVersion(ctx)
		return err
	},
	"GetSecrets":   func(ctx context.Context, c *tigergraphauth.Conn) error { _, err := c.GetSecrets(ctx); return err },
	"ShowSecrets":  func(ctx context.Context, c *tigergraphauth.Conn) error { _, err := c.ShowSecrets(ctx); return err },
	"CreateSecret": func(ctx context.Context, c *tigergraphauth.Conn) error { _, err := c.CreateSecret(ctx); return err },
	"EnsureSecret": func(ctx context.Context, c *tigergraphauth.Conn) error {
		_, err := c.EnsureSecret(ctx, "a")
		return err
	},
	"DropSecret": func(ctx context.Context, c *tigergraphauth.Conn) error { return c.DropSecret(ctx, "a") },
	"DropSecrets": func(ctx context.Context, c *tigergraphauth.Conn) error {
		_, err := c.DropSecrets(ctx, []string{"a"})
		return err
	},
	"GetToken": func(ctx context.Context, c *tigergraphauth.Conn) error { _, err := c.GetToken(ctx); return err },
	"RefreshToken": func(ctx context.Context, c *tigergraphauth.Conn) error {
		_, err := c.RefreshToken(ctx, tigergraphauth.ForToken("0123456789"))
		return err
	},
	"DeleteToken": func(ctx context.Context, c *tigergraphauth.Conn) error {
		return c.DeleteToken(ctx, tigergraphauth.ForToken("0123456789"))
	},
	"CheckJWTToken": func(ctx context.Context, c *tigergraphauth.Conn) error {
		_, err := c.CheckJWTToken(ctx, "a.b.c")
		return err
	},
	"Authorization": func(ctx context.Context, c *tigergraphauth.Conn) error {
		_, err := c.Authorization(ctx)
		return err
	},
	"Diagnose":     func(ctx context.Context, c *tigergraphauth.Conn) error { _, err := c.Diagnose(ctx); return err },
	"CurrentToken": func(_ context.Context, c *tigergraphauth.Conn) error { _, err := c.CurrentToken(); return err },
	"Do": func(ctx context.Context, c *tigergraphauth.Conn) error {
		_, err := c.Do(ctx, &tigergraphauth.Request{Path: "/echo"})
		return err
	},
	"CheckToken": func(ctx context.Context, c *tigergraphauth.Conn) error { _, err := c.CheckToken(ctx, nil); return err },
	"GetSecret":  func(ctx context.Context, c *tigergraphauth.Conn) error { _, err := c.GetSecret(ctx, "a"); return err },
}

func TestCallsAreAllMethods(t *testing.T) {
	// Those that cannot fail, and those that only look at the settings.
	others := map[string]bool{
		"Close": true, "RejectToken": true, "String": true, "GoString": true, "URL": true, "URLOf": true, "CAPEM": true,
		"Client": true, "TLSConfig": true,
	}
	methods := reflect.TypeOf(new(tigergraphauth.Conn))
	for i := 0; i < methods.NumMethod(); i++ {
		name := methods.Method(i).Name
		if _, listed := calls[name]; listed == others[name] {
			t.Errorf("%s is to be listed in one of two places", name)
		}
	}
}

func mustBeClosed(t *testing.T, what string, conn *tigergraphauth.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(background, time.Hour)
	defer cancel()
	for name, call := range calls {
		for _, ctx := range []context.Context{background, ctx} {
			if err := call(ctx, conn); !errors.Is(err, tigergraphauth.ErrClosed) || !errors.Is(err, tigergraphauth.Cancelled) {
				t.Errorf("%s on %s: %v", name, what, err)
			}
		}
	}
	conn.RejectToken(nil)
	must(t, conn.Close())
	if !strings.HasPrefix(fmt.Sprint(conn), "tigergraphauth.Conn(") {
		t.Error(conn)
	}
}

func TestUseAfterClose(t *testing.T) {
	address, accepted := silent(t)
	conn := connect(t, "http://"+address, tigergraphauth.WithAPIToken("0123456789"))
	token, err := conn.Authorization(background)
	must(t, err)
	must(t, conn.Close())
	must(t, conn.Close())
	mustBeClosed(t, "a closed connection", conn)
	conn.RejectToken(token)
	if token.Value() != "0123456789" {
		t.Error("the token changed")
	}
	mustBeClosed(t, "nil", nil)
	mustBeClosed(t, "the zero value", new(tigergraphauth.Conn))
	if accepted() != 0 {
		t.Error("something was sent")
	}
}

func TestCloseStopsCalls(t *testing.T) {
	address, accepted := silent(t)
	conn := connect(t, "https://"+address, withAlice(), tigergraphauth.WithServerVersion("4.2"))
	const each = 8
	results := make(chan error)
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	for i := 0; i < each; i++ {
		for _, ctx := range []context.Context{background, ctx} {
			ctx := ctx
			go func() { _, err := conn.GetSecrets(ctx); results <- err }()
		}
	}
	for accepted() < 2*each {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	must(t, conn.Close())
	if took := time.Since(began); took > soon {
		t.Errorf("Close took %v", took)
	}
	for i := 0; i < 2*each; i++ {
		if err := <-results; !errors.Is(err, tigergraphauth.Cancelled) || !errors.Is(err, tigergraphauth.ErrClosed) {
			t.Errorf("%v", err)
		}
	}
	if took := time.Since(began); took > soon {
		t.Errorf("the calls ended after %v", took)
	}
	t.Logf("%d calls ended %v after Close", 2*each, time.Since(began))
	mustBeClosed(t, "a connection closed during calls", conn)
}

// A call that begins while Close runs is either refused or stopped.
func TestCloseCountsACallThatBegins(t *testing.T) {
	for i := 0; i < 50_000; i++ {
		if tigergraphauth.CloseBesideACall() {
			t.Fatal("a call began that Close did not see")
		}
	}
}

// Close at any moment of many short calls: everybody gets a token or ErrClosed.
func TestCloseBesideCalls(t *testing.T) {
	for round := 0; round < 40; round++ {
		conn := connect(t, "http://127.0.0.1:1", tigergraphauth.WithAPIToken("0123456789"))
		results := make(chan error)
		for i := 0; i < 8; i++ {
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			if i%2 == 0 {
				ctx = background
			}
			go func() {
				for {
					token, err := conn.Authorization(ctx)
					if err != nil {
						results <- err
						return
					}
					conn.RejectToken(nil)
					if token.Value() != "0123456789" {
						results <- errors.New("another token")
						return
					}
				}
			}()
		}
		time.Sleep(time.Duration(round%10) * 50 * time.Microsecond)
		go conn.Close()
		conn.Close()
		for i := 0; i < 8; i++ {
			if err := <-results; !errors.Is(err, tigergraphauth.ErrClosed) {
				t.Fatal(err)
			}
		}
	}
}

// collected makes a connection whose log function keeps something alive, and a channel that is closed when
// that is garbage: when the library has released the log function.
func collected(t *testing.T, host string) (*tigergraphauth.Conn, chan struct{}) {
	t.Helper()
	released := make(chan struct{})
	kept := new([64]byte)
	runtime.SetFinalizer(kept, func(*[64]byte) { close(released) })
	conn, err := tigergraphauth.New(host, withAlice(), tigergraphauth.WithServerVersion("4.2"),
		tigergraphauth.WithLog(tigergraphauth.LogDebug, func(tigergraphauth.LogLevel, string) { kept[0]++ }))
	must(t, err)
	return conn, released
}

func isCollected(released chan struct{}, within time.Duration) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		runtime.GC()
		select {
		case <-released:
			return true
		default:
		}
	}
	return false
}

func TestGarbageIsFreed(t *testing.T) {
	conn, released := collected(t, "http://127.0.0.1:1")
	if isCollected(released, 100*time.Millisecond) {
		t.Fatal("the log function was released while the connection lives")
	}
	runtime.KeepAlive(conn)
	if !isCollected(released, 10*time.Second) {
		t.Error("a connection that is garbage is not freed")
	}
}

func TestCloseFrees(t *testing.T) {
	conn, released := collected(t, "http://127.0.0.1:1")
	conn.Close()
	if !isCollected(released, 10*time.Second) {
		t.Error("a closed connection is not freed")
	}
	runtime.KeepAlive(conn)
}

func TestFailedNewFreesTheLogFunction(t *testing.T) {
	for _, host := range []string{"not a host", "host\x00"} {
		released := make(chan struct{})
		kept := new([64]byte)
		runtime.SetFinalizer(kept, func(*[64]byte) { close(released) })
		_, err := tigergraphauth.New(host,
			tigergraphauth.WithLog(tigergraphauth.LogDebug, func(tigergraphauth.LogLevel, string) { kept[0]++ }))
		if err == nil {
			t.Fatal("no error")
		}
		if !isCollected(released, 10*time.Second) {
			t.Errorf("%q: the log function is not released", host)
		}
	}
}

// Nobody but the call itself holds the connection, and the collector runs.
func TestCallKeepsItsConnection(t *testing.T) {
	server := startStandin(t, "4.2")
	server.fault(t, "/gsql/v1/secrets", "Delay", 2, `,"milliseconds":300`)
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	for _, ctx := range []context.Context{background, ctx} {
		conn, released := collected(t, server.GatewayURL)
		done := make(chan error)
		go func() { _, err := conn.GetSecrets(ctx); done <- err }()
		if isCollected(released, 200*time.Millisecond) {
			t.Error("the connection was freed during a call")
		}
		must(t, <-done)
	}
}

// A finalizer of the program's may use what is garbage itself.
func TestUseInFinalizer(t *testing.T) {
	type owner struct {
		conn   *tigergraphauth.Conn
		token  *tigergraphauth.Token
		secret tigergraphauth.Secret
	}
	server := startStandin(t, "4.2")
	result := make(chan error, 2)
	func() {
		conn, err := tigergraphauth.New(server.GatewayURL, withAlice())
		must(t, err)
		o := &owner{conn: conn}
		o.token, err = conn.Authorization(background)
		must(t, err)
		o.secret, err = conn.CreateSecret(background)
		must(t, err)
		runtime.SetFinalizer(o, func(o *owner) {
			ctx, cancel := context.WithTimeout(background, time.Minute)
			defer cancel()
			o.conn.RejectToken(o.token)
			_, err := o.conn.Authorization(ctx)
			if o.token.Value() == "" || o.secret.Value() == "" {
				err = errors.New("what the object holds was freed before it")
			}
			o.conn.Close()
			_, closed := o.conn.Authorization(ctx)
			result <- err
			result <- closed
		})
	}()
	for i := 0; i < 3; i++ {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	must(t, <-result)
	if err := <-result; !errors.Is(err, tigergraphauth.ErrClosed) {
		t.Error(err)
	}
}
