"""Takes steps by one of the clients for TigerGraph that PyPI has.

    feature.py CLIENT URL REST++-URL

Reads steps from its input, each a JSON object with the step's name and what it needs, and answers each with one:
whether the client says that it went well, and else the exception's type. `connect` makes a new connection, which the
following steps share. Nothing printed is a credential: only shapes.
"""

import contextlib
import importlib
import inspect
import io
import json
import sys
from urllib.parse import urlsplit

CLIENT, URL, RESTPP_URL = sys.argv[1], urlsplit(sys.argv[2]), urlsplit(sys.argv[3])


class Absent(Exception):
    """The client has no function for this."""


class PyTigerGraph:
    """pyTigerGraph, of any version."""

    def __init__(self):
        self.type = importlib.import_module("pyTigerGraph").TigerGraphConnection

    def connect(self, **more):
        self.connection = self.type(
            host=f"{URL.scheme}://{URL.hostname}", restppPort=str(URL.port), gsPort=str(URL.port),
            graphname="MyGraph", username="alice", password="opensesame", **more)

    def certificate(self, chain, key, secret):
        self.connect(useCert=True, certPath=chain)
        self.connection.getToken(secret)

    def create(self, alias):
        self.connection.createSecret(alias)

    def list(self):
        return len(self.connection.getSecrets())

    def drop(self, alias):
        self.connection.dropSecret(alias, ignoreErrors=False)

    def token(self, secret):
        self.connection.getToken(secret)

    def password_token(self):
        self.connection.getToken()

    def refresh(self, secret, token):
        self.connection.refreshToken(secret, token=token)

    def delete(self, secret, token):
        self.connection.deleteToken(secret, token, skipNA=False)

    def check(self, token):
        if not hasattr(self.connection, "checkJwtToken"):
            raise Absent
        return bool(self.connection.checkJwtToken(token))

    def use(self):
        self.connection.getVertices("x")


class RemoteShell:
    """gsql-client and pyTigerDriver: GSQL over the protocol of the remote shell. The first also asks REST++."""

    def __init__(self):
        if CLIENT == "gsql-client":
            module = importlib.import_module("gsql_client")
            self.type, self.restpp_type = module.Client, module.RESTPP
        else:
            self.type, self.restpp_type = importlib.import_module("pyTigerDriver").GSQL_Client, None

    def connect(self):
        # By its number gsql-client would take the address for the machine of a server from before the gateway.
        address = f"LOCALHOST:{URL.port}"
        self.restpp = self.restpp_type(RESTPP_URL.netloc) if self.restpp_type else None
        self.shell = self.type(address, "alice", "opensesame")
        self.is_logged_in = False

    def logged_in(self):
        if not self.is_logged_in and not self.shell.login():
            raise ConnectionError
        self.is_logged_in = True
        return self.shell

    def create(self, alias):
        self.logged_in().get_secret("MyGraph", alias)

    def list(self):
        return len(self.logged_in().get_secrets("MyGraph"))

    def token(self, secret):
        if not self.restpp:
            raise Absent
        self.restpp.request_token(secret, use=True)

    def use(self):
        if not self.restpp:
            raise Absent
        self.restpp.select_vertices("MyGraph", "x")

    def absent(self, **_):
        raise Absent

    certificate = password_token = drop = refresh = delete = check = absent


def names(client, words):
    """The public functions of a client, and what its connections are made with, that have one of these words."""
    types = [found for found in (client.type, getattr(client, "restpp_type", None)) if found]
    known = {name for of in types for name in [*dir(of), *inspect.signature(of.__init__).parameters]}
    return sorted(name for name in known if not name.startswith("_") and any(w in name.lower() for w in words))


def answer(client, step, given):
    noise = io.StringIO()
    try:
        with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
            value = names(client, **given) if step == "names" else getattr(client, step)(**given)
        return {"ok": True, "value": value}
    except Absent:
        return {"ok": False, "value": None}
    except Exception as error:  # whatever a client may raise is a result here
        return {"ok": False, "value": type(error).__name__}


noise = io.StringIO()
with contextlib.redirect_stdout(noise):
    client = PyTigerGraph() if CLIENT.startswith("pyTigerGraph") else RemoteShell()
for line in sys.stdin:
    given = json.loads(line)
    print(json.dumps(answer(client, given.pop("step"), given)), flush=True)
