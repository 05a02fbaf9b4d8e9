#!/usr/bin/env python3
"""Runs a program as a job of bash, on a terminal of its own: job.py STEPS PROGRAM [ARGUMENT ...]

The program asks for a secret, which is on standard input. STEPS are what a user does then, separated by commas: "stop" is
Ctrl-Z, "secret" types the secret, and anything else is a line for bash. After each step it waits for a prompt, the
program's or bash's. Prints what the terminal shows, and at the end whether it shows what is typed."""
import os
import pty
import select
import shlex
import signal
import sys
import time

steps, program, secret = sys.argv[1].split(","), shlex.join(sys.argv[2:]), sys.stdin.read()
READY, ASKS = b"ready> ", b"Secret: "
LIMIT = 20  # seconds; a program that does not ask again is not waited for any longer

child, terminal = pty.fork()
if child == 0:
    os.environ.update(PS1=READY.decode(), TERM="dumb")
    os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
shown = b""


def read_until(*ends):
    """What the terminal shows until it ends like this, and then nothing more for a while."""
    global shown
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        is_there = any(shown.endswith(end) for end in ends)
        if select.select([terminal], [], [], 0.5 if is_there else 0.1)[0]:
            shown += os.read(terminal, 4096)
        elif is_there:
            return


def type_in(text, *ends):
    global shown
    shown += b"\n"  # what was there before is not the end
    os.write(terminal, text.encode())
    read_until(*ends)


read_until(READY)
type_in(program + "\r", ASKS)
for step in steps:
    text = {"stop": "\x1a", "secret": secret + "\r"}.get(step, step + "\r")
    type_in(text, ASKS if step == "fg" else READY)
type_in("stty -a | grep -ow -e '-*echo'\r", READY)
os.kill(child, signal.SIGHUP)
os.waitpid(child, 0)
print(shown.decode(errors="replace"))
