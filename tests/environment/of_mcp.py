"""What TigerGraph's MCP servers, tigergraph-mcp and pytigergraph-mcp, would send in the environments of tests/environment.rs.

    mcp.py    reads the environments as JSON from standard input, and prints a line of JSON for each

Their own code reads the environment and makes the connection, as their main() does, and their own requests are made;
only the request of aiohttp is replaced, so that nothing is sent. The package's __init__, which needs the MCP
framework, is not run.
"""

import asyncio
import json

import aiohttp

import seen

seen.without_init("tigergraph_mcp")
from tigergraph_mcp import connection_manager  # noqa: E402


class Unauthorized:
    """An answer that makes pyTigerGraph log in."""

    status = 401

    async def read(self):
        return b'{"error": true, "code": "REST-10016", "message": "Token is not found."}'

    def raise_for_status(self):
        raise aiohttp.ClientResponseError(None, (), status=self.status)

    def release(self):
        pass

    async def wait_for_close(self):
        pass


def replaced_request(record, is_there):
    async def request(session, method, url, headers=None, params=None, data=None, json=None, **_):
        trust = "any certificate" if session.connector._ssl is False else "the system's authorities"
        record(session._build_url(url), headers, [params, data, json], trust)
        if not is_there:
            raise aiohttp.ClientConnectionError("refused")
        return Unauthorized()

    return request


async def attempt(request):
    try:
        await request
    except Exception as error:  # noqa: BLE001 - every request ends so, in one of a dozen classes
        return error


async def observe(environment):
    """Makes its connection twice: to a server that takes no credential, and to one that is not there."""
    observation = seen.Observation(environment)
    for is_there in (True, False):
        manager = connection_manager.ConnectionManager
        manager._connection_pool.clear()
        manager._profiles.clear()
        manager.set_default_connection(None)
        with environment.in_place():
            manager.load_profiles()
            try:
                connection = connection_manager.get_connection()
            except Exception as error:  # noqa: BLE001
                return observation.refused(error)
            observation.graph = connection.graphname
            for kind, ask in (("restpp", connection.echo), ("gsql", lambda: connection.gsql("LS"))):
                aiohttp.ClientSession._request = replaced_request(observation.recorder(kind), is_there)
                error = await attempt(ask())
                if kind not in observation.first:
                    return observation.refused(error)
            await connection.aclose()
    return observation.result()


seen.run(lambda environment: asyncio.run(observe(environment)))
