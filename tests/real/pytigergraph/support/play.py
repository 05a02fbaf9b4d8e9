"""Plays pyTigerGraph's own authentication tests: a line for each test, with its outcome.

    play.py TESTS WAY VERSION
"""

import base64
import contextlib
import io
import os
import sys
import unittest
import urllib.request
import warnings

MODULES = ["test_pyTigerGraphAuth", "test_pyTigerGraphAuthAsync", "test_jwtAuth"]


def send(url, body, content_type):
    login = base64.b64encode(b"tigergraph:tigergraph").decode()
    headers = {"Authorization": "Basic " + login, "Content-Type": content_type}
    request = urllib.request.Request(url, body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def prepare(version):
    """The secrets that the suite expects on its server."""
    gateway = "http://127.0.0.1:" + os.environ["GATEWAY_PORT"]
    for alias in ["secret1", "secret2"]:
        if version.startswith("4"):
            send(f"{gateway}/gsql/v1/secrets?alias={alias}", b"", "application/json")
        else:
            body = f"USE+GRAPH+tests%0ACREATE+SECRET+{alias}".encode()
            send(f"{gateway}/gsqlserver/gsql/file", body, "application/x-www-form-urlencoded")


class Outcomes(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.lines = {}

    def note(self, test, outcome):
        name = test.id().split(".", 1)[-1] if "." in test.id() else test.id()
        self.lines[name] = outcome

    def addSuccess(self, test):
        self.note(test, "passes")

    def addFailure(self, test, error):
        self.note(test, f"fails {error[0].__name__}")
        self.why(test, error)

    def addError(self, test, error):
        self.addFailure(test, error)

    def why(self, test, error):
        print(f"{test.id()}: {str(error[1])[:300]}", file=sys.stderr)


def main():
    tests, way, version = sys.argv[1:]
    sys.path.insert(0, tests)
    warnings.simplefilter("ignore")
    prepare(version)
    outcomes = Outcomes()
    with contextlib.redirect_stdout(io.StringIO()):
        for module in MODULES:
            unittest.defaultTestLoader.loadTestsFromName(module).run(outcomes)
    for name, outcome in sorted(outcomes.lines.items()):
        print(f"{way}\t{version}\t{name}\t{outcome}")


main()
