"""Sends threads that share one connection of pyTigerGraph through one expiry of its token.

    expiry.py URL CONTROL-URL SECRET THREADS

Prints, as one line of JSON, how many threads called and how many of their calls failed. A call that fails
is tried once more with a token that the program asks for, as careful programs do. The requests before the
expiry are forgotten by the server, so that it counts what the expiry costs.
"""

import contextlib
import io
import json
import sys
import threading
import urllib.request
from urllib.parse import urlsplit

from pyTigerGraph import TigerGraphConnection

URL, CONTROL, SECRET, THREADS = urlsplit(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])


def control(method, path):
    urllib.request.urlopen(urllib.request.Request(CONTROL + path, method=method)).close()


def outcome(step):
    """Whether a step went well."""
    try:
        step()
        return True
    except Exception:  # whatever a client may raise is a failure here
        return False


def through_one_expiry():
    connection = TigerGraphConnection(
        host=f"{URL.scheme}://{URL.hostname}", restppPort=str(URL.port), gsPort=str(URL.port),
        graphname="MyGraph", gsqlSecret=SECRET)
    connection.getToken(SECRET)
    start, good = threading.Barrier(THREADS), []

    def read():
        connection.getVertices("x")

    def renew_and_read():
        connection.getToken(SECRET)
        read()

    def work():
        start.wait()
        good.append(outcome(read) or outcome(renew_and_read))

    read()
    control("POST", "/expire-tokens")
    control("DELETE", "/requests")
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"calls": len(good), "failed": good.count(False)}


noise = io.StringIO()
with contextlib.redirect_stdout(noise):
    found = through_one_expiry()
print(json.dumps(found), flush=True)
