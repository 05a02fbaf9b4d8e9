"""Replaces the methods of a pyTigerGraph connection that manage secrets and tokens by calls of this library, through
tests/conformance/conformance.py, which loads it by ctypes. It only translates arguments, results and errors."""

import os
import subprocess
import sys
from urllib.parse import quote_from_bytes, unquote

from pyTigerGraph import AsyncTigerGraphConnection, TigerGraphConnection
from pyTigerGraph.common.exception import TigerGraphException

KEPT = "".join(chr(byte) for byte in range(0x20, 0x7F) if chr(byte) != "%")


class Library:
    """One connection of the library."""

    def __init__(self, connection):
        command = [sys.executable, *os.environ["THROUGH_LIBRARY"].split(os.pathsep)]
        self.program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.call(
            "connect",
            host=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
            graph=connection.graphname,
            username=connection.username,
            password=connection.password,
        )

    def call(self, word, **fields):
        """The fields of the answer, in their order; a list is a field that comes more than once."""
        line = [word]
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                if one not in (None, "", 0, False):
                    text = str(int(one) if isinstance(one, bool) else one)
                    line.append(f"{name}={quote_from_bytes(text.encode(), safe=KEPT)}")
        self.program.stdin.write("\t".join(line) + "\n")
        self.program.stdin.flush()
        word, *fields = self.program.stdout.readline().rstrip("\n").split("\t")
        told = [(name, unquote(value)) for name, _, value in (field.partition("=") for field in fields)]
        if word == "ok":
            return told
        error = dict(told)
        raise TigerGraphException(error["message"], error["reason"])


def library(connection):
    if not hasattr(connection, "_tg_library"):
        connection._tg_library = Library(connection)
    return connection._tg_library


def secrets_of(told):
    aliases = [value for name, value in told if name == "alias"]
    return dict(zip(aliases, [value for name, value in told if name == "value"]))


def get_secrets(self, userName="", alias="", createNew=False):
    secrets = secrets_of(library(self).call("get_secrets", user=userName))
    if alias:
        secrets = {alias: secrets[alias]} if alias in secrets else {}
    return secrets or (create_secret(self, alias, True, userName=userName) if createNew else {})


def create_secret(self, alias="", withAlias=False, value="", userName=""):
    try:
        secret = secrets_of(library(self).call("create_secret", alias=alias, value=value, user=userName))
    except TigerGraphException as error:
        if error.code == "exists.secret":
            # pyTigerGraph's own sentence.
            raise TigerGraphException(f"The secret with alias {alias} already exists.") from error
        raise
    return secret if withAlias else next(iter(secret.values()))


def drop_secret(self, alias, ignoreErrors=True, userName=""):
    names = [alias] if isinstance(alias, str) else alias
    try:
        library(self).call("drop_secrets", alias=names, user=userName)
    except TigerGraphException as error:
        # pyTigerGraph ignores every error here; the library knows which one says "does not exist".
        if ignoreErrors and error.code == "missing.secret":
            return f"Failed to drop secrets: {names}"
        raise
    return f"Successfully dropped secrets: {names}"


def get_token(self, secret=None, setToken=True, lifetime=None, is_global=True):
    told = dict(library(self).call(
        "get_token", secret=secret, lifetime_s=lifetime, keep_current=not setToken))
    if setToken:
        self.apiToken = told["value"]
        self._refresh_auth_headers()
    return told["value"], told["expiration"]


def refresh_token(self, secret=None, setToken=True, lifetime=None, token=None):
    told = dict(library(self).call(
        "refresh_token", secret=secret, token=token, lifetime_s=lifetime, keep_current=not setToken))
    return told["value"], told["expiration"]


def delete_token(self, secret, token=None, skipNA=False):
    library(self).call("delete_token", secret=secret, token=token, ignore_missing=skipNA)
    return True


METHODS = {
    "getSecrets": get_secrets, "createSecret": create_secret, "dropSecret": drop_secret, "getToken": get_token,
    "refreshToken": refresh_token, "deleteToken": delete_token,
}


def install():
    for name, method in METHODS.items():
        setattr(TigerGraphConnection, name, method)


def asynchronous(method):
    async def call(self, *arguments, **named):
        return method(self, *arguments, **named)

    return call


def install_async():
    for name, method in METHODS.items():
        setattr(AsyncTigerGraphConnection, name, asynchronous(method))
