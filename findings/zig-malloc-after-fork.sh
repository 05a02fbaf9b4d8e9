#!/usr/bin/env bash
# Expected: a process with threads forks, and the child uses malloc, which glibc has always allowed and musl since 1.2.2:
#           both take malloc's lock before a fork and give it back in the child.
# Happens:  Zig puts a malloc of its own in the place of musl's into static programs, which knows nothing of forks. A
#           lock that another thread held at the moment of the fork stays held in the child. There is one for each
#           processor; once all are held, malloc and free look from one to the next for ever.
# Versions: Zig 0.17.1 (ziglang of PyPI), which says that its musl is 1.2.5; musl-tools 1.2.3 and GCC 12.2 of Debian 12.
# Matters:  a server that forks hangs now and then in its children, with all of a processor, and only when it is linked
#           by Zig: the library that allocates in the child looks guilty, and is not.
# To do:    in such a child do nothing but exec or _exit; or link with a compiler that brings musl's own malloc, as on
#           Alpine or with Debian's musl-gcc.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian musl-tools gcc
pypi ziglang==0.17.1
cat > forks.c << 'C'
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *allocate(void *unused) {
    for (;;) {
        char *volatile block = malloc(100);
        free(block);
    }
    return unused;
}

/* Whether the child ends within five seconds. */
static int ends(pid_t child) {
    for (int waited = 0; waited < 5000; waited++) {
        if (waitpid(child, NULL, WNOHANG) == child) return 1;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}

int main(void) {
    pthread_t thread;
    for (int i = 0; i < 4; i++) pthread_create(&thread, NULL, allocate, NULL);
    for (int forks = 1; forks <= 1000; forks++) {
        pid_t child = fork();
        if (child == 0) {
            char *volatile block = malloc(100);
            free(block);
            _exit(0);
        }
        if (!ends(child)) {
            puts("a child does not end");
            fflush(stdout);
            _exit(0);
        }
    }
    puts("all children end");
    fflush(stdout);
    _exit(0);
}
C

# What the program says, on one processor: there is one lock then, and its holder is often the one that has to wait.
says() { # compiler options
    # Without quotes: options.
    $1 -O1 -static -pthread forks.c -o forks
    taskset -c 0 ./forks
}

expect "glibc 2.36, static" "all children end" "$(says gcc)"
expect "musl 1.2.3, static" "all children end" "$(says musl-gcc)"
expect "Zig, glibc" "all children end" \
    "$(venv/bin/python-zig cc -O1 -target x86_64-linux-gnu.2.36 -pthread forks.c -o forks && taskset -c 0 ./forks)"
expect "Zig, musl, static" "a child does not end" "$(says "venv/bin/python-zig cc -target x86_64-linux-musl")"
