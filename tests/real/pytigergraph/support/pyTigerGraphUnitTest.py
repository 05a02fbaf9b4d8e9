"""What pyTigerGraph's own tests get their connection from; its distribution leaves this file out."""

import os

from pyTigerGraph import TigerGraphConnection

if os.environ.get("THROUGH_LIBRARY"):
    import adapter

    adapter.install()


def make_connection(graphname=None):
    return TigerGraphConnection(
        host="http://127.0.0.1",
        graphname=graphname or "tests",
        username="tigergraph",
        password="tigergraph",
        restppPort=os.environ["RESTPP_PORT"],
        gsPort=os.environ["GATEWAY_PORT"],
    )
