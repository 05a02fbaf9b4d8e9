package tigergraphauth_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

// childVariable makes the test program call New and tell what came of it, and do nothing else.
const childVariable = "TIGERGRAPHAUTH_TEST_CHILD"

func tellNew() {
	_, err := tigergraphauth.New("https://db.example.com")
	fmt.Println(err)
}

// stubLibrary builds a library that has all the names, and the version number given.
func stubLibrary(t *testing.T, version uint32) (folder string) {
	t.Helper()
	folder = t.TempDir()
	var source strings.Builder
	for _, function := range functionsOfHeader(t) {
		value := uint32(0)
		if function == "tg_version_number" {
			value = version
		}
		fmt.Fprintf(&source, "unsigned %s(void) { return %d; }\n", function, value)
	}
	file := filepath.Join(folder, "stub.c")
	must(t, os.WriteFile(file, []byte(source.String()), 0o600))
	name := sonameInUse(t)
	out, err := exec.Command("cc", "-shared", "-fPIC", "-Wl,-soname,"+name, "-o", filepath.Join(folder, name), file).
		CombinedOutput()
	if err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return folder
}

// sonameInUse is the name by which this test program asks for the library.
func sonameInUse(t *testing.T) string {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	must(t, err)
	for _, line := range strings.Split(string(maps), "\n") {
		if at := strings.Index(line, "/"); at >= 0 && strings.Contains(line, "/libtigergraph_auth.so") {
			out, err := exec.Command("readelf", "-d", line[at:]).Output()
			must(t, err)
			if _, after, found := strings.Cut(string(out), "Library soname: ["); found {
				name, _, _ := strings.Cut(after, "]")
				return name
			}
			return "libtigergraph_auth.so"
		}
	}
	t.Fatal("the library is not loaded")
	return ""
}

func newWithStub(t *testing.T, version uint32) string {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childVariable+"=1", "LD_LIBRARY_PATH="+stubLibrary(t, version))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestNewRefusesAnotherLibrary(t *testing.T) {
	for version, name := range map[uint32]string{9<<16 | 9<<8: "9.9", 2 << 8: "0.2", 1<<16 | 1<<8: "1.1"} {
		want := "the library that was loaded is tigergraph_auth " + name + ", this program was compiled for 0.1"
		if got := newWithStub(t, version); !strings.Contains(got, want) || !strings.Contains(got, "unsupported.library") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// With another patch of the same version the stub gets as far as making a connection of nothing.
func TestNewTakesAnotherPatch(t *testing.T) {
	if got := newWithStub(t, 1<<8|77); strings.Contains(got, "unsupported.library") {
		t.Error(got)
	}
}

func TestHeaderOfAnotherVersionDoesNotCompile(t *testing.T) {
	folder := t.TempDir()
	for version, fine := range map[string]bool{"0, 1": true, "0, 2": false, "1, 1": false} {
		var major, minor int
		fmt.Sscanf(version, "%d, %d", &major, &minor)
		text := strings.Replace(header(t), "_VERSION_MAJOR 0", fmt.Sprint("_VERSION_MAJOR ", major), 1)
		text = strings.Replace(text, "_VERSION_MINOR 1", fmt.Sprint("_VERSION_MINOR ", minor), 1)
		must(t, os.WriteFile(filepath.Join(folder, "tigergraph_auth.h"), []byte(text), 0o600))
		out, err := exec.Command("cc", "-fsyntax-only", "-I"+folder, "tigergraphauth.h").CombinedOutput()
		if (err == nil) != fine || fine == strings.Contains(string(out), "is for tigergraph_auth 0.1") {
			t.Errorf("%s: %v\n%s", version, err, out)
		}
	}
}
