#!/usr/bin/env python3
"""Runs a program on a terminal of its own: terminal.py PROGRAM [ARGUMENT ...]

When the program asks, what stands on standard input is typed. Prints what the terminal shows, how the program ended, and
whether the terminal shows again what is typed."""
import os
import pty
import sys
import termios
import time

typed = sys.stdin.buffer.read()
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
shown = b""
while b":" not in shown:
    shown += os.read(terminal, 1000)
time.sleep(1)  # as a person does; what is typed sooner is lost on the console of wine
os.write(terminal, typed)
try:
    while True:
        shown += os.read(terminal, 1000)
except OSError:
    pass  # the program has closed the other side
_, status = os.waitpid(child, 0)
print(shown.decode(errors="replace"))
print(f"killed by {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exited {os.WEXITSTATUS(status)}")
print("echo is on" if termios.tcgetattr(terminal)[3] & termios.ECHO else "echo is off")
