package tigergraphauth_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

func headerFile(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("pkg-config", "--variable=includedir", "tigergraph_auth").Output()
	must(t, err)
	return filepath.Join(strings.TrimSpace(string(out)), "tigergraph_auth.h")
}

func header(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(headerFile(t))
	must(t, err)
	return string(text)
}

var comment = regexp.MustCompile(`(?s)/\*.*?\*/`)

func functionsOfHeader(t testing.TB) []string {
	t.Helper()
	declaration := regexp.MustCompile(`(?m)^[\w *]*\b(tg_\w+)\(`)
	var functions []string
	for _, match := range declaration.FindAllStringSubmatch(comment.ReplaceAllString(header(t), ""), -1) {
		functions = append(functions, match[1])
	}
	if len(functions) < 60 {
		t.Fatalf("only %d functions found", len(functions))
	}
	return functions
}

// sources is the text of the package, without its tests.
func sources(t testing.TB) string {
	t.Helper()
	var text strings.Builder
	for _, pattern := range []string{"*.go", "*.h", "conformance/*.go"} {
		files, err := filepath.Glob(pattern)
		must(t, err)
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				content, err := os.ReadFile(file)
				must(t, err)
				text.Write(content)
			}
		}
	}
	return text.String()
}

// What is left out, and why.
var leftOut = map[string]string{
	"tg_last_error":         "of an OS thread, and two calls of one goroutine may run on two of them",
	"tg_last_error_message": "the same",
	"tg_conn_set_wakeup":    "of event loops; a goroutine that waits in Authorization keeps nobody from running",
}

func TestEveryFunctionIsUsed(t *testing.T) {
	text := sources(t)
	for _, function := range functionsOfHeader(t) {
		used := regexp.MustCompile(`\b` + function + `\b`).MatchString(text)
		if _, out := leftOut[function]; used == out {
			t.Errorf("%s: used %v, left out %v", function, used, out)
		}
	}
}

func TestEveryConstantIsUsed(t *testing.T) {
	text := sources(t)
	constants := regexp.MustCompile(`(?m)^#define (TG_\w+) `).FindAllStringSubmatch(header(t), -1)
	if len(constants) < 26 {
		t.Fatalf("only %d constants found", len(constants))
	}
	for _, constant := range constants {
		name := constant[1]
		// Success is a nil error.
		if name == "TG_STATUS_OK" {
			continue
		}
		if !strings.Contains(text, "C."+name+"\n") && !strings.Contains(text, "C."+name+")") {
			t.Errorf("%s is not used", name)
		}
	}
}

func TestStatusNames(t *testing.T) {
	numbers := regexp.MustCompile(`(?m)^#define TG_STATUS_(\w+) (\d+)$`).FindAllStringSubmatch(header(t), -1)
	for i, number := range numbers {
		if name := tigergraphauth.Status(i).String(); name != number[1] {
			t.Errorf("%d: %s, not %s", i, name, number[1])
		}
	}
	if name := tigergraphauth.Status(len(numbers)).Error(); name != "UNKNOWN" {
		t.Error(name)
	}
}

// What belongs to an OS thread is nothing for Go.
func TestNothingIsBoundToThreads(t *testing.T) {
	for _, word := range []string{"tg_last_error", "LockOSThread"} {
		if strings.Contains(sources(t), word) {
			t.Errorf("%s is used", word)
		}
	}
}

// What an accessor asks must not be freed meanwhile by its finalizer, which no test can wait for.
func TestWhatIsAskedIsKeptAlive(t *testing.T) {
	asking := 0
	for _, function := range strings.Split(sources(t), "\nfunc ")[1:] {
		if strings.Contains(function, ".pointer()") || strings.Contains(function, "(t.handle)") {
			asking++
			isFinalizer := strings.Contains(function, "_free(t.handle)")
			if !isFinalizer && !strings.Contains(function, "runtime.KeepAlive") {
				t.Errorf("no KeepAlive: %.60s", function)
			}
		}
	}
	if asking < 10 {
		t.Errorf("only %d accessors found", asking)
	}
}

func TestLibraryVersion(t *testing.T) {
	if version := tigergraphauth.LibraryVersion(); !regexp.MustCompile(`^0\.1\.\d+$`).MatchString(version) {
		t.Error(version)
	}
}
