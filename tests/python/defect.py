"""Takes one step with pyTigerGraph against a stand-in, and prints what came of it as one line of JSON.

    defect.py STEP URL [NAME=VALUE ...]

`ok` tells whether the step returned; `value` is what it returned, or the exception's type. `shown` names
the given values that stand in the exception's text, `length` is the length of that text, and `printed` is
how much the step wrote to stdout. Nothing printed is a credential: only shapes.
"""

import contextlib
import io
import json
import logging
import sys
import threading
import urllib.request
from urllib.parse import urlsplit

import requests.adapters
from pyTigerGraph import TigerGraphConnection

STEP, URL = sys.argv[1], urlsplit(sys.argv[2])
GIVEN = dict(argument.split("=", 1) for argument in sys.argv[3:])
ADDRESS = {"host": f"{URL.scheme}://{URL.hostname}", "restppPort": str(URL.port), "gsPort": str(URL.port)}


SETTINGS = {"graphname": "MyGraph", "username": "alice", "password": "opensesame"}
# What is given by the name of a setting is that setting.
SETTINGS |= {name: GIVEN[name] for name in GIVEN.keys() & {*SETTINGS, "apiToken", "certPath", "gsqlVersion"}}


def connect():
    return TigerGraphConnection(**ADDRESS, **SETTINGS)


def token_of(result):
    return result[0] if isinstance(result, tuple) else result


def get_token(connection, secret=None, **more):
    return len(token_of(connection.getToken(secret, **more))) > 20


def outcome(step):
    """Whether a step went well."""
    try:
        step()
        return True
    except Exception:
        return False


def control(path):
    """Tells the stand-in to do something."""
    urllib.request.urlopen(urllib.request.Request(GIVEN["control"] + path, method="POST")).close()


def drop(times=1):
    """Whether each call says that it went well."""
    connection = connect()
    results = [connection.dropSecret(GIVEN["alias"]) for _ in range(times)]
    # 1.8.4 returns the server's words.
    return [not (isinstance(result, dict) and result["error"]) for result in results]


def list_secrets():
    values = list(connect().getSecrets().values())
    return {"count": len(values), "masked": sum("****" in value for value in values)}


def manage_after_token():
    connection = connect()
    connection.getToken(GIVEN["secret"])
    return len(connection.createSecret("second"))


def renew():
    """Every call after a token of the connection's own has expired."""
    connection = connect()
    connection.getToken()
    control("/expire-tokens")
    return [outcome(connection.getVersion), outcome(connection.getSecrets), outcome(connection.getToken)]


def first_use_by_threads():
    connection, start, good = connect(), threading.Barrier(16), []

    def use():
        start.wait()
        good.append(outcome(connection.getVersion))

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(good)


def debug_log():
    """Which credentials a log at DEBUG holds."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    for name in ("common.auth", "common.base", "pyTigerGraphAuth", "pyTigerGraphBase", "pyTigerGraphGSQL"):
        logger = logging.getLogger("pyTigerGraph." + name)
        logger.setLevel(logging.DEBUG)
        logger.addHandler(handler)
    connection = connect()
    secret = connection.createSecret("logged")
    token = token_of(connection.getToken(secret))
    credentials = {"password": "opensesame", "secret": secret, "token": token}
    return sorted(name for name, value in credentials.items() if value in written.getvalue())


def hooks():
    def mine(kind, value, trace):
        pass

    sys.excepthook = mine
    connect()
    return sys.excepthook is mine


def no_limit():
    """Prints the time limit that reaches the socket, and then waits for the answer as it would anyway."""
    send = requests.adapters.HTTPAdapter.send

    def observed(self, request, timeout=None, **more):
        print(json.dumps({"ok": True, "value": timeout}), file=sys.__stdout__, flush=True)
        return send(self, request, timeout=timeout, **more)

    requests.adapters.HTTPAdapter.send = observed
    connect().getToken(GIVEN["secret"])


def lifetimes():
    return {text: outcome(lambda: connect().getToken(GIVEN["secret"], lifetime=lifetime))
            for text, lifetime in (("0", 0), ("-5", -5), ("soon", "soon"))}


def kept_token():
    connection = connect()
    connection.getToken(GIVEN["secret"], setToken=False)
    return bool(connection.apiToken)


def list_twice():
    connection = connect()
    return [len(connection.getSecrets()), len(connection.getSecrets())]


def check_jwt():
    connection = connect()
    return bool(connection.checkJwtToken(token_of(connection.getToken(GIVEN["secret"]))))


STEPS = {
    "token by secret": lambda: get_token(connect(), GIVEN["secret"]),
    "token by secret, no login": lambda: get_token(TigerGraphConnection(**ADDRESS), GIVEN["secret"]),
    "token by password": lambda: get_token(connect()),
    "token for the graph": lambda: get_token(connect(), is_global=False),
    "lifetimes": lifetimes,
    "create": lambda: len(connect().createSecret(GIVEN.get("alias", ""))),
    "create None": lambda: len(connect().createSecret(None)),
    "log in by None": lambda: TigerGraphConnection(**ADDRESS, graphname="MyGraph", gsqlSecret=None).getSecrets(),
    "create value": lambda: len(connect().createSecret("valued", value=GIVEN["secret"])),
    "drop": drop,
    "drop three times": lambda: drop(3),
    "list": list_secrets,
    "list twice": list_twice,
    "delete unknown": lambda: connect().deleteToken(GIVEN["secret"], "unknown-token", skipNA=True),
    "check": check_jwt,
    "manage after token": manage_after_token,
    "renew": renew,
    "first use by threads": first_use_by_threads,
    "debug log": debug_log,
    "hooks": hooks,
    "no limit": no_limit,
    "kept token": kept_token,
}


def run():
    noise = io.StringIO()
    try:
        with contextlib.redirect_stdout(noise):
            found = {"ok": True, "value": STEPS[STEP]()}
    except Exception as error:  # whatever a client may raise is a result here
        text = str(error)
        found = {"ok": False, "value": type(error).__name__, "length": len(text),
                 "shown": sorted(name for name, value in GIVEN.items() if value in text)}
    return found | {"printed": len(noise.getvalue())}


print(json.dumps(run()), flush=True)
