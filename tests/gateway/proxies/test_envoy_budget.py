"""A budget that we name is the limit that Envoy's global rate limit asks for: one for all accounts of a campaign."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from envoy.service.ratelimit.v3.rls_pb2 import RateLimitResponse
from envoy.service.ratelimit.v3.rls_pb2_grpc import RateLimitServiceServicer, add_RateLimitServiceServicer_to_server

from stillwatch.gateway.envoy.grpc_server import GrpcServer
from stillwatch.response.model import Limits, Rung

FILTER = """\
                  - name: envoy.filters.http.ratelimit
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit
                      domain: model
                      timeout: 20s
                      rate_limit_service:
                        transport_api_version: V3
                        grpc_service: { envoy_grpc: { cluster_name: limits } }
"""
RULE = """\
                      rate_limits:
                        - actions:
                            - request_headers: { header_name: x-stillwatch-campaign, descriptor_key: campaign }
                          limit:
                            dynamic_metadata:
                              metadata_key: { key: envoy.filters.http.ext_authz, path: [{ key: total_limit }] }
"""
CLUSTER = """\
    - name: limits
      type: STATIC
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config: { http2_protocol_options: {} }
      load_assignment:
        cluster_name: limits
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 9292 } } }
"""


class RateLimits(RateLimitServiceServicer):
    """A rate limit service without configuration: the limit is the one that comes with the request."""

    def __init__(self):
        self.hits, self.units = Counter(), []

    def ShouldRateLimit(self, request, context):  # noqa: ARG002, N802 — gRPC's name
        over = False
        for asked in request.descriptors:
            name = tuple((entry.key, entry.value) for entry in asked.entries)
            self.hits[name] += 1
            self.units.append(asked.limit.unit)
            over |= self.hits[name] > asked.limit.requests_per_unit
        code = RateLimitResponse.OVER_LIMIT if over else RateLimitResponse.OK
        return RateLimitResponse(overall_code=code)


@pytest.fixture
def limits(port_of):
    served, port = RateLimits(), port_of()
    server = grpc.server(ThreadPoolExecutor(2))
    add_RateLimitServiceServicer_to_server(served, server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    yield served, port
    server.stop(0).wait()


@pytest.fixture
def envoy(model, standing, limits, envoy_with, tmp_path):
    def extended(text):
        text = text.replace(
            "                  - name: envoy.filters.http.router\n",
            FILTER + "                  - name: envoy.filters.http.router\n",
        )
        text = text.replace("                      routes:\n", RULE + "                      routes:\n", 1)
        return text.replace("timeout: 0.1s", "timeout: 20s") + CLUSTER

    server = GrpcServer(standing.guarding, "127.0.0.1:0", most_body_bytes=1 << 20)
    server.start()
    ports = {8000: model, 9191: server.port, 9292: limits[1]}
    with envoy_with("envoy.yaml", tmp_path, ports, extended) as running:
        yield running
    server.stop()


def test_the_accounts_of_a_campaign_draw_on_the_budget_that_we_name(envoy, limits, in_force, client, decided):
    limit = {"limits": Limits(tokens_per_hour=3), "campaign": "c-7"}
    in_force.put(*(decided(account, Rung.BUDGET, **limit) for account in ("one", "two")))
    statuses = [client.ask(envoy.url, account).status_code for account in ("one", "two", "one", "two")]
    assert statuses == [200, 200, 200, 429]
    assert client.ask(envoy.url, "of nobody's interest").status_code == 200
    assert limits[0].hits == {(("campaign", "c-7"),): 4}
    assert set(limits[0].units) == {3}  # HOUR
