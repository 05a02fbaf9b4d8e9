"""Runs the programs that benches/scale built, and prints how costs grow as a table of goals and figures.

    scale.py PROGRAMS             prints the tables
    scale.py PROGRAMS --write     also writes them into README.md, between its two marks, and the plot beside it
    scale.py PROGRAMS --quick     everything once with small numbers, to see that it works; the figures mean nothing

Ratios are those of one round: programs with many and with few of something take turns. Clients and servers are on one
core where they work in turn, and on all where many threads do.
"""

import os
import statistics
import sys
from pathlib import Path

from common import Server, count, figures_of, machine, machine_text, table, write_between

HERE = Path(__file__).parent
PROGRAMS = Path(sys.argv[1]).absolute()
QUICK = "--quick" in sys.argv
CORE = ["taskset", "-c", "0"]
BEGIN, END = "<!-- written by benches/scale --write -->", "<!-- end -->"

ROUNDS = 1 if QUICK else 7
LIVED = [0, 10, 20, 40] if QUICK else [0, 1000, 2000, 4000]
HANDLES = [10, 20, 40] if QUICK else [100, 1000, 10_000]
NAMES = 20 if QUICK else 500
# Handles, seconds that a token lives, seconds of the measurement; and how long the server takes.
STORMS = [(20, 5, 4), (40, 5, 4)] if QUICK else [(1000, 20, 60), (10_000, 60, 90)]
STORM_MS = 200
WAITING, WAIT_MS = (50, 1000) if QUICK else (1000, 5000)
# What 1 000 threads that wait for 5 s took once, and what they may take.
CPU_ONCE_S, CPU_PART = 1.7, 0.1


def measure(program, kind, *rest, delay_ms=0, lifetime_s=3600, core=()):
    """What a program finds with a server of its own. It is given the port or the address of that."""
    with Server([*core, PROGRAMS / "server", "-", "-", delay_ms, lifetime_s]) as server:
        port = server.ports["http"]
        return figures_of([*core, PROGRAMS / program, kind, port if kind == "names" else f"http://127.0.0.1:{port}", *rest])


def medians(rounds):
    return {key: statistics.median(figures[key] for figures in rounds) for key in rounds[0]}


def threads():
    """For each number of threads the medians over all rounds, and the medians of the ratios to none in the same round."""
    rounds = [measure("scale", "threads", *LIVED, core=CORE) for _ in range(ROUNDS)]
    found = []
    for i in range(len(LIVED)):
        figures = medians([steps[i] for steps in rounds])
        figures["x"] = medians([{key: steps[i][key] / steps[0][key] for key in ("free_ns", "get_token_cpu_ns")}
                                for steps in rounds])
        found.append(figures)
    return found


def handles():
    """For each step the times of a handle where there are few, few of which no cache holds anything, and more; and the ratios
    to the first of the same round. Of few the median of some programs is taken."""
    rounds = []
    some = lambda *kind: [measure("scale", "handles", HANDLES[0], *kind, core=CORE) for _ in range(1 if QUICK else 5)]
    for _ in range(ROUNDS):
        few = [{step: medians([one[step] for one in all_few]) for step in all_few[0]} for all_few in (some(), some("cold"))]
        rounds.append(few + [measure("scale", "handles", more, core=CORE) for more in HANDLES[1:]])
    found = {}
    for step in rounds[0][0]:
        found[step] = [medians([counts[i][step] for counts in rounds]) for i in range(len(rounds[0]))]
        for i, figures in enumerate(found[step]):
            figures["x"] = medians([{key: counts[i][step][key] / counts[0][step][key] for key in ("cpu_ns", "wall_ns")}
                                    for counts in rounds])
    return found


def storms():
    found = []
    for handles, lifetime_s, seconds in STORMS:
        figures = measure("crowd", "storm", handles, seconds, delay_ms=STORM_MS, lifetime_s=lifetime_s)
        figures["load"] = os.getloadavg()[0]
        found.append(figures)
    return found


def shown(what, goal, value, digits, unit=""):
    limit = "none" if goal == 0 else f"≤ {goal:.{digits}f}{unit}"
    return [what, limit, f"{value:.{digits}f}{unit}", "met" if value <= goal else "missed"]


def goals(results):
    """Figure, goal, what was measured, and whether the goal is met."""
    rows = []
    for figures in results["threads"][1:]:
        after = f"after {count(figures['threads'])} threads, × after none"
        rows.append(shown(f"`tg_conn_free` {after}", 1.2, figures["x"]["free_ns"], 2))
        rows.append(shown(f"CPU time of a warm `tg_get_token` {after}", 1.2, figures["x"]["get_token_cpu_ns"], 2))
    for (handles, lifetime_s, seconds), figures in zip(STORMS, results["storms"]):
        during = f"{count(handles)} handles, tokens of {lifetime_s} s, {seconds} s"
        rows.append(shown(f"{during}: calls over 10 ms", 0, figures["slow"], 0))
        rows.append(shown(f"{during}: errors", 0, figures["failed"], 0))
    names, waiting = results["names"], results["waiting"]
    for kind in ("get_token", "authorization"):
        rows.append(shown(f"{NAMES} slow names at once, `tg_{kind}`: errors", 0, names[kind]["failed"], 0))
    rows += [
        shown("a new name while 15 others hang, × none", 1.2, names["x"], 2),
        shown(f"{count(WAITING)} threads that wait {WAIT_MS / 1000:g} s, CPU time", CPU_ONCE_S * CPU_PART,
              waiting["cpu_ns"] / 1e9, 3, " s"),
        shown("`tg_conn_cancel` of them; beside 100 ms, a bare barrier's time is allowed", 100 + waiting["bare_ns"] / 1e6,
              waiting["cancel_ns"] / 1e6, 0, " ms"),
        shown("threads of these that got something else", 0, waiting["other"], 0),
    ]
    for step, figures in results["handles"].items():
        rows.append(shown(f"{step} of a handle of {count(HANDLES[-1])}, CPU time, × of {HANDLES[0]}", 1.1,
                          figures[-1]["x"]["cpu_ns"], 2))
    return table(["figure", "goal", "measured", ""], rows)


def micros(nanoseconds):
    return f"{nanoseconds / 1000:.2f}" if nanoseconds < 1e4 else f"{nanoseconds / 1000:.0f}"


def growth(results):
    """The times themselves."""
    lived = [[count(figures["threads"]), micros(figures["free_ns"]), micros(figures["get_token_cpu_ns"])]
             for figures in results["threads"]]
    steps = [[step] + [micros(one["cpu_ns"]) for one in figures] + [micros(one["wall_ns"]) for one in figures]
             for step, figures in results["handles"].items()]
    kinds = [count(HANDLES[0]), f"{count(HANDLES[0])}, in no cache", *map(count, HANDLES[1:])]
    head = ["each handle"] + [f"{kind} µs, of {what}" for kind in ("CPU", "wall") for what in kinds]
    return "\n\n".join([table(["threads that lived", "`tg_conn_free`, µs", "`tg_get_token`, CPU µs"], lived),
                        table(head, steps)])


def crowds(results):
    rows = []
    for (handles, lifetime_s, _), figures in zip(STORMS, results["storms"]):
        rows.append([f"{count(handles)} handles, {lifetime_s} s", count(figures["calls"]), f"{figures['longest_ns'] / 1e6:.1f}",
                     count(figures["slow_waiting"]), count(figures["slow_clock"]), f"{figures['first_tokens_ns'] / 1e9:.1f}",
                     f"{handles * STORM_MS / 64 / 1000:.1f}", f"{figures['load']:.1f}"])
    storms = table(["64 threads, an answer takes 200 ms", "calls", "longest, ms", "over 10 ms that waited",
                    "bare clock over 10 ms", "s for the first tokens", "at 64 at once", "load"], rows)
    waiting, names = results["waiting"], results["names"]
    millis = lambda *times: [f"{time / 1e6:.2f}" for time in times] + [""] * (2 - len(times))
    rows = [[f"{count(WAITING)} threads, from a bare barrier", *millis(waiting["bare_ns"], waiting["bare_cpu_ns"])],
            [f"the same, with a token after {WAIT_MS / 1000:g} s", *millis(waiting["waited_ns"], waiting["cpu_ns"])],
            ["the same, from their cancellation", *millis(waiting["cancel_ns"])],
            [f"{NAMES} names of 100 ms, 16 at a time, `tg_get_token`", *millis(names["get_token"]["wall_ns"])],
            ["the same, `tg_authorization`", *millis(names["authorization"]["wall_ns"])],
            ["a new name alone", *millis(names["alone_ns"])],
            ["a new name while 15 others hang", *millis(names["beside_hanging_ns"])]]
    return "\n\n".join([storms, table(["until the last is done", "ms", "CPU ms"], rows)])


def ratios(results):
    """Every figure that is a ratio, with its goal."""
    found = []
    for figures in results["threads"][1:]:
        found.append((f"tg_conn_free, {count(figures['threads'])} threads lived", figures["x"]["free_ns"], 1.2))
    for figures in results["threads"][1:]:
        found.append((f"tg_get_token, {count(figures['threads'])} threads lived", figures["x"]["get_token_cpu_ns"], 1.2))
    for step, figures in results["handles"].items():
        found.append((f"{step}, {count(HANDLES[-1])} handles", figures[-1]["x"]["cpu_ns"], 1.1))
    names = results["names"]
    return found + [("a new name, 15 others hang", names["x"], 1.2)]


def plot(results):
    """How many times the cost of the smallest number each is, as bars, with a line at each goal."""
    left, width, bar, most = 230, 480, 16, 2.0
    parts, y = [], 12
    place = lambda value: left + width * min(value, most) / most
    for name, value, goal in ratios(results):
        colour = "#2f9e44" if value <= goal else "#d9480f"
        parts.append(f'<text x="{left - 8}" y="{y + 10}" text-anchor="end">{name}</text>'
                     f'<rect x="{left}" y="{y}" width="{place(value) - left:.1f}" height="{bar - 4}" fill="{colour}"/>'
                     f'<line x1="{place(goal):.1f}" x2="{place(goal):.1f}" y1="{y - 2}" y2="{y + bar - 2}" '
                     f'stroke="#212529" stroke-width="2"/>'
                     f'<text x="{max(place(value), place(goal)) + 5:.1f}" y="{y + 10}" font-size="10">{value:.2f}</text>')
        y += bar + 4
    for value in (0.5, 1.0, 1.5, 2.0):
        parts.insert(0, f'<line x1="{place(value):.1f}" x2="{place(value):.1f}" y1="6" y2="{y}" stroke="#dee2e6"/>'
                        f'<text x="{place(value):.1f}" y="{y + 14}" text-anchor="middle">× {value:g}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 60} {y + 24}" font-family="sans-serif" '
            f'font-size="12"><title>Growth of costs</title><rect width="100%" height="100%" fill="#fff"/>\n'
            + "\n".join(parts) + "\n</svg>\n")


def text(results):
    before, after = float(results["machine"]["load_before"]), results["load_after"]
    busy = "" if before < 0.5 else " **The machine was busy: times and their ratios mean little.**"
    where = (f"{machine_text(results['machine'])}. Load before the run: {before:.1f}, after it: {after:.1f}; "
             f"rounds: {ROUNDS}.{busy}")
    return "\n\n".join([where, goals(results), growth(results), crowds(results)])


def main():
    results = {"machine": machine(), "threads": threads(), "handles": handles(),
               "names": measure("scale", "names", NAMES, core=CORE),
               "waiting": measure("crowd", "wait", WAITING, delay_ms=WAIT_MS), "storms": storms()}
    results["load_after"] = os.getloadavg()[0]
    tables, bars = text(results), plot(results)
    if QUICK:
        return print("benches: the programs of scale, their tables and the plot work")
    print(tables)
    if "--write" in sys.argv:
        write_between(HERE / "README.md", BEGIN, END, tables)
        (HERE / "scale.svg").write_text(bars)


main()
