package tigergraphauth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

const goroutines = 64

// Aliases that no request is made for, and what the error says of each.
var badAliases = []struct{ alias, message string }{
	{"", "the alias is empty"},
	{"..", "the alias is a relative path"},
	{"a/b", "the alias holds a slash"},
	{"a\nb", "the alias holds a control character"},
	{strings.Repeat("a", 257), "the alias is longer than 256 bytes"},
}

// TestEveryErrorIsOnesOwn: 64 goroutines make 128 000 calls that fail, each with an input of its own, which
// the error has to name: half of them on one connection, half by making one. With errors that belong to OS
// threads some name the input of another.
func TestEveryErrorIsOnesOwn(t *testing.T) {
	const each = 2000
	conn := connect(t, "http://127.0.0.1:1", withAlice(), tigergraphauth.WithServerVersion("4.2"))
	cancellable, cancel := context.WithCancel(background)
	defer cancel()
	var wrong, right atomic.Int64
	var all sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		ctx := background
		if g%4 == 0 {
			ctx = cancellable
		}
		all.Add(1)
		go func(g int) {
			defer all.Done()
			for i := 0; i < each; i++ {
				host := fmt.Sprintf("goroutine-%d-call-%d.example.com", g, i)
				bad := badAliases[(g+i/2)%len(badAliases)]
				reason, message := tigergraphauth.Reason("argument.alias"), bad.message
				var err error
				if i%2 == 0 {
					reason, message = "config.plain_http", "plain http to "+host+" would show credentials to the network"
					_, err = tigergraphauth.New("http://" + host)
				} else {
					err = conn.DropSecret(ctx, bad.alias)
				}
				var failure *tigergraphauth.Error
				if errors.As(err, &failure) && failure.Reason == reason && failure.Message == message {
					right.Add(1)
				} else {
					wrong.Add(1)
				}
			}
		}(g)
	}
	all.Wait()
	t.Logf("%d errors of their own, %d wrong", right.Load(), wrong.Load())
	if wrong.Load() != 0 || right.Load() != goroutines*each {
		t.Error("wrong errors")
	}
}

// TestManyGoroutines has 64 goroutines do everything at once on one connection.
func TestManyGoroutines(t *testing.T) {
	server := startStandin(t, "4.2", "--tls")
	conn := server.connect(t, withAlice(), tigergraphauth.WithLog(tigergraphauth.LogDebug,
		func(tigergraphauth.LogLevel, string) {}))
	var all sync.WaitGroup
	for g := 0; g < goroutines; g++ {
		all.Add(1)
		go func(g int) {
			defer all.Done()
			ctx, cancel := context.WithTimeout(background, time.Minute)
			defer cancel()
			for i := 0; i < 5; i++ {
				token, err := conn.Authorization(ctx)
				if err != nil || !strings.HasPrefix(token.Header(), "Bearer ") {
					t.Errorf("authorization: %v", err)
					continue
				}
				if i == 2 && g == 0 {
					conn.RejectToken(token)
				}
				alias := fmt.Sprintf("g%d_%d", g, i)
				secret, err := conn.CreateSecret(background, tigergraphauth.Alias(alias))
				if err != nil || secret.Alias() != alias {
					t.Errorf("create: %v, %v", secret, err)
				}
				if err := conn.DropSecret(ctx, alias); err != nil {
					t.Errorf("drop: %v", err)
				}
				short, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Duration(g)*20*time.Microsecond, cancel)
				if _, err := conn.GetSecrets(short); err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("list: %v", err)
				}
				cancel()
			}
		}(g)
	}
	all.Wait()
	left, err := conn.GetSecrets(background)
	must(t, err)
	for _, secret := range left {
		if strings.HasPrefix(secret.Alias(), "g") { // a login with a password leaves some of the server's own
			t.Errorf("%v is left", secret)
		}
	}
}
