"""Authlib's authorization server as it comes from PyPI, with Flask, on any port of loopback:

    python authlib-server.py CLIENTS

CLIENTS is a JSON list of {"id", "secret", "method"}. Prints the address of the token endpoint, then a line for each
request: its status, and how the client's secret came. Ends with its standard input.
"""

import json
import logging
import os
import sys
import threading

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from flask import Flask, request
from werkzeug.serving import make_server


class Client(ClientMixin):
    def __init__(self, id, secret, method):
        self.client_id, self.secret, self.method = id, secret, method

    def get_client_id(self):
        return self.client_id

    def check_client_secret(self, secret):
        return secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method

    def check_grant_type(self, grant):
        return grant == "client_credentials"

    def get_allowed_scope(self, scope):
        return " ".join(word for word in (scope or "").split() if word in ("read", "write"))


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]


clients = {client["id"]: Client(**client) for client in json.loads(sys.argv[1])}
app = Flask(__name__)
app.config["OAUTH2_SCOPES_SUPPORTED"] = ["read", "write"]
server = AuthorizationServer(app, query_client=clients.get, save_token=lambda token, request: None)
server.register_grant(ClientCredentialsGrant)


@app.post("/token")
def token():
    return server.create_token_response()


@app.after_request
def tell(response):
    print(response.status_code, "header" if "Authorization" in request.headers else "form", flush=True)
    return response


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
logging.getLogger("werkzeug").disabled = True
listener = make_server("127.0.0.1", 0, app, threaded=True)
print(f"http://127.0.0.1:{listener.port}/token", flush=True)
listener.serve_forever()
