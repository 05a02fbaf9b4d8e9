package tigergraphauth_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

// blockedSignals is what a process blocks that this goroutine starts.
func blockedSignals() string {
	line, err := exec.Command("grep", "SigBlk", "/proc/self/status").Output()
	return fmt.Sprint(string(line), err)
}

// The library's threads block all signals. A process that a function of the program starts there must not inherit that:
// without SIGPIPE and SIGALRM, for example, pipelines and time limits of a shell do not work.
func TestProcessesOfCallbacksGetSignals(t *testing.T) {
	usual := blockedSignals()
	if !strings.Contains(usual, "SigBlk") {
		t.Fatal(usual)
	}
	var mutex sync.Mutex
	found := map[string]int{}
	look := func() {
		on := make(chan string)
		go func() { on <- blockedSignals() }()
		here, there := blockedSignals(), <-on
		mutex.Lock()
		defer mutex.Unlock()
		found[here]++
		found[there]++
	}
	provide := func(context.Context) (string, time.Time, error) {
		look()
		return "0123456789", time.Time{}, nil
	}
	provided := connect(t, "http://127.0.0.1:1", tigergraphauth.WithTokenProvider(provide))
	_, err := provided.Authorization(background)
	must(t, err)
	server := startStandin(t, "4.2")
	log := tigergraphauth.WithLog(tigergraphauth.LogDebug, func(tigergraphauth.LogLevel, string) { look() })
	// The request for the token is sent on a thread of the library, and told there.
	_, err = server.connect(t, withAlice(), log).Authorization(background)
	must(t, err)
	if len(found) != 1 || found[usual] < 6 {
		t.Errorf("%v, usually %s", found, usual)
	}
}
