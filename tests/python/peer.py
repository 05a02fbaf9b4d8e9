"""Runs pyTigerGraph's authentication functions against a stand-in and prints what each did, as JSON.

    peer.py URL VERSION

One fresh connection per step, so that a step that fails for pyTigerGraph's own reasons does not
spoil the next. Nothing printed is a credential: only shapes.
"""

import contextlib
import io
import json
import sys
from urllib.parse import urlsplit

from pyTigerGraph import TigerGraphConnection

URL = urlsplit(sys.argv[1])


def connect(**more):
    settings = {"host": f"{URL.scheme}://{URL.hostname}", "restppPort": str(URL.port), "gsPort": str(URL.port),
                "graphname": "MyGraph", "username": "alice", "password": "opensesame"}
    settings.update(more)
    return TigerGraphConnection(**settings)


def create(alias):
    return connect().createSecret(alias)


def token_of(result):
    return result[0] if isinstance(result, tuple) else result


def steps():
    """The steps in their order; what one leaves behind the next may use."""
    kept = {}

    def keep(name, value):
        kept[name] = value
        return value

    yield "createSecret", lambda: len(keep("secret", create("one")))
    yield "createSecret taken", lambda: create("one")
    yield "createSecret withAlias", lambda: sorted(connect().createSecret("two", withAlias=True))
    yield "getSecrets", lambda: sorted(connect().getSecrets())
    yield "showSecrets", lambda: sorted(connect().showSecrets())
    yield "getToken", lambda: len(keep("token", token_of(connect().getToken(kept["secret"], lifetime=3600)))) > 20
    # With the token, because the client asks for the version first, which needs one.
    yield "refreshToken", lambda: token_of(
        connect(apiToken=kept["token"]).refreshToken(kept["secret"], token=kept["token"])) == kept["token"]
    yield "deleteToken", lambda: connect().deleteToken(kept["secret"], kept["token"])
    yield "getToken wrong", lambda: bool(connect().getToken("wrongsecret"))
    yield "dropSecret", lambda: bool(connect().dropSecret("two", ignoreErrors=False))
    yield "dropSecret missing", lambda: bool(connect().dropSecret("never", ignoreErrors=True))


def run():
    for name, step in steps():
        noise = io.StringIO()
        try:
            with contextlib.redirect_stdout(noise):
                value = step()
            yield {"step": name, "ok": True, "value": value}
        except Exception as error:  # whatever a client may raise is a result here
            yield {"step": name, "ok": False, "value": type(error).__name__}


for outcome in run():
    print(json.dumps(outcome), flush=True)
