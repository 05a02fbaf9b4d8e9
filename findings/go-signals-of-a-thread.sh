#!/usr/bin/env bash
# Expected: a process that a Go program starts blocks no signals, wherever in the program it is started.
# Happens:  a Go function that C calls on a thread of its own runs with the signals that this thread blocks, except
#           those that Go needs itself, such as SIGTERM and SIGINT, and so does each process that it starts with
#           os/exec. If the thread blocks all signals, as threads of libraries do, the process blocks SIGPIPE, SIGALRM, SIGUSR1
#           and others. Goroutines that the function starts are not concerned, and neither is Ruby (ffi), which runs the
#           function on a thread of its own.
# Versions: Debian 12: Go 1.19.8, Ruby 3.1 with ruby-ffi 1.15.
# Matters:  a function that asks a script for a token: `yes | head -1` in it says "Broken pipe", alarms never come.
# To do:    in the C function that calls Go, set the signals of the program's threads before, and the thread's own
#           after.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian golang-go gcc libc6-dev ruby ruby-ffi

cat > lines.c << 'C'
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

static void *block_and_call(void *function) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    ((void (*)(void))function)();
    return NULL;
}

/* Calls a function on a thread that blocks all signals. */
void call_on_a_thread(void (*function)(void)) {
    pthread_t thread;
    pthread_create(&thread, NULL, block_and_call, (void *)function);
    pthread_join(thread, NULL);
}
C
gcc -shared -fPIC -pthread lines.c -o liblines.so
export LD_LIBRARY_PATH=$work

cat > main.go << 'GO'
package main

/*
#cgo LDFLAGS: -L${SRCDIR} -llines
void call_on_a_thread(void (*function)(void));
void goLine(void);
static void call(void) { call_on_a_thread(goLine); }
*/
import "C"

import (
	"fmt"
	"os/exec"
	"strings"
)

// blocks tells whether a process that is started here blocks SIGPIPE, the 13th signal.
func blocks() bool {
	out, err := exec.Command("grep", "SigBlk", "/proc/self/status").Output()
	if err != nil {
		panic(err)
	}
	var signals uint64
	fmt.Sscanf(strings.Fields(string(out))[1], "%x", &signals)
	return signals&(1<<12) != 0
}

//export goLine
func goLine() {
	there := make(chan bool)
	go func() { there <- blocks() }()
	fmt.Println(blocks(), <-there)
}

func main() {
	fmt.Println(blocks())
	C.call()
}
GO
cat > go.mod << 'GO'
module program

go 1.19
GO
GOCACHE="$work/go-cache" GOENV=off GOFLAGS=-buildvcs=false go build -o program .
cat > lines.rb << 'RUBY'
require "ffi"
module Lines
  extend FFI::Library
  ffi_lib "./liblines.so"
  callback :line, [], :void
  attach_function :call_on_a_thread, [:line], :void, blocking: true
end
Lines.call_on_a_thread(-> { puts `grep SigBlk /proc/self/status`.split.last.hex[12] == 1 })
RUBY

mapfile -t seen < <(./program)
echo "whether a process blocks SIGPIPE that is started by"
expect "main of a Go program" false "${seen[0]}"
expect "a Go function that C calls" true "${seen[1]% *}"
expect "a goroutine of this function" false "${seen[1]#* }"
expect "a Ruby block that C calls" false "$(ruby lines.rb)"
