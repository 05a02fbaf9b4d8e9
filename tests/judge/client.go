// Plays a case of tests/judge.rs with Go's net/http and crypto/tls: the commands and answers of client.c, without
// "unenv", whose variables it has not. Go reads the variables of a proxy once in a process, so a case with a proxy is
// played by a process of its own.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

const patience = 5 * time.Second

// Ports on 127.0.0.1: those of the proxy and of the server.
var proxy, server string

// dial leaves a connection to the proxy alone; any other goes to the server.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	if address != "127.0.0.1:"+proxy {
		address = "127.0.0.1:" + server
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp4", address)
}

func trust(file string) (*tls.Config, error) {
	if file == "-" {
		return &tls.Config{InsecureSkipVerify: true}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("no certificate in %s", file)
	}
	return &tls.Config{RootCAs: pool}, nil
}

func ask(address, file string, byProxy bool) (string, error) {
	config, err := trust(file)
	if err != nil {
		return "", err
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: config, DisableCompression: true}
	defer transport.CloseIdleConnections()
	if byProxy {
		transport.Proxy = http.ProxyFromEnvironment
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		return "", err
	}
	// Not the client, which would follow a redirect.
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("accept %d %s", answer.StatusCode, hex.EncodeToString(body)), nil
}

func answer(address, file string, byProxy bool) string {
	told, err := ask(address, file, byProxy)
	if err != nil {
		return "refuse " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return told
}

// alone plays a case in a process with these variables.
func alone(variables []string, address, file string) string {
	command := exec.Command(os.Args[0], proxy, server, address, file)
	command.Env = variables
	told, err := command.Output()
	if err != nil {
		return "refuse the process: " + err.Error()
	}
	return string(bytes.TrimSpace(told))
}

func main() {
	// It would tell of what a server sends behind its answer.
	log.SetOutput(io.Discard)
	if len(os.Args) == 5 {
		proxy, server = os.Args[1], os.Args[2]
		fmt.Println(answer(os.Args[3], os.Args[4], true))
		return
	}
	var variables []string
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		for i := range fields {
			field, err := url.PathUnescape(fields[i])
			if err != nil {
				os.Exit(2)
			}
			fields[i] = field
		}
		switch {
		case fields[0] == "route":
			proxy, server = fields[1], fields[2]
		case fields[0] == "unenv":
			variables = nil
		case fields[0] == "env":
			variables = append(variables, fields[1]+"="+fields[2])
		case fields[0] == "ask" && fields[4] == "1":
			fmt.Println(alone(variables, fields[2], fields[3]))
		case fields[0] == "ask":
			fmt.Println(answer(fields[2], fields[3], false))
		default:
			os.Exit(2)
		}
	}
}
