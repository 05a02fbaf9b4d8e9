package tigergraphauth_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

// As long as the token is the same, so is the Token; then there is another.
func TestFreshTokenIsTheSame(t *testing.T) {
	number := 0
	conn := nowhere(t, func(context.Context) (string, time.Time, error) {
		number++
		return fmt.Sprintf("token-number-%d", number), time.Time{}, nil
	})
	ask := func() *tigergraphauth.Token {
		t.Helper()
		token, err := conn.Authorization(background)
		must(t, err)
		return token
	}
	ask()
	first := ask()
	if again := ask(); again != first || first.Value() != "token-number-1" {
		t.Errorf("%p and %p, %s", first, again, first.Value())
	}
	conn.RejectToken(first)
	if another := ask(); another == first || another.Value() != "token-number-2" || first.Value() != "token-number-1" {
		t.Error(another.Value(), first.Value())
	}
	conn.Close()
	if first.Value() != "token-number-1" {
		t.Error("the token went with its connection")
	}
	if _, err := conn.Authorization(background); !errors.Is(err, tigergraphauth.ErrClosed) {
		t.Error(err)
	}
}

// The library counts references in several places, for threads that run at the same time: each has a handle of its own.
func TestFreshTokenIsTheSameOnEveryThread(t *testing.T) {
	conn := connect(t, "http://127.0.0.1:1", tigergraphauth.WithAPIToken("0123456789"))
	first, err := conn.Authorization(background)
	must(t, err)
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			runtime.LockOSThread()
			for turn := 0; turn < 1000; turn++ {
				if token, err := conn.Authorization(background); token != first || err != nil {
					t.Error(turn, token == first, err)
					return
				}
			}
		}()
	}
	group.Wait()
}

func TestFreshTokenAllocatesNothing(t *testing.T) {
	conn := connect(t, "http://127.0.0.1:1", tigergraphauth.WithAPIToken("0123456789"))
	limited, cancel := context.WithTimeout(background, time.Hour)
	defer cancel()
	for _, ctx := range []context.Context{background, limited} {
		count := testing.AllocsPerRun(100, func() {
			_, err := conn.Authorization(ctx)
			must(t, err)
		})
		if count != 0 {
			t.Errorf("%v: %v allocations", ctx, count)
		}
	}
}

// Whoever gives up ends what was begun for it.
func TestGivingUpEndsTheRequestForAToken(t *testing.T) {
	ended := make(chan error, 1)
	conn := nowhere(t, patient(ended), tigergraphauth.WithTimeouts(0, 20*time.Second))
	ctx, cancel := context.WithCancel(background)
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := conn.Authorization(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	select {
	case err := <-ended:
		if err != context.Canceled {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the provider goes on although nobody waits")
	}
}
