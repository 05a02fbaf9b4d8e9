package tigergraphauth_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

// soon is how late a stopped call may be. The library promises 100 ms on an idle machine; without a stop the
// calls of these tests would take 5 or 30 seconds.
const soon = 3 * time.Second

// stuck is a connection whose calls get no further than one phase.
type stuck struct {
	phase  string
	conn   *tigergraphauth.Conn
	reason tigergraphauth.Reason // of a call that runs out of time there
}

func stuckEverywhere(t *testing.T) []stuck {
	t.Helper()
	version := tigergraphauth.WithServerVersion("4.2")
	address, _ := silent(t)
	server := startStandin(t, "4.2")
	server.fault(t, "/gsql/v1/secrets", "Hang", 1000, "")
	return []stuck{
		{"connect", connect(t, "http://"+blackHole(t), withAlice(), version), "timeout.connect"},
		{"TLS", connect(t, "https://"+address, withAlice(), version), "timeout.tls"},
		{"response", server.connect(t, withAlice(), version), "timeout.response"},
	}
}

func TestCancelInEveryPhase(t *testing.T) {
	for _, in := range stuckEverywhere(t) {
		ctx, cancel := context.WithCancel(background)
		time.AfterFunc(50*time.Millisecond, cancel)
		began := time.Now()
		_, err := in.conn.GetSecrets(ctx)
		took := time.Since(began)
		if !errors.Is(err, tigergraphauth.Cancelled) || !errors.Is(err, context.Canceled) ||
			errors.Is(err, context.DeadlineExceeded) || errors.Is(err, tigergraphauth.ErrClosed) {
			t.Errorf("%s: %v", in.phase, err)
		}
		if took < 50*time.Millisecond || took > soon {
			t.Errorf("%s: ended after %v", in.phase, took)
		}
		t.Logf("%s: ended %v after the cancellation", in.phase, took-50*time.Millisecond)
	}
}

func TestDeadlineInEveryPhase(t *testing.T) {
	for _, in := range stuckEverywhere(t) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
		_, err := in.conn.GetSecrets(ctx)
		took := time.Since(began)
		cancel()
		if !errors.Is(err, tigergraphauth.Timeout) || !errors.Is(err, in.reason) ||
			!errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", in.phase, err)
		}
		if took < 99*time.Millisecond || took > soon {
			t.Errorf("%s: ended after %v", in.phase, took)
		}
	}
}

// A context that is not of the standard library's may end without having a deadline.
func TestDeadlineThatTheLibraryDoesNotKnow(t *testing.T) {
	ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
	defer cancel()
	for _, in := range stuckEverywhere(t) {
		_, err := in.conn.GetSecrets(withoutDeadline{ctx})
		if !errors.Is(err, tigergraphauth.Cancelled) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", in.phase, err)
		}
	}
}

type withoutDeadline struct{ context.Context }

func (withoutDeadline) Deadline() (time.Time, bool) { return time.Time{}, false }

// The limit of the connection is no deadline of the context.
func TestLimitOfTheConnection(t *testing.T) {
	address, _ := silent(t)
	conn := connect(t, "https://"+address, withAlice(), tigergraphauth.WithTimeouts(0, 100*time.Millisecond))
	later, cancel := context.WithTimeout(background, time.Hour)
	defer cancel()
	for _, ctx := range []context.Context{background, later} {
		began := time.Now()
		_, err := conn.GetSecrets(ctx)
		if !errors.Is(err, tigergraphauth.Timeout) || errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(began); took > soon {
			t.Errorf("ended after %v", took)
		}
	}
}

func TestEndedContextSendsNothing(t *testing.T) {
	address, accepted := silent(t)
	conn := connect(t, "http://"+address, withAlice(), tigergraphauth.WithServerVersion("4.2"))
	cancelled, cancel := context.WithCancel(background)
	cancel()
	expired, cancel := context.WithDeadline(background, time.Now().Add(-time.Hour))
	defer cancel()
	late := lateTimer{background}
	for name, call := range calls {
		if name == "CurrentToken" { // has no context
			continue
		}
		if err := call(cancelled, conn); !errors.Is(err, context.Canceled) || !errors.Is(err, tigergraphauth.Cancelled) {
			t.Errorf("%s with a cancelled context: %v", name, err)
		}
		for _, ctx := range []context.Context{expired, late} {
			if err := call(ctx, conn); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, tigergraphauth.Cancelled) {
				t.Errorf("%s with an expired context: %v", name, err)
			}
		}
		if err := call(nil, conn); !errors.Is(err, tigergraphauth.Reason("argument.null")) {
			t.Errorf("%s without a context: %v", name, err)
		}
	}
	if accepted() != 0 {
		t.Error("something was sent")
	}
}

// lateTimer is a context whose deadline has passed and whose timer has not fired yet.
type lateTimer struct{ context.Context }

func (lateTimer) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }
func (lateTimer) Done() <-chan struct{}       { return make(chan struct{}) }

// A creation that has begun may have been carried out.
func TestCancelledCreation(t *testing.T) {
	server := startStandin(t, "4.2")
	server.fault(t, "/gsql/v1/secrets", "Hang", 2, "")
	conn := server.connect(t, withAlice(), tigergraphauth.WithServerVersion("4.2"))
	ctx, cancel := context.WithCancel(background)
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err := conn.CreateSecret(ctx, tigergraphauth.Alias("ci"))
	if !errors.Is(err, tigergraphauth.UnknownOutcome) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	limited, cancel := context.WithTimeout(background, 100*time.Millisecond)
	defer cancel()
	_, err = conn.CreateSecret(limited, tigergraphauth.Alias("ci"))
	if !errors.Is(err, tigergraphauth.UnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("out of time: %v", err)
	}
}

// The end of one call's context disturbs no other call.
func TestOthersGoOn(t *testing.T) {
	server := startStandin(t, "4.2")
	server.fault(t, "/gsql/v1/secrets", "Delay", 1000, `,"milliseconds":400`)
	conn := server.connect(t, withAlice(), tigergraphauth.WithServerVersion("4.2"))
	other, cancelOther := context.WithCancel(background)
	defer cancelOther()
	ctx, cancel := context.WithCancel(background)
	time.AfterFunc(100*time.Millisecond, cancel)
	var all sync.WaitGroup
	run := func(ctx context.Context, judge func(error) bool) {
		all.Add(1)
		go func() {
			defer all.Done()
			if _, err := conn.GetSecrets(ctx); !judge(err) {
				t.Errorf("%v", err)
			}
		}()
	}
	for i := 0; i < 4; i++ {
		run(background, func(err error) bool { return err == nil })
		run(other, func(err error) bool { return err == nil })
		run(ctx, func(err error) bool { return errors.Is(err, context.Canceled) })
	}
	all.Wait()
}

// A cancellation at any moment, also just before the library has begun the call, ends it.
func TestCancelAtAnyMoment(t *testing.T) {
	address, _ := silent(t)
	conn := connect(t, "https://"+address, withAlice(), tigergraphauth.WithServerVersion("4.2"))
	var latest time.Duration
	for i := 0; i < 100; i++ {
		ctx, cancel := context.WithCancel(background)
		after := time.Duration(i) * 30 * time.Microsecond
		began := time.Now()
		time.AfterFunc(after, cancel)
		_, err := conn.GetSecrets(ctx)
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if took := time.Since(began) - after; took > latest {
			latest = took
		}
		cancel()
	}
	if latest > soon {
		t.Errorf("a call ended %v after its cancellation", latest)
	}
	t.Logf("the last of 100 calls ended %v after its cancellation", latest)
}

// A cancellation that comes before the library has begun the call is not lost.
func TestCancelBeforeTheCallBegins(t *testing.T) {
	address, accepted := silent(t)
	conn := connect(t, "https://"+address, withAlice(), tigergraphauth.WithServerVersion("4.2"))
	ctx, cancel := context.WithCancel(background)
	time.AfterFunc(5*time.Millisecond, cancel)
	began := time.Now()
	_, err := tigergraphauth.AuthorizationBegunLate(ctx, conn, 50*time.Millisecond)
	if !errors.Is(err, context.Canceled) || time.Since(began) > soon {
		t.Errorf("after %v: %v", time.Since(began), err)
	}

	results := make(chan error)
	go func() {
		_, err := tigergraphauth.AuthorizationBegunLate(background, conn, 50*time.Millisecond)
		results <- err
	}()
	time.Sleep(10 * time.Millisecond)
	began = time.Now()
	conn.Close()
	if err := <-results; !errors.Is(err, tigergraphauth.ErrClosed) || time.Since(began) > soon {
		t.Errorf("after %v: %v, %d connections", time.Since(began), err, accepted())
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, withAlice())
	address, _ := silent(t)
	slow := connect(t, "https://"+address, withAlice())
	before := runtime.NumGoroutine()
	for i := 0; i < 20; i++ {
		ctx, cancel := context.WithTimeout(background, time.Minute)
		if _, err := conn.GetSecrets(ctx); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(3*time.Millisecond, cancel)
		if _, err := slow.GetSecrets(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	mustBecome(t, before)
	done := make(chan error)
	go func() { _, err := slow.GetSecrets(background); done <- err }()
	time.Sleep(20 * time.Millisecond)
	slow.Close()
	<-done
	mustBecome(t, before)
}

// mustBecome waits until so many goroutines are left: those that end need a moment for it.
func mustBecome(t *testing.T, goroutines int) {
	t.Helper()
	for i := 0; runtime.NumGoroutine() > goroutines; i++ {
		if i == 200 {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// quiet counts the goroutines once none has come or gone for a while: those of earlier tests need a moment to end.
func quiet() int {
	count, since := runtime.NumGoroutine(), time.Now()
	for time.Since(since) < 200*time.Millisecond {
		time.Sleep(5 * time.Millisecond)
		if now := runtime.NumGoroutine(); now != count {
			count, since = now, time.Now()
		}
	}
	return count
}

// A call that nobody can stop has no goroutine beside it, and one that can be stopped has one at most.
func TestGoroutinesOfACall(t *testing.T) {
	address, accepted := silent(t)
	cancellable, cancel := context.WithCancel(background)
	defer cancel()
	for i, want := range []struct {
		ctx        context.Context
		goroutines int
	}{{background, 1}, {cancellable, 2}} {
		conn := connect(t, "https://"+address, withAlice(), tigergraphauth.WithServerVersion("4.2"))
		before := quiet()
		done := make(chan error)
		go func() { _, err := conn.GetSecrets(want.ctx); done <- err }()
		for accepted() < i+1 {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)
		if more := runtime.NumGoroutine() - before; more != want.goroutines {
			t.Errorf("%d goroutines more, not %d", more, want.goroutines)
		}
		conn.Close()
		<-done
		mustBecome(t, before)
	}
}
