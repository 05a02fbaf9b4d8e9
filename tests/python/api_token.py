"""Asks a stand-in something with unmodified pyTigerGraph and a token that tg-auth printed.

    api_token.py URL     the token is read from standard input
"""

import sys
from urllib.parse import urlsplit

from pyTigerGraph import TigerGraphConnection

URL = urlsplit(sys.argv[1])
connection = TigerGraphConnection(
    host=f"{URL.scheme}://{URL.hostname}", restppPort=str(URL.port), gsPort=str(URL.port), graphname="MyGraph",
    apiToken=sys.stdin.read().strip())
print(connection.getVer())
