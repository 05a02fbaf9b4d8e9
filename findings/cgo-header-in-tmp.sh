#!/usr/bin/env bash
# Expected: `#include "value.h"` in a Go file means the header beside it.
# Happens:  cgo writes the text above `import "C"` to a file in the temporary folder, to learn its types from it. A
#           header of that name there comes first, whoever put it there. The C code is then compiled with the right
#           header: if the types differ, numbers are handed over wrongly, without a word.
# Versions: Debian 12: Go 1.19.8, gcc 12.
# Matters:  a `bridge.h` that somebody left in /tmp breaks the build of a package, or its results; on a machine of many
#           users it may be anybody's.
# To do:    give headers of cgo packages names that nobody else has; set TMPDIR to a folder of your own.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian golang-go gcc libc6-dev

mkdir program empty other
cat > program/value.h << 'C'
typedef int value;
static value twice(value number) { return 2 * number; }
C
sed 's/int/double/' program/value.h > other/value.h
cat > program/main.go << 'GO'
package main

// #include "value.h"
import "C"

import "fmt"

func main() { fmt.Println(C.twice(C.value(21))) }
GO
cat > program/go.mod << 'GO'
module program

go 1.19
GO

# What the program prints if it was built with this temporary folder.
built_with() {
    export TMPDIR=$work/$1 GOCACHE=$work/cache-$1 GOENV=off GOFLAGS=-buildvcs=false
    (cd program && go build -o "../$1/program" .)
    "$1/program"
}

echo "twice 21 is"
expect "an empty temporary folder" 42 "$(built_with empty)"
expect "one with another value.h" 0 "$(built_with other)"
