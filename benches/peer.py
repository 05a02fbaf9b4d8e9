"""pyTigerGraph, as one of the clients that are measured: takes and prints what bench.h says.

The variable is the only way to make this version verify a certificate.
"""

import json
import os
import statistics
import sys
import time
import warnings
from urllib.parse import urlsplit

warnings.simplefilter("ignore")
from pyTigerGraph import TigerGraphConnection  # noqa: E402

SECRET = "j2qho3smncbk4g5cg4airige8up5bqn2"


def connect(url):
    parts = urlsplit(url)
    return TigerGraphConnection(host=f"{parts.scheme}://{parts.hostname}", restppPort=str(parts.port),
                                gsPort=str(parts.port), sslPort=str(parts.port), gsqlSecret=SECRET)


def call(connection):
    if not connection.getToken(SECRET):
        raise SystemExit("no token")


def peak_kb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def main(kind, url, ca, count):
    os.environ.update(REQUESTS_CA_BUNDLE=ca, NO_PROXY="*")
    kept = None
    if kind != "first":
        kept = connect(url)
        call(kept)
    times = []
    cpu, began = time.process_time_ns(), time.perf_counter_ns()
    for _ in range(int(count)):
        start = time.perf_counter_ns()
        call(kept if kind == "warm" else connect(url))
        times.append(time.perf_counter_ns() - start)
    mean = (time.perf_counter_ns() - began) / len(times)
    cpu = (time.process_time_ns() - cpu) / len(times)
    print(json.dumps({"median_ns": statistics.median_high(times), "mean_ns": mean, "cpu_ns": cpu,
                      "peak_kb": peak_kb()}))


main(*sys.argv[1:])
