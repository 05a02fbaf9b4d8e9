#!/usr/bin/env bash
# Expected: 1.0 / 0.0 in a C function is infinity, as the standard says, whatever language the program is written in.
# Happens:  SBCL and Free Pascal switch on the processor's traps for division by zero, overflow and invalid operations in
#           their threads, and leave them on when they call C. The division is then SIGFPE, which becomes an error of the
#           program and jumps out of the middle of the C function. strtod("1e999") and a conversion of 1e300 to int64_t
#           fare no better, and a thread that C starts inherits the traps. Python, LuaJIT and Go have none.
# Versions: Debian 12: SBCL 2.2.9, Free Pascal 3.2.2; Python 3.11, LuaJIT 2.1, Go 1.19. On x86-64.
# Matters:  a library that reads numbers from a server works in every test, and a number too large for its type ends the
#           program, or leaves the library with a lock held, in these languages alone.
# To do:    SBCL: (sb-int:with-float-traps-masked (:divide-by-zero :overflow :invalid) ...) around calls into C.
#           Pascal: SetExceptionMask([exInvalidOp, exDenormalized, exZeroDivide, exOverflow, exUnderflow, exPrecision]).
#           A library: no number from outside is converted before it was compared.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian sbcl fp-compiler fp-units-rtl luajit golang-go gcc libc6-dev
[ "$(uname -m)" = x86_64 ] || { echo "needed: x86-64" >&2; exit 2; }
cat > plain.c << 'C'
#define _GNU_SOURCE
#include <fenv.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

int divided(double a, double b) { return a / b > 1; }
int parsed(const char *text) { return strtod(text, NULL) > 1; }
int converted(double value) { return (int64_t)value < 0; }

static void *look(void *traps) {
    *(int *)traps = fegetexcept();
    return NULL;
}

/* 1 if a new thread has any trap. */
int inherited(void) {
    int traps = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, look, &traps);
    pthread_join(thread, NULL);
    return traps != 0;
}
C
gcc -O1 -shared -fPIC -pthread plain.c -lm -o libplain.so

cat > plain.py << 'PYTHON'
import ctypes
plain = ctypes.CDLL("./libplain.so")
number = ctypes.c_double
print(plain.divided(number(1), number(0)), plain.parsed(b"1e999"), plain.converted(number(1e300)), plain.inherited())
PYTHON
cat > plain.lua << 'LUA'
local ffi = require("ffi")
ffi.cdef("int divided(double, double); int parsed(const char *); int converted(double); int inherited(void);")
local plain = ffi.load("./libplain.so")
print(plain.divided(1, 0) .. " " .. plain.parsed("1e999") .. " " .. plain.converted(1e300) .. " " .. plain.inherited())
LUA
cat > plain.go << 'GO'
package main

// int divided(double, double), parsed(const char *), converted(double), inherited(void);
// #cgo LDFLAGS: -L. -lplain
import "C"
import "fmt"

func main() {
	fmt.Println(C.divided(1, 0), C.parsed(C.CString("1e999")), C.converted(1e300), C.inherited())
}
GO
cat > plain.lisp << 'LISP'
(load-shared-object "./libplain.so")
(defmacro call (name types &rest values)
  `(handler-case (sb-alien:alien-funcall (sb-alien:extern-alien ,name (function sb-alien:int ,@types)) ,@values)
     (arithmetic-error (e) (string-downcase (type-of e)))))
(defun all ()
  (format t "~a ~a ~a ~a~%" (call "divided" (double double) 1d0 0d0) (call "parsed" (sb-alien:c-string) "1e999")
          (call "converted" (double) 1d300) (call "inherited" ())))
(all)
(sb-int:with-float-traps-masked (:divide-by-zero :overflow :invalid) (all))
LISP
cat > plain.pas << 'PASCAL'
{$mode objfpc}
uses sysutils, math;
function divided(a, b: double): longint; cdecl; external 'plain';
function parsed(text: pchar): longint; cdecl; external 'plain';
function converted(a: double): longint; cdecl; external 'plain';
function inherited_(): longint; cdecl; external 'plain' name 'inherited';

procedure all;
begin
  try write(divided(1, 0), ' ') except on e: exception do write(e.classname, ' ') end;
  try write(parsed('1e999'), ' ') except on e: exception do write(e.classname, ' ') end;
  try write(converted(1e300), ' ') except on e: exception do write(e.classname, ' ') end;
  writeln(inherited_());
end;

begin
  all;
  SetExceptionMask([exInvalidOp, exDenormalized, exZeroDivide, exOverflow, exUnderflow, exPrecision]);
  all;
end.
PASCAL
fpc -Fl. -oplain-pascal plain.pas > fpc.log
sbcl --script plain.lisp > lisp
LD_LIBRARY_PATH=. ./plain-pascal > pascal
GO111MODULE=off GOCACHE="$work/go-cache" go build -o plain-go plain.go

expect "Python" "1 1 1 0" "$("$python" plain.py)"
expect "LuaJIT" "1 1 1 0" "$(luajit plain.lua)"
expect "Go" "1 1 1 0" "$(LD_LIBRARY_PATH=. ./plain-go)"
expect "SBCL" "division-by-zero floating-point-overflow floating-point-invalid-operation 1" "$(sed -n 1p lisp)"
expect "SBCL, traps masked" "1 1 1 0" "$(sed -n 2p lisp)"
expect "Free Pascal" "EZeroDivide EOverflow EInvalidOp 1" "$(sed -n 1p pascal)"
expect "Free Pascal, traps masked" "1 1 1 0" "$(sed -n 2p pascal)"
