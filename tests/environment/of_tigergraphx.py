"""What TigerGraphX would send in the environments of tests/environment.rs.

    tigergraphx.py    reads the environments as JSON from standard input, and prints a line of JSON for each

Its own code reads the environment and makes the requests; only the transport of requests is replaced, so that nothing
is sent. The __init__ of tigergraphx and tigergraphx.core, which need pandas, openai and ragas, are not run.
"""

import requests

import seen

seen.without_init("tigergraphx", "tigergraphx.core")
from tigergraphx.core.tigergraph_api import TigerGraphAPI  # noqa: E402


def replaced_send(record):
    def send(adapter, request, verify=True, proxies=None, **_):
        trust = {True: "certifi's authorities", False: "any certificate"}.get(verify, "a CA file")
        proxy = requests.utils.select_proxy(request.url, proxies)
        record(request.url, request.headers, [request.body], trust, proxy)
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 200, request.url, request
        answer.headers["Content-Type"] = "text/plain"
        answer._content = b"TigerGraph version: 4.2.0"
        return answer

    return send


def observe(environment):
    observation = seen.Observation(environment)
    with environment.in_place():
        requests.adapters.HTTPAdapter.send = replaced_send(observation.recorder("restpp"))
        try:
            api = TigerGraphAPI()
        except Exception as error:  # noqa: BLE001
            return observation.refused(error)
        requests.adapters.HTTPAdapter.send = replaced_send(observation.recorder("gsql"))
        api.gsql("LS")
    return observation.result()


seen.run(observe)
