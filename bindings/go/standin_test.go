package tigergraphauth_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	tigergraphauth "github.com/tigergraph/tigergraph-auth/bindings/go"
)

var background = context.Background()

func TestMain(m *testing.M) {
	if os.Getenv("TIGERGRAPH_STANDIN") == "" {
		fmt.Fprintln(os.Stderr, "TIGERGRAPH_STANDIN is not set: it names the stand-in program that the tests start")
		os.Exit(2)
	}
	if os.Getenv(childVariable) != "" {
		tellNew()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// standin is a running stand-in for a TigerGraph server, with the users alice:opensesame and
// tigergraph:tigergraph and the graphs MyGraph and OtherGraph.
type standin struct {
	GatewayURL string `json:"gateway_url"`
	ControlURL string `json:"control_url"`
	CAFile     string `json:"ca_file"`
}

func startStandin(t testing.TB, version string, args ...string) *standin {
	t.Helper()
	args = append([]string{"--version", version, "--gateway-port", "0", "--restpp-port", "0", "--control-port", "0",
		"--print-json", "--exit-with-parent"}, args...)
	command := exec.Command(os.Getenv("TIGERGRAPH_STANDIN"), args...)
	stdin, err := command.StdinPipe()
	must(t, err)
	stdout, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	t.Cleanup(func() {
		stdin.Close()
		command.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	must(t, err)
	s := new(standin)
	must(t, json.Unmarshal(line, s))
	return s
}

// connect makes a connection to the stand-in that is closed with the test.
func (s *standin) connect(t testing.TB, options ...tigergraphauth.Option) *tigergraphauth.Conn {
	t.Helper()
	options = append([]tigergraphauth.Option{tigergraphauth.WithGraph("MyGraph")}, options...)
	if s.CAFile != "" {
		options = append(options, tigergraphauth.WithCAFile(s.CAFile))
	}
	return connect(t, s.GatewayURL, options...)
}

func (s *standin) control(t testing.TB, method, path, body string) []byte {
	t.Helper()
	req, err := http.NewRequest(method, s.ControlURL+path, bytes.NewBufferString(body))
	must(t, err)
	response, err := http.DefaultClient.Do(req)
	must(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	must(t, err)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s", method, path, response.Status, answer)
	}
	return answer
}

// requests is how many requests there were so far.
func (s *standin) requests(t testing.TB) int {
	t.Helper()
	var requests []json.RawMessage
	must(t, json.Unmarshal(s.control(t, "GET", "/requests", ""), &requests))
	return len(requests)
}

// fault makes the next requests below path go wrong, times of them.
func (s *standin) fault(t testing.TB, path, action string, times int, more string) {
	t.Helper()
	s.control(t, "POST", "/faults", fmt.Sprintf(`{"path_prefix":%q,"action":%q,"times":%d%s}`, path, action, times, more))
}

func connect(t testing.TB, host string, options ...tigergraphauth.Option) *tigergraphauth.Conn {
	t.Helper()
	conn, err := tigergraphauth.New(host, options...)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func withAlice() tigergraphauth.Option {
	return tigergraphauth.WithPassword("alice", "opensesame")
}

// silent is a listener that accepts and never answers; accepted counts.
func silent(t testing.TB) (address string, accepted func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	count := make(chan int, 1)
	count <- 0
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			count <- <-count + 1
			t.Cleanup(func() { conn.Close() })
		}
	}()
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String(), func() int {
		n := <-count
		count <- n
		return n
	}
}

// blackHole is a listener whose queue is full: it answers no attempt to connect.
func blackHole(t testing.TB) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	must(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, syscall.Listen(fd, 0))
	address, err := syscall.Getsockname(fd)
	must(t, err)
	for i := 0; i < 4; i++ {
		filler, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
		must(t, err)
		t.Cleanup(func() { syscall.Close(filler) })
		syscall.Connect(filler, address)
	}
	time.Sleep(20 * time.Millisecond)
	return fmt.Sprintf("127.0.0.1:%d", address.(*syscall.SockaddrInet4).Port)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
