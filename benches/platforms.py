"""Measures the programs that benches/platforms built, and prints a table: benches/platforms.py PROGRAMS

All take turns in every round, on one core with the server. The time is the median of a round's calls, the ratio is
the median over the rounds; instructions are the difference of two runs of different length.
"""

import re
import statistics
import sys
from pathlib import Path

from common import Server, count, figures_of, run, table

PROGRAMS = Path(sys.argv[1]).absolute()
BUILDS = ["ordinary", "glibc-2.17", "musl"]
CORE = ["taskset", "-c", "0"]
ROUNDS, CALLS = 15, 2000


def instructions(command):
    done = run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"] + command)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main():
    times, instructions_of = {build: [] for build in BUILDS}, {}
    with Server(CORE + [PROGRAMS / "server", PROGRAMS / "server.pem", PROGRAMS / "server.key"]) as server:
        command = {
            build: [PROGRAMS / build / "ours", "warm", f"http://127.0.0.1:{server.ports['http']}", "-"]
            for build in BUILDS
        }
        for _ in range(ROUNDS):
            for build in BUILDS:
                times[build].append(figures_of(CORE + command[build] + [CALLS])["median_ns"])
        for build in BUILDS:
            few, many = (instructions(command[build] + [calls]) for calls in (20, 120))
            instructions_of[build] = (many - few) / 100
    rows = []
    for build in BUILDS:
        ratio = statistics.median(own / other for own, other in zip(times[build], times["ordinary"]))
        more = instructions_of[build] / instructions_of["ordinary"]
        microseconds = statistics.median(times[build]) / 1000
        rows.append([build, count(microseconds, 1), f"{ratio:.3f}", count(instructions_of[build]), f"{more:.3f}"])
    print(table(["build", "µs", "to the ordinary one", "instructions", "to the ordinary one"], rows))


main()
