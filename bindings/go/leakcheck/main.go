// The leak check: 100 000 calls of every kind must leave nothing behind.
//
//	GLIBC_TUNABLES=glibc.malloc.tcache_count=0 leakcheck URL    with alice's password, at a stand-in
//
// Without the caches of its threads, C's heap is as large after the calls as it was before. Seven leaks were
// planted by hand, and each was caught: tg_error_free, tg_token_free, tg_secrets_free and tg_conn_free (of a
// clone, of a connection) left out, copies of arguments not freed, and the log's cgo.Handle not deleted.
package main

// #include <malloc.h>
import "C"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

const (
	warmUp = 20_000
	calls  = 100_000
	// allowed is what C's heap may grow by: a third of a byte for each call.
	allowed = 32 << 10
	// allowedGo is what Go's heap may grow by, which is never the same twice.
	allowedGo = 128 << 10
	// allowedTotal is what the process may grow by, with Go's heap and all fragments.
	allowedTotal = 8 << 20
)

func main() {
	url := os.Args[1]
	conn, err := tigergraphauth.New(url, tigergraphauth.WithPassword("alice", "opensesame"))
	check(err)
	secret, err := conn.EnsureSecret(context.Background(), "kept")
	check(err)
	app, err := tigergraphauth.New(url, tigergraphauth.WithSecret(secret.Value()))
	check(err)
	brought, err := tigergraphauth.New(url, tigergraphauth.WithTokenProvider(bring))
	check(err)
	run(conn, app, brought, url, warmUp)
	before := measure()
	run(conn, app, brought, url, calls)
	after := measure()
	fmt.Printf("before  %v\nafter   %v, %d calls later\n", before, after, calls)
	if after.c-before.c > allowed || after.total-before.total > allowedTotal || after.goroutines > before.goroutines ||
		after.heap-before.heap > allowedGo {
		fmt.Println("something leaks")
		os.Exit(1)
	}
}

// bring is a provider that has a token, every second time.
func bring(context.Context) (string, time.Time, error) {
	if turns++; turns%2 == 0 {
		return "", time.Time{}, &tigergraphauth.ProviderError{Message: "not now"}
	}
	return "a-token-of-the-leak-check", time.Time{}, nil
}

var turns int

// run makes so many calls: of twenty, four send something and two make a connection. Two more run a provider.
func run(conn, app, brought *tigergraphauth.Conn, url string, calls int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	limited, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	silent := func(tigergraphauth.LogLevel, string) {}
	for i := 0; i < calls; i += 20 {
		for j := 0; j < 5; j++ {
			for _, ctx := range []context.Context{context.Background(), ctx} {
				token, err := app.Authorization(ctx)
				check(err)
				if token.Header() == "" || token.ExpiresAt().IsZero() {
					check(errors.New("no token"))
				}
			}
		}
		for j := 0; j < 2; j++ {
			expect(tigergraphauth.InvalidArgument, conn.DropSecret(ctx, "", tigergraphauth.User("x")))
			expect(tigergraphauth.InvalidArgument, conn.DropSecret(context.Background(), "a\x00b"))
		}
		_, err := conn.DropSecrets(ctx, []string{"..", "a"})
		expect(tigergraphauth.InvalidArgument, err)
		other, err := tigergraphauth.New(url, tigergraphauth.WithSecret("abcdefgh"), tigergraphauth.WithGraph("MyGraph"),
			tigergraphauth.WithLog(tigergraphauth.LogDebug, silent), tigergraphauth.WithTimeouts(time.Second, time.Second))
		check(err)
		elsewhere, err := tigergraphauth.New(url, tigergraphauth.WithTokenProvider(bring),
			tigergraphauth.WithTokenProvider(nil), tigergraphauth.WithOAuth2("http://127.0.0.1:1/token", "id", "abcdefgh"),
			tigergraphauth.WithOAuth2Parameter("scope", "s"))
		check(err)
		if i%40 == 0 { // the others are left to the finalizer
			other.Close()
			elsewhere.Close()
		}
		_, err = brought.GetToken(ctx)
		check(err)
		_, err = brought.GetToken(context.Background())
		expect(tigergraphauth.Unavailable, err)
		secrets, err := conn.GetSecrets(limited)
		check(err)
		for _, secret := range secrets {
			if secret.Value() == "" {
				check(errors.New("no secret"))
			}
		}
		expect(tigergraphauth.NotFound, conn.DropSecret(context.Background(), "nothing"))
		_, err = conn.EnsureSecret(limited, "kept")
		check(err)
		// Each with a lifetime of its own: the stand-in is slow to make a token that differs in nothing else.
		lifetime := time.Hour + time.Duration(calls+i)*time.Second
		token, err := app.GetToken(ctx, tigergraphauth.KeepCurrent(), tigergraphauth.Lifetime(lifetime))
		check(err)
		app.RejectToken(token)
	}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func expect(status tigergraphauth.Status, err error) {
	if !errors.Is(err, status) {
		check(fmt.Errorf("not %v: %v", status, err))
	}
}

// figures are in bytes, but for the last.
type figures struct {
	c, total, heap int64
	goroutines     int
}

func (f figures) String() string {
	return fmt.Sprintf("%5d KiB on C's heap, %5d KiB on Go's, %6d KiB resident, %d goroutines",
		f.c>>10, f.heap>>10, f.total>>10, f.goroutines)
}

// measure lets the finalizers run first.
func measure() figures {
	for i := 0; i < 5; i++ {
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
	}
	C.malloc_trim(0)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	statm, err := os.ReadFile("/proc/self/statm")
	check(err)
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	check(err)
	return figures{c: int64(C.mallinfo2().uordblks), total: pages * int64(os.Getpagesize()), heap: int64(stats.HeapAlloc),
		goroutines: runtime.NumGoroutine()}
}
