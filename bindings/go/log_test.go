package tigergraphauth_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

func TestLog(t *testing.T) {
	server := startStandin(t, "4.2")
	var mutex sync.Mutex
	lines := map[tigergraphauth.LogLevel][]string{}
	conn := server.connect(t, withAlice(), tigergraphauth.WithLog(tigergraphauth.LogDebug,
		func(level tigergraphauth.LogLevel, message string) {
			mutex.Lock()
			defer mutex.Unlock()
			lines[level] = append(lines[level], message)
		}))
	token, err := conn.GetToken(background)
	must(t, err)
	if err := conn.DropSecret(background, "nothing"); err == nil {
		t.Fatal("no error")
	}
	mutex.Lock()
	defer mutex.Unlock()
	if len(lines[tigergraphauth.LogDebug]) < 2 || len(lines[tigergraphauth.LogInfo]) != 1 {
		t.Errorf("%q", lines)
	}
	for _, list := range lines {
		for _, line := range list {
			if strings.Contains(line, "opensesame") || strings.Contains(line, token.Value()) {
				t.Error("a credential in a log line")
			}
		}
	}
}

// What a log function does wrong stays with it.
func TestLogFunctionsThatPanic(t *testing.T) {
	server := startStandin(t, "4.2")
	for name, end := range map[string]func(){
		"panic":     func() { panic("in a log function") },
		"nil panic": func() { panic(nil) },
	} {
		var once sync.Once
		called := false
		conn := server.connect(t, withAlice(), tigergraphauth.WithLog(tigergraphauth.LogDebug,
			func(tigergraphauth.LogLevel, string) {
				once.Do(func() { called = true })
				end()
			}))
		if _, err := conn.GetToken(background); err != nil || !called {
			t.Errorf("%s: %v, called %v", name, err, called)
		}
	}
}

// A log function may use the connection whose call it reports, and even close it.
func TestLogFunctionThatUsesTheConnection(t *testing.T) {
	server := startStandin(t, "4.2")
	var conn *tigergraphauth.Conn
	used, closed := make(chan error, 1), make(chan error, 1)
	var begun, over atomic.Bool // a sync.Once would wait for the function that it is called from
	conn = server.connect(t, withAlice(), tigergraphauth.WithLog(tigergraphauth.LogDebug,
		func(_ tigergraphauth.LogLevel, message string) {
			if strings.HasPrefix(message, "GET /gsql/v1/secrets") {
				t.Error("a line that the log function causes is not its own to hear")
			}
			if !begun.Swap(true) {
				_, err := conn.GetSecrets(background)
				used <- err
			} else if !over.Swap(true) {
				closed <- conn.Close()
			}
		}))
	if _, err := conn.GetToken(background); !errors.Is(err, tigergraphauth.ErrClosed) {
		t.Error(err)
	}
	if err := <-used; err != nil && !errors.Is(err, tigergraphauth.ErrClosed) {
		t.Error(err)
	}
	must(t, <-closed)
	mustBeClosed(t, "a connection closed by its log function", conn)
}

func TestLogToNobody(t *testing.T) {
	server := startStandin(t, "4.2")
	conn := server.connect(t, withAlice(), tigergraphauth.WithLog(tigergraphauth.LogDebug, nil))
	_, err := conn.GetToken(background)
	must(t, err)
}
