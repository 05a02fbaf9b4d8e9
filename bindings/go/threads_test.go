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

// TestEveryErrorIsOnesOwn: 64 goroutines make 128 000 calls that fail, each with an input of its own, which
// the error has to name. With errors that belong to OS threads some of them name the input of another.
func TestEveryErrorIsOnesOwn(t *testing.T) {
	const each = 2000
	conn := connect(t, "http://127.0.0.1:1", withAlice(), tigergraphauth.WithServerVersion("3.10"),
		tigergraphauth.WithGraph("MyGraph"))
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
				alias := fmt.Sprintf("not an alias %d-%d!", g, i)
				err := conn.DropSecret(ctx, alias)
				var failure *tigergraphauth.Error
				if errors.As(err, &failure) && failure.Reason == "argument.alias" && strings.Contains(failure.Message, alias) {
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
				if i == 2 && g%16 == 0 {
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
	if left, err := conn.GetSecrets(background); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}
