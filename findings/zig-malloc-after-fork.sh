#!/usr/bin/env bash
# Expected: fork takes malloc's lock before and gives it back in the child, so that a child of a process with threads
#           can use malloc: glibc has always done so, and musl since 1.2.2, by a function of its own, __malloc_atfork.
# Happens:  Zig puts a malloc of its own in the place of musl's into static programs. musl's fork still calls
#           __malloc_atfork, but that is the empty function that stands for every part which a program does not have.
#           Children of a process with busy threads were seen to hang in malloc, with all of a processor.
# Versions: Zig 0.17.1 (ziglang of PyPI), which says that its musl is 1.2.5; musl-tools 1.2.3 and GCC 12.2 of Debian 12.
# Matters:  a server that forks hangs now and then in its children, and only when it is linked by Zig: the library that
#           allocates in the child looks guilty, and is not.
# To do:    in such a child do nothing but exec or _exit; or link with a compiler that brings musl's own malloc, as on
#           Alpine or with Debian's musl-gcc.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian musl-tools gcc binutils
pypi ziglang==0.17.1
cat > forks.c << 'C'
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    char *volatile block = malloc(100);
    free(block);
    pid_t child = fork();
    if (child == 0) _exit(0);
    return waitpid(child, NULL, 0) != child;
}
C

# What fork calls for malloc in a static program: if it is what it calls for the dynamic loader, which such a program
# does not have, it is the empty function.
called() { # compiler
    local malloc loader
    # Without quotes: options.
    $1 -O1 -static forks.c -o forks
    malloc=$(nm forks | sed -n 's/ . __malloc_atfork$//p')
    loader=$(nm forks | sed -n 's/ . __ldso_atfork$//p')
    ./forks
    [ -n "$malloc" ] && [ -n "$loader" ] || { echo "no function"; return; }
    if [ "$malloc" = "$loader" ]; then echo "the empty function"; else echo "a function of its own"; fi
}

expect "musl 1.2.3 by musl-gcc" "a function of its own" "$(called musl-gcc)"
expect "musl by Zig" "the empty function" "$(called "venv/bin/python-zig cc -target x86_64-linux-musl")"
