"""Lets the programs that benches/packages built take turns, and prints what a fresh token costs in each.

    packages.py [--write|--quick] -- NAME=COMMAND...

The first program is the one that the others are compared with. A program reads how many calls it is to make and prints
the nanoseconds of one. In each round all of them make a few, so that what else the machine does hits few rounds, and
the ratio is that of one round. Memory is what a program has resident, before and after many calls.
"""

import re
import shlex
import statistics
import subprocess
import sys
from pathlib import Path

import common

MODES, COMMANDS = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
QUICK = "--quick" in MODES
ROUNDS = 3 if QUICK else 301
CALLS = 1000
MANY = 100_000
BEFORE = 30_000 if QUICK else 3_000_000
BEGIN, END = "<!-- written by benches/packages --write -->", "<!-- end of the packages -->"
# × C, at most; a row of the issue that asked for it.
GOALS = {"C++": 1.05, "Go": 3, "Ruby": 20, "CoreCLR": 5, "Mono": 5}
GROWTH_KIB = 1024


class Program:
    def __init__(self, command):
        self.process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, calls):
        self.process.stdin.write(f"{calls}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def resident_kib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def growth_kib(self):
        """What many calls leave behind, after many more: the heap of a garbage collector has its size by then."""
        self.call(BEFORE // 2)  # the program makes as many that do not count
        before = self.resident_kib()
        self.call(MANY // 2)
        return self.resident_kib() - before

    def stop(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            sys.exit(f"{self.process.args}: {self.process.returncode}")


def rows(times, growth):
    base = next(iter(times))
    for name, taken in times.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(taken, times[base]))
        goal = GOALS.get(name)
        met = growth[name] <= GROWTH_KIB and (goal is None or ratio <= goal)
        yield [name, f"{statistics.median(taken):.0f}", f"{ratio:.2f}", "–" if goal is None else f"≤ {goal}",
               str(growth[name]), "met" if met else "missed"]


def main():
    machine = common.machine()
    programs = {name: Program(command) for name, command in (argument.split("=", 1) for argument in COMMANDS)}
    growth = {name: program.growth_kib() for name, program in programs.items()}
    times = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            times[name].append(program.call(CALLS))
    for program in programs.values():
        program.stop()
    busy = " **The machine was busy.**" if float(machine["load_before"]) > 0.5 else ""
    head = ["a fresh token", "ns", "× C", "goal", f"KiB more after {MANY:,} calls".replace(",", " "), ""]
    text = (f"{common.machine_text(machine)}. Load before the run: {machine['load_before']}; rounds: {ROUNDS}.{busy}"
            "\n\n" + common.table(head, list(rows(times, growth))))
    print(text)
    if "--write" in MODES:
        common.write_between(Path(__file__).with_name("README.md"), BEGIN, END, text)


main()
