"""The same as pyTigerGraphUnitTest.py for the asynchronous tests."""

import os

from pyTigerGraph import AsyncTigerGraphConnection

if os.environ.get("THROUGH_LIBRARY"):
    import adapter

    adapter.install_async()


async def make_connection(graphname=None):
    return AsyncTigerGraphConnection(
        host="http://127.0.0.1",
        graphname=graphname or "tests",
        username="tigergraph",
        password="tigergraph",
        restppPort=os.environ["RESTPP_PORT"],
        gsPort=os.environ["GATEWAY_PORT"],
    )
