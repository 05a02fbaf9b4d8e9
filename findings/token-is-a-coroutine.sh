#!/usr/bin/env bash
# Expected: pytigergraph-mcp, with a secret in TG_SECRET, asks the server for a token with it and sends that.
# Happens:  it calls getToken of pyTigerGraph's asynchronous connection and does not await it. The text of the coroutine
#           becomes the token: "Authorization: Bearer <coroutine object AsyncPyTigerGraphAuth.getToken at 0x...>".
#           The server is never asked for one. With user and password, getSecrets and createSecret are not awaited
#           either, and it goes on with the password. tigergraph-mcp, its successor, does not do this.
# Versions: pytigergraph-mcp 1.0.1 and tigergraph-mcp 1.0.4, both with pyTigerGraph 2.0.5; Python 3.11.
# Matters:  every request is refused as if the secret were wrong, and somebody makes a new one, in vain.
# To do:    tigergraph-mcp in its place; or a token of one's own in TG_API_TOKEN, and no TG_SECRET.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

pypi pyTigerGraph==2.0.5 python-dotenv==1.2.1

# The connection manager of each alone: the rest asks for the MCP framework. Both are a package of the same name.
cat > ask.py << 'PYTHON'
import asyncio, importlib.util, os, sys, threading, types
from http.server import BaseHTTPRequestHandler, HTTPServer

class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        kind, _, value = self.headers["Authorization"].partition(" ")
        print(kind, value.split(" at ")[0])
        self.send_response(403)
        self.end_headers()
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()

os.environ.update(TG_HOST="http://127.0.0.1", TG_RESTPP_PORT=f"{server.server_port}", TG_GS_PORT=f"{server.server_port}")
package = types.ModuleType("tigergraph_mcp")
package.__path__ = importlib.util.find_spec("tigergraph_mcp").submodule_search_locations
sys.modules["tigergraph_mcp"] = package
from tigergraph_mcp import connection_manager

async def ask():
    connection_manager.ConnectionManager.load_profiles()
    connection = connection_manager.get_connection()
    try:
        await connection.echo()
    except Exception:
        pass
    await connection.aclose()

asyncio.run(ask())
PYTHON

for package in pytigergraph-mcp==1.0.1 tigergraph-mcp==1.0.4; do
    echo "$package"
    venv/bin/pip --quiet --disable-pip-version-check install --no-deps --target "${package%%==*}" "$package"
done
ask() { # package variable ...
    env -i PYTHONPATH="$work/$1" "${@:2}" venv/bin/python -W ignore ask.py 2> /dev/null
}
touch .env

# __GSQL__secret:mysecret, in Base64.
expect "tigergraph-mcp, TG_SECRET" "Basic X19HU1FMX19zZWNyZXQ6bXlzZWNyZXQ=" "$(ask tigergraph-mcp TG_SECRET=mysecret)"
expect "pytigergraph-mcp, TG_SECRET" "Bearer <coroutine object AsyncPyTigerGraphAuth.getToken" \
    "$(ask pytigergraph-mcp TG_SECRET=mysecret)"
# alice:opensesame, in Base64.
expect "pytigergraph-mcp, a password" "Basic YWxpY2U6b3BlbnNlc2FtZQ==" \
    "$(ask pytigergraph-mcp TG_USERNAME=alice TG_PASSWORD=opensesame)"
expect "pytigergraph-mcp, a token" "Bearer mytoken" "$(ask pytigergraph-mcp TG_SECRET=mysecret TG_API_TOKEN=mytoken)"
