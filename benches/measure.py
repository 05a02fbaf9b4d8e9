"""Runs the programs that benches/run built, and prints every figure as JSON.

    measure.py PROGRAMS LIBRARY PYTHON [--quick|--budgets]

The time of each client is the median of rounds in which all take turns, with client and server on one core.
What tools count (instructions, allocations, system calls) is the difference of two runs of different length, so
that what happens once does not count. The server's counters have to agree with what was meant to be measured.
--quick runs everything once, to see that it works. --budgets only counts, and only for this library.
"""

import json
import os
import re
import statistics
import sys
import urllib.request
from pathlib import Path

import common
from common import figures_of, run, version

PROGRAMS, LIBRARY, PYTHON = (Path(argument).absolute() for argument in sys.argv[1:4])
QUICK = "--quick" in sys.argv
# The system's trust store is the one that it has without them.
for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
    os.environ.pop(variable, None)
ROUNDS = 1 if QUICK else 7
CA = PROGRAMS / "ca.pem"
CORE = ["taskset", "-c", "0"]

CLIENTS = {
    "ours": [PROGRAMS / "ours"],
    "raw": [PROGRAMS / "raw"],
    "libcurl": [PROGRAMS / "libcurl"],
    "pytigergraph": [PYTHON, Path(__file__).with_name("peer.py")],
}
# Name, what is done (bench.h), scheme, the server's port, calls in a round for C and for Python.
SCENARIOS = [
    ("warm, http", "warm", "http", "http", 2000, 200),
    ("warm, https", "warm", "https", "tls13", 2000, 200),
    ("cold, http", "cold", "http", "http", 300, 40),
    ("cold, TLS 1.3", "cold", "https", "tls13", 80, 20),
    ("cold, TLS 1.2", "cold", "https", "tls12", 80, 20),
    ("resumed, TLS 1.3", "warm", "https", "resumed13", 150, 40),
    ("resumed, TLS 1.2", "warm", "https", "resumed12", 150, 40),
    ("first of a process, TLS 1.3", "first", "https", "tls13", 1, 1),
    # Neither client looks an address up. libcurl does not look `localhost` up either, this library does.
    ("first of a process, TLS 1.3, by address", "first", "https", "tls13", 1, 1),
]


# Requests to the database: name, scheme, the server's port, path, length of the answer, calls in a round.
REQUESTS = [
    ("small, http", "http", "http", "/gsql/v1/small", 15, 2000),
    ("small, https", "https", "tls13", "/gsql/v1/small", 15, 2000),
    ("64 MiB, http", "http", "http", "/gsql/v1/large", 2**26, 3),
    ("64 MiB, https", "https", "tls13", "/gsql/v1/large", 2**26, 3),
    ("64 MiB in chunks, http", "http", "http", "/gsql/v1/stream", 2**26, 3),
    ("64 MiB in chunks, https", "https", "tls13", "/gsql/v1/stream", 2**26, 3),
]


class Server(common.Server):
    def __init__(self):
        super().__init__(CORE + [PROGRAMS / "server", PROGRAMS / "server.pem", PROGRAMS / "server.key"])

    def url(self, scheme, port, name=""):
        host = "127.0.0.1" if "by address" in name else "localhost"
        return f"{scheme}://{host}:{self.ports[port]}"

    def counters(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.ports['http']}/counters") as answer:
            return json.load(answer)


def check(name, kind, port, count, before, after):
    """Whether the server saw what the scenario says; how many handshakes of a call were resumed."""
    seen = {key: after[key] - before[key] for key in after}
    calls = count if kind == "first" else count + 1
    connects = 1 if kind == "warm" and not port.startswith("resumed") else calls
    if (seen["requests"], seen["connections"]) != (calls, connects):
        sys.exit(f"{name}: {calls} requests on {connects} connections were meant, the server saw {seen}")
    if not port.startswith("resumed") and seen["resumed"] != 0:
        sys.exit(f"{name}: full handshakes were meant, the server saw {seen}")
    return seen["resumed"] / count


def counts_of(client, scenario):
    """How many calls a client makes in a round: fewer for the slow one."""
    count = scenario[5 if client == "pytigergraph" else 4]
    return min(count, 2) if QUICK else count


def timed(server):
    """For each scenario and client the medians over all rounds."""
    found = {}
    for scenario in SCENARIOS:
        name, kind, scheme, port = scenario[:4]
        rounds = {client: [] for client in CLIENTS}
        for _ in range(3 * ROUNDS if kind == "first" and not QUICK else ROUNDS):
            for client, command in CLIENTS.items():
                count, before = counts_of(client, scenario), server.counters()
                figures = figures_of(CORE + command + [kind, server.url(scheme, port, name), CA, count])
                figures["resumed"] = check(f"{name}, {client}", kind, port, count, before, server.counters())
                rounds[client].append(figures)
        found[name] = {client: summary(all_figures) for client, all_figures in rounds.items()}
        for client in CLIENTS:
            paired = [mine["median_ns"] / raw["median_ns"] for mine, raw in zip(rounds[client], rounds["raw"])]
            curls = [mine["median_ns"] / curl["median_ns"] for mine, curl in zip(rounds[client], rounds["libcurl"])]
            found[name][client]["x_raw"] = statistics.median(paired)
            found[name][client]["x_libcurl"] = statistics.median(curls)
    return found


def summary(all_figures):
    middle = {key: statistics.median(figures[key] for figures in all_figures) for key in all_figures[0]}
    times = sorted(figures["median_ns"] for figures in all_figures)
    quarter = len(times) // 4
    middle["spread"] = (times[-1 - quarter] - times[quarter]) / 2 / middle["median_ns"]
    return middle


def instructions(command, only=()):
    """Of the whole program, or of these functions and what they call."""
    toggles = [f"--toggle-collect={name}" for name in only]
    done = run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"] + toggles + command)
    return {"instructions": int(re.search(r"Collected : (\d+)", done.stderr)[1])}


def allocations(command):
    into = PROGRAMS / "allocations.json"
    run(command, env={**os.environ, "LD_PRELOAD": str(PROGRAMS / "allocations.so"), "BENCH_ALLOCATIONS": str(into)})
    return json.loads(into.read_text())


def system_calls(command):
    into = PROGRAMS / "strace.txt"
    run(["strace", "-f", "-c", "-U", "name,calls", "-o", into] + command)
    return {"system_calls": sum(int(line.split()[1]) for line in into.read_text().splitlines()[2:]
                                if re.fullmatch(r"\w+ +\d+", line.strip()) and not line.startswith("total"))}


def per_call(tool, command, few, many):
    """What a tool counts for one more call."""
    short, long = tool(command + [few]), tool(command + [many])
    return {key: (long[key] - short[key]) / (many - few) for key in short}


def sent(server):
    """For each request the medians over all rounds, of tg_send and of the same by libcurl, and the ratio of a round."""
    found = {}
    for name, scheme, port, path, length, count in REQUESTS:
        rounds = {"ours": [], "libcurl": []}
        environment = {**os.environ, "BENCH_PATH": path, "BENCH_LENGTH": str(length)}
        for _ in range(ROUNDS):
            for client, program in (("ours", "send"), ("libcurl", "get")):
                calls, before = 1 if QUICK else count, server.counters()
                command = CORE + [PROGRAMS / program, "warm", server.url(scheme, port), CA, calls]
                figures = figures_of(command, env=environment)
                check(f"{name}, {client}", "warm", port, calls, before, server.counters())
                rounds[client].append(figures)
        found[name] = {client: summary(all_figures) for client, all_figures in rounds.items()}
        ratios = [mine["median_ns"] / curl["median_ns"] for mine, curl in zip(rounds["ours"], rounds["libcurl"])]
        found[name]["x_libcurl"] = statistics.median(ratios)
        found[name]["answer_kb"] = length / 1024
    return found


def counted(server):
    found = {}
    for name, kind, scheme, port, *_ in SCENARIOS:
        if kind == "first":
            continue
        few, many = (20, 120) if kind == "warm" else (3, 23)
        found[name] = {}
        for client, command in CLIENTS.items():
            python = client == "pytigergraph"
            tools = [system_calls] if python else [system_calls, allocations, instructions]
            if QUICK and name != "warm, http":
                continue
            command = command + [kind, server.url(scheme, port), CA]
            found[name][client] = {}
            for tool in tools:
                found[name][client].update(per_call(tool, command, few, many))
    return found


def cached_instructions(command):
    return instructions(command, ["tg_authorization", "tg_token_free"])


def cached():
    program = [PROGRAMS / "authorization"]
    found = {"ways": figures_of(program + ["cached", 640 if QUICK else 1000000])}
    for tool in (system_calls, allocations, cached_instructions):
        found.update(per_call(tool, program + ["calls"], 1000, 11000))
    return found


def herds(server):
    url = server.url("http", "http")
    return {threads: figures_of([PROGRAMS / "authorization", "herd", url, threads]) for threads in (64, 1000)}


def medians(command):
    """Of a program that measures what happens once in a process."""
    runs = [figures_of(CORE + command) for _ in range(1 if QUICK else 21)]
    return {key: statistics.median(figures[key] for figures in runs) for key in runs[0]}


def linked(library):
    """A library and everything that it loads, as files, without the system's own."""
    own = r"(linux-vdso|ld-linux.*|libc|libm|libgcc_s)\.so"
    lines = run(["ldd", library]).stdout.splitlines()
    files = {re.search(r"=> (\S+)", line)[1] for line in lines if "=> /" in line and not re.search(own, line)}
    return files | {str(library)}


def libcurl_file():
    lines = run(["ldd", PROGRAMS / "libcurl"]).stdout
    return Path(re.search(r"libcurl\S* => (\S+)", lines)[1])


def sizes():
    curl = linked(libcurl_file())
    return {"ours": LIBRARY.stat().st_size, "libcurl": libcurl_file().stat().st_size,
            "libcurl_and_needs": sum(os.stat(file).st_size for file in curl), "libcurl_files": len(curl)}


def handles(server):
    program, http, https = [PROGRAMS / "handles"], server.url("http", "http"), server.url("https", "tls13")
    idle, live = (10, 5) if QUICK else (1000, 200)
    return {
        "new_system": medians(program + ["new", https, "system"]), "new_ca": medians(program + ["new", https, CA]),
        "idle": figures_of(program + ["idle", https, CA, idle])["bytes"],
        "live_http": figures_of(program + ["live", http, CA, live])["bytes"],
        "live_https": figures_of(program + ["live", https, CA, live])["bytes"],
    }


def machine():
    return {**common.machine(), "openssl": version("openssl", "version").split(" (")[0],
            "libcurl": version("pkg-config", "--modversion", "libcurl"),
            "cjson": version("pkg-config", "--modversion", "libcjson")}


def budgets():
    """Figures by which tests/budgets.rs judges a change. The instructions of a handshake are too many, and too often others."""
    ours, found = CLIENTS["ours"], {}
    with Server() as server:
        for name, kind, scheme, port, *_ in SCENARIOS:
            if kind == "first":
                continue
            resumed = port.startswith("resumed")
            # How many reads a ticket takes is chance.
            tools = [allocations] if resumed else [allocations, system_calls]
            if kind == "warm" and not resumed:
                tools.append(instructions)
            few, many = (20, 120) if kind == "warm" else (3, 23)
            for tool in tools:
                counted = per_call(tool, ours + [kind, server.url(scheme, port), CA], few, many)
                found.update({f"{name}: {what.replace('_', ' ')}": round(figure, 1) for what, figure in counted.items()})
        for tool in (system_calls, allocations, cached_instructions):
            counted = per_call(tool, [PROGRAMS / "authorization", "calls"], 1000, 11000)
            found.update({f"cached: {what.replace('_', ' ')}": round(figure, 1) for what, figure in counted.items()})
        idle = figures_of([PROGRAMS / "handles", "idle", server.url("https", "tls13"), CA, 1000])["bytes"]
        found["idle handle of 1 000: bytes"] = idle
    print(json.dumps(found, indent=1))


def main():
    if "--budgets" in sys.argv:
        return budgets()
    results = {"quick": QUICK, "rounds": ROUNDS, "machine": machine()}
    with Server() as server:
        results["timed"] = timed(server)
        results["counted"] = counted(server)
        results["sent"] = sent(server)
        results["cached"] = cached()
        results["herds"] = herds(server)
        results["handles"] = handles(server)
    results["load"] = {"ours": medians([PROGRAMS / "load", LIBRARY, "tg_version"]),
                       "libcurl": medians([PROGRAMS / "load", libcurl_file(), "curl_version"])}
    results["sizes"] = sizes()
    print(json.dumps(results, indent=1))


main()
