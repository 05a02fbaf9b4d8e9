"""Environments one after the other in one process, and what was seen of the requests in each."""

import base64
import contextlib
import importlib.util
import json
import os
import re
import sys
import tempfile
import types
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}


def without_init(*packages):
    """Makes modules of these packages importable without what the packages themselves import first."""
    for name in packages:
        parent, _, own = name.rpartition(".")
        where = importlib.util.find_spec(name).submodule_search_locations if not parent else \
            [f"{path}/{own}" for path in sys.modules[parent].__path__]
        package = types.ModuleType(name)
        package.__path__ = list(where)
        sys.modules[name] = package


class Environment:
    """Variables, and a .env file in the working directory; it may be empty, so that none of a folder above is found."""

    def __init__(self, given):
        self.variables = given["variables"]
        self.file = given["file"] or ""
        self.credentials = given["credentials"]

    @contextlib.contextmanager
    def in_place(self):
        os.environ.clear()
        # Nor the .netrc of whoever runs this.
        os.environ.update(self.variables, HOME=os.getcwd())
        with open(".env", "w", newline="") as file:
            file.write(self.file)
        yield

    def name(self, text):
        """The variable that this credential came from, or the text itself."""
        return self.credentials.get(text) or '"' + re.sub("<coroutine object.*>", "<coroutine object ...>", text) + '"'

    def names(self, authorization, others):
        """The credentials in a request."""
        kind, _, value = (authorization or "").partition(" ")
        if kind == "Basic":
            user, _, password = base64.b64decode(value).decode().partition(":")
            secret = user == "__GSQL__secret"
            yield self.name(password) if secret else f"{self.name(user)} + {self.name(password)}"
        elif value:
            yield self.name(value)
        text = "".join(other if isinstance(other, str) else json.dumps(other, default=str) for other in others)
        yield from (name for credential, name in self.credentials.items() if credential in text and "USER" not in name)


class Observation:
    """What was seen in one environment."""

    def __init__(self, environment):
        self.environment = environment
        self.first = {}
        self.sent = []
        self.graph = None
        self.trust = None
        self.proxy = None

    def recorder(self, kind):
        def record(url, headers, others, trust, proxy=None):
            parts = urlsplit(str(url))
            host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
            server = f"{parts.scheme}://{host}:{parts.port or PORTS[parts.scheme]}"
            names = list(self.environment.names(headers.get("Authorization"), others)) or ["nothing"]
            self.first.setdefault(kind, [server, names, parts.path])
            self.sent += [[name, server] for name in names if [name, server] not in self.sent]
            self.trust = trust if parts.scheme == "https" else None
            self.proxy = proxy

        return record

    def refused(self, error):
        if hasattr(error, "errors"):  # pydantic's, with a page of explanations
            return {"error": error.errors()[0]["msg"]}
        return {"error": str(error.args[0]).rstrip(".")}

    def result(self):
        (restpp, credentials, _), (gsql, _, path) = self.first["restpp"], self.first["gsql"]
        return {"restpp": restpp, "gsql": gsql, "base": path.partition("/gsql")[0], "credentials": credentials,
                "sent": self.sent, "graph": self.graph or None, "trust": self.trust, "proxy": self.proxy}


def run(observe):
    given = json.load(sys.stdin)
    # Libraries print.
    output, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for row in given:
            print(json.dumps(observe(Environment(row))), file=output)
        os.chdir("/")
