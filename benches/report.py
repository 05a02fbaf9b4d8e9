"""Makes tables and a plot of what measure.py found.

    report.py RESULTS             prints the tables
    report.py RESULTS --write     also writes them into README.md, between its two marks, and the plot beside it

Figures of a quick run are made into tables too, to see that this works, but not shown.
"""

import json
import math
import sys
from pathlib import Path

from common import count, machine_text, table, write_between

HERE = Path(__file__).parent
RESULTS = json.loads(Path(sys.argv[1]).read_text())
NAMES = {"ours": "this library", "raw": "raw socket", "libcurl": "libcurl + cJSON", "pytigergraph": "pyTigerGraph 2.0.5"}
COLOURS = {"ours": "#d9480f", "raw": "#868e96", "libcurl": "#1971c2", "pytigergraph": "#2f9e44"}
BEGIN, END = "<!-- written by benches/run --write -->", "<!-- end -->"


def micros(nanoseconds):
    return f"{nanoseconds / 1000:.1f}" if nanoseconds < 1e5 else f"{nanoseconds / 1000:.0f}"


def goals():
    """Figure, goal, what was measured, and whether the goal is met."""
    timed, counted, cached, handles = (RESULTS[part] for part in ("timed", "counted", "cached", "handles"))
    warm, warm_tls = timed["warm, http"], timed["warm, https"]
    first_by_address = timed["first of a process, TLS 1.3, by address"]
    ways, warm_counts = cached["ways"], counted["warm, http"]
    rows = [
        ("warm `tg_get_token`, http, wall time, × raw socket", 2.4, warm["ours"]["x_raw"], 2, ""),
        ("the same, × libcurl program", 0.9, warm["ours"]["x_libcurl"], 2, ""),
        ("the same over https, × libcurl program", 0.8, warm_tls["ours"]["x_libcurl"], 2, ""),
        ("warm, http, instructions", 66000, warm_counts["ours"]["instructions"], 0, ""),
        ("warm, http, system calls", 3.1, warm_counts["ours"]["system_calls"], 1, ""),
        ("warm, http, CPU time, × pyTigerGraph", 0.05, warm["ours"]["cpu_ns"] / warm["pytigergraph"]["cpu_ns"], 3, ""),
        *[(f"`tg_send`, {name}, × libcurl program", 1.0, figures["x_libcurl"], 2, "")
          for name, figures in RESULTS["sent"].items()],
        ("cold, TLS 1.3, × libcurl program", 1.0, timed["cold, TLS 1.3"]["ours"]["x_libcurl"], 2, ""),
        ("cold, TLS 1.2, × libcurl program", 1.0, timed["cold, TLS 1.2"]["ours"]["x_libcurl"], 2, ""),
        ("allocations of a warm call", 52, warm_counts["ours"]["allocations"], 0, ""),
        # A quick run counts over http alone.
        *[("the same over https", 56, seen["allocations"], 0, "") for seen in [counted["warm, https"].get("ours")] if seen],
        ("allocations of a cached call", 0, cached["allocations"], 0, ""),
        ("cached `tg_authorization` with `tg_token_free`, × a reading of the clock", 1.9,
         ways["ours"]["mean_ns"] / ways["clock"]["mean_ns"], 2, ""),
        ("the same on each of two threads, × on one", 1.05,
         ways["ours"]["two_threads_ns"] / ways["ours"]["mean_ns"], 2, ""),
        ("the same, instructions", 150, cached["instructions"], 0, ""),
        ("library, stripped", 2.25, RESULTS["sizes"]["ours"] / 1e6, 2, " MB"),
        ("`dlopen` to first call ready", 0.5, RESULTS["load"]["ours"]["ready_ns"] / 1e6, 2, " ms"),
        ("memory per idle handle, of 1 000", 16, handles["idle"] / 1024, 1, " KiB"),
        ("memory with a connection, http", 7, handles["live_http"] / 1024, 1, " KiB"),
        ("memory with a connection, TLS 1.3", 14, handles["live_https"] / 1024, 1, " KiB"),
        ("first token of a process, TLS 1.3, CPU time, × libcurl program", 0.33,
         first_by_address["ours"]["cpu_ns"] / first_by_address["libcurl"]["cpu_ns"], 2, ""),
        ("the same, wall time with the server's", 0.33, first_by_address["ours"]["x_libcurl"], 2, ""),
        ("first `tg_conn_new`, system's trust store (4.5 ms with 0.1.0)", 1.35, handles["new_system"]["first_ns"] / 1e6,
         2, " ms"),
        ("second `tg_conn_new`, system's trust store", 20, handles["new_system"]["second_ns"] / 1000, 1, " µs"),
        ("second `tg_conn_new`, CA file", 20, handles["new_ca"]["second_ns"] / 1000, 1, " µs"),
    ]
    shown = [[what, f"≤ {goal:g}{unit}", f"{value:.{digits}f}{unit}", "met" if value <= goal else "missed"]
             for what, goal, value, digits, unit in rows]
    return table(["figure", "goal", "measured", ""], shown)


def calls():
    rows = []
    for scenario, clients in RESULTS["timed"].items():
        counts = RESULTS["counted"].get(scenario, {})
        for client, figures in clients.items():
            seen = counts.get(client, {})
            rows.append([f"{scenario}: {NAMES[client]}", micros(figures["median_ns"]), f"{100 * figures['spread']:.0f} %",
                         f"{figures['x_raw']:.2f}", f"{figures['x_libcurl']:.2f}", micros(figures["cpu_ns"]),
                         count(seen.get("instructions")), count(seen.get("allocations")), count(seen.get("bytes")),
                         count(seen.get("system_calls"), 1), f"{figures['peak_kb'] / 1024:.1f}",
                         f"{100 * figures['resumed']:.0f} %" if scenario.startswith("resumed") else ""])
    return table(["a call", "wall µs", "±", "× raw", "× libcurl", "CPU µs", "instructions", "allocations", "bytes",
                  "system calls", "peak MiB", "resumed"], rows)


def sent():
    rows = []
    base = min(figures["ours"]["peak_kb"] for figures in RESULTS["sent"].values())
    for name, figures in RESULTS["sent"].items():
        ours, curl = figures["ours"], figures["libcurl"]
        rows.append([name, micros(ours["median_ns"]), micros(curl["median_ns"]), f"{figures['x_libcurl']:.2f}",
                     f"{100 * ours['spread']:.0f} %", f"{ours['peak_kb'] / 1024:.1f}", f"{curl['peak_kb'] / 1024:.1f}",
                     f"{(ours['peak_kb'] - base) / figures['answer_kb']:.2f}" if figures["answer_kb"] > 1024 else ""])
    return table(["a warm `tg_send` of a GET", "wall µs", "libcurl µs", "× libcurl", "±", "peak MiB", "libcurl MiB",
                  "memory, × answer"], rows)


def cached():
    names = {"ours": "`tg_authorization` + `tg_token_free`", "clock": "a reading of the clock, nothing else",
             "clock_and_count": "clock, and an atomic increment", "mutex": "mutex, clock, copy of the token",
             "rwlock": "rwlock, clock, copy of the token"}
    rows = [[names[way], f"{figures['mean_ns']:.1f}", f"{figures['p50_ns']:.1f}", f"{figures['two_threads_ns']:.1f}",
             f"{2 * figures['mean_ns'] / figures['two_threads_ns']:.2f}"] for way, figures in RESULTS["cached"]["ways"].items()]
    return table(["while the token is fresh", "ns, one thread", "p50", "ns on each of two", "rate of two, × one"], rows)


def herds():
    rows = [[f"{threads} threads", str(figures["requests"]), f"{figures['spread_ns'] / 1e6:.1f}", f"{figures['woken_ns'] / 1e6:.1f}"]
            for threads, figures in RESULTS["herds"].items()]
    return table(["threads that want a token at once", "requests", "ms from first to last", "ms from a bare barrier"], rows)


def process():
    load, sizes, handles = RESULTS["load"], RESULTS["sizes"], RESULTS["handles"]
    kib = lambda value: f"{value / 1024:.1f} KiB"
    ms = lambda value: f"{value / 1e6:.3f} ms"
    rows = [
        ["file, stripped", f"{sizes['ours'] / 1e6:.2f} MB",
         f"{sizes['libcurl'] / 1e6:.2f} MB, {sizes['libcurl_and_needs'] / 1e6:.2f} MB in {sizes['libcurl_files']} files"],
        ["`dlopen`", ms(load["ours"]["load_ns"]), ms(load["libcurl"]["load_ns"])],
        ["`dlopen` to the first call's return", ms(load["ours"]["ready_ns"]), ms(load["libcurl"]["ready_ns"])],
        ["first `tg_conn_new`, system's trust store", ms(handles["new_system"]["first_ns"]), ""],
        ["second", ms(handles["new_system"]["second_ns"]), ""],
        ["first `tg_conn_new`, CA file", ms(handles["new_ca"]["first_ns"]), ""],
        ["second", ms(handles["new_ca"]["second_ns"]), ""],
        ["memory per idle handle, of 1 000", kib(handles["idle"]), ""],
        ["with a token and a connection, http, of 200", kib(handles["live_http"]), ""],
        ["with a token and a connection, TLS 1.3, of 200", kib(handles["live_https"]), ""],
    ]
    return table(["", "this library", "libcurl"], rows)


def machine():
    machine = RESULTS["machine"]
    busy = "" if float(machine["load_before"]) < 0.5 else " **The machine was busy: times and their ratios mean nothing.**"
    return (f"{machine_text(machine)}; libcurl {machine['libcurl']} with "
            f"{machine['openssl']}, cJSON {machine['cjson']}. Load before the run: {machine['load_before']}; "
            f"rounds: {RESULTS['rounds']}.{busy}")


def text():
    parts = [machine(), goals(), calls(), sent(), cached(), herds(), process()]
    return "\n\n".join(parts)


def plot():
    """Wall time of every client in every scenario, as bars with a logarithmic scale."""
    left, width, bar, gap = 190, 560, 13, 16
    times = [figures["median_ns"] for clients in RESULTS["timed"].values() for figures in clients.values()]
    low, high = 10 ** math.floor(math.log10(min(times))), 10 ** math.ceil(math.log10(max(times)))
    place = lambda time: left + width * math.log(time / low) / math.log(high / low)
    parts, y = [], 40
    for i, client in enumerate(NAMES):
        parts.append(f'<rect x="{left + 140 * i}" y="8" width="12" height="12" fill="{COLOURS[client]}"/>'
                     f'<text x="{left + 140 * i + 17}" y="18">{NAMES[client]}</text>')
    for scenario, clients in RESULTS["timed"].items():
        parts.append(f'<text x="{left - 8}" y="{y + 2 * bar + 4}" text-anchor="end">{scenario}</text>')
        for client, figures in clients.items():
            end = place(figures["median_ns"])
            parts.append(f'<rect x="{left}" y="{y}" width="{end - left:.1f}" height="{bar - 2}" fill="{COLOURS[client]}"/>'
                         f'<text x="{end + 4:.1f}" y="{y + bar - 3}" font-size="10">{micros(figures["median_ns"])}</text>')
            y += bar
        y += gap
    decade = low
    while decade <= high:
        x = place(decade)
        parts.insert(0, f'<line x1="{x:.1f}" x2="{x:.1f}" y1="30" y2="{y}" stroke="#dee2e6"/>'
                        f'<text x="{x:.1f}" y="{y + 14}" text-anchor="middle">{count(decade / 1000)} µs</text>')
        decade *= 10
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 60} {y + 24}" font-family="sans-serif" '
            f'font-size="12"><title>Wall time of a call</title><rect width="100%" height="100%" fill="#fff"/>\n'
            + "\n".join(parts) + "\n</svg>\n")


def write(tables, bars):
    write_between(HERE / "README.md", BEGIN, END, tables)
    (HERE / "figures.svg").write_text(bars)


tables, bars = text(), plot()
if RESULTS["quick"]:
    print("benches: all programs, the tables and the plot work")
else:
    print(tables)
    if "--write" in sys.argv:
        write(tables, bars)
