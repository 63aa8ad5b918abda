"""OpenTelemetry's clients in Go, unmodified: the SDK, telemetrygen, and the core of the collector with its exporters of OTLP."""

import json
import os
import signal
import socket
import subprocess

import pytest
from fluoro import ROOT, Process, Server
from receiver import given_back, receiver  # noqa: F401, a fixture
from segments import by_name, documents, graph, segment, summaries
from test_otlp import otlp  # noqa: F401, a fixture
from waiting import eventually

pytestmark = pytest.mark.clients

FOLDER = ROOT / "tests/compat/otlp-go"
SHOP, STOCK, ORDERS = ("go-shop", None), ("stock@db.example", "Database::SQL"), ("orders", "remote")


@pytest.fixture(scope="module")
def go():
    subprocess.run([ROOT / "scripts/go-clients"], check=True)
    return FOLDER / "bin"


def send(go, protocol, *addresses, **headers):
    """The trace ids of two requests, of which the second is linked with the first."""
    command = [go / "send", protocol, *addresses]
    sent = subprocess.run(command, env={**os.environ, **headers}, capture_output=True, text=True, timeout=60)
    assert sent.returncode == 0, sent.stderr
    return [f"1-{digits[:8]}-{digits[8:]}" for digits in sent.stdout.split()]


def stored(xray, trace_id, count=1):
    """The segments, once there are as many and none is cut off from its parent."""
    found = [one for one in documents(xray, trace_id).get(trace_id, []) if not one.get("inferred")]
    return len(found) >= count and found


@pytest.mark.parametrize("protocol", ["grpc", "grpc-gzip", "http", "http-gzip"])
def test_the_sdk_for_go(go, otlp, receiver, protocol):
    xray = otlp.xray()
    port = otlp.process.addresses()["otlp_grpc" if protocol.startswith("grpc") else "otlp_http"]
    first, second = send(go, protocol, port, receiver.address)
    for trace_id in (first, second):
        [shop] = eventually(f"spans of Go by {protocol}", lambda: stored(xray, trace_id))
        assert (shop["name"], shop["fault"], shop["http"]["response"]["status"]) == ("go-shop", True, 500)
        assert shop["http"]["request"] == {"method": "GET", "url": "http://shop.example/cart"}
        assert shop["service"] == {"version": "7"}
        assert shop["annotations"]["http.route"] == "/cart" and shop["annotations"]["shop.is_new"] is True
        [stock] = shop["subsegments"]
        assert (stock["name"], stock["namespace"], stock["fault"]) == (STOCK[0], "remote", True)
        assert stock["sql"]["sanitized_query"] == "SELECT * FROM stock WHERE article = $1"
        [exception] = stock["cause"]["exceptions"]
        assert (exception["type"], exception["message"]) == ("*main.outOfStock", "no tea left")
        # Where it was recorded, and not where the SDK did it.
        frame = exception["stack"][0]
        assert (frame["label"], frame["path"].rpartition("/")[2]) == ("main.cart", "main.go")
        [orders] = stock["subsegments"]
        assert (orders["name"], orders["namespace"]) == (ORDERS[0], "remote") and "fault" not in orders
        assert given_back(otlp, trace_id) == receiver.of_trace(trace_id)

    nodes, edges = eventually("the map", lambda: whole_map(xray, otlp))
    assert set(nodes) == {("go-shop", "client"), SHOP, STOCK, ORDERS}
    # The last is of the link between the two requests.
    assert set(edges) == {(("go-shop", "client"), SHOP), (SHOP, STOCK), (SHOP, ORDERS), (SHOP, SHOP)}
    assert nodes[SHOP]["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 2
    assert edges[SHOP, STOCK]["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 2
    assert edges[SHOP, ORDERS]["SummaryStatistics"]["OkCount"] == 2
    # Every attribute with one value can be searched, the dots in its name and all.
    for expression in ('annotation.http.route = "/cart"', "annotation.shop.total = 12.5", 'annotation.shop.is_new = true'):
        assert len(summaries(xray, otlp.window(), f'{expression} AND service("go-shop")')) == 2, expression
    # The second request is linked with the first.
    [link] = documents(xray, second)[second][0]["links"]
    assert link["trace_id"] == first


def whole_map(xray, server):
    nodes, edges = graph(xray, server.window())
    return SHOP in nodes and nodes[SHOP]["SummaryStatistics"]["TotalCount"] == 2 and (nodes, edges)


def test_a_trace_that_xrays_sdk_began_goes_on_in_go(go, otlp, receiver):
    """Where the header came as X-Ray's and where a proxy made W3C's of it."""
    for header in ("X_AMZN_TRACE_ID", "TRACEPARENT"):
        web = segment("web")
        call = {**{key: web[key] for key in ("start_time", "end_time")}, "id": "00000000000000a1", "name": "go-shop"}
        web["subsegments"] = [{**call, "namespace": "remote"}]
        otlp.send_documents(web)
        value = {
            "X_AMZN_TRACE_ID": f"Root={web['trace_id']};Parent={call['id']};Sampled=1",
            "TRACEPARENT": f"00-{web['trace_id'][2:].replace('-', '')}-{call['id']}-01",
        }[header]
        first, _ = send(go, "grpc", otlp.process.addresses()["otlp_grpc"], receiver.address, **{header: value})
        assert first == web["trace_id"], header
        xray = otlp.xray()
        both = eventually(f"a trace of both by {header}", lambda: stored(xray, first, count=2))
        assert {one["name"]: one.get("parent_id") for one in both} == {"web": None, "go-shop": call["id"]}
        # Nothing is inferred for a call whose callee is there.
        nodes, edges = eventually("their map", lambda: trace_map(xray, first))
        assert set(edges) == {(("web", "client"), ("web", None)), (("web", None), SHOP), (SHOP, STOCK), (SHOP, ORDERS)}
        assert nodes[SHOP]["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 1


def trace_map(xray, trace_id):
    nodes, edges = by_name(xray.get_trace_graph(TraceIds=[trace_id])["Services"])
    return SHOP in nodes and (nodes, edges)


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_telemetrygen(go, otlp, protocol):
    port = otlp.process.addresses()[f"otlp_{protocol}"]
    flags = ["--otlp-http"] if protocol == "http" else []
    command = [go / "telemetrygen", "traces", "--otlp-endpoint", port, "--otlp-insecure", *flags]
    more = ["--traces", "200", "--workers", "2", "--rate", "0", "--status-code", "Error", "--telemetry-attributes", 'tenant="acme"']
    made = subprocess.run([*command, *more], capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    xray = otlp.xray()
    found = eventually("400 traces", lambda: len(all_of := summaries(xray, otlp.window())) == 400 and all_of)
    assert not any(one["IsPartial"] for one in found) and all(one["HasFault"] for one in found)
    assert len(summaries(xray, otlp.window(), 'annotation.tenant = "acme"')) == 400
    # Each trace is a call and its answer by one service, which is a node once, whatever it calls its peer.
    nodes, edges = graph(xray, otlp.window())
    both, client = ("telemetrygen", None), ("telemetrygen", "client")
    assert set(nodes) == {both, client} and set(edges) == {(client, both), (both, both)}
    assert nodes[both]["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 800


COLLECTOR = """
receivers:
  otlp:
    protocols:
      grpc: {{ endpoint: "{receives}" }}
processors:
  batch: {{ timeout: 200ms }}
exporters:
{exporters}
service:
  telemetry: {{ metrics: {{ level: none }} }}
  pipelines:
    traces: {{ receivers: [otlp], processors: [batch], exporters: [{names}] }}
"""


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % probe.getsockname()[1]


class Collector:
    def __init__(self, go, folder, **exporters):
        self.receives = free_address()
        lines = "".join(f"  {name.replace('__', '/')}: {json.dumps(value)}\n" for name, value in exporters.items())
        names = ", ".join(name.replace("__", "/") for name in exporters)
        config = folder / "collector.yaml"
        config.write_text(COLLECTOR.format(receives=self.receives, exporters=lines, names=names))
        self.process = Process([go / "collector", config])
        eventually("the collector", self.is_ready)

    def is_ready(self):
        return any("Everything is ready" in line for line in list(self.process.output))

    def stop(self):
        assert self.process.end(signal.SIGTERM, 10) == 0, "\n".join(self.process.output)
        return "\n".join(self.process.output)


WAYS = {
    "grpc": ("otlp_grpc", {"compression": "gzip"}),
    "grpc-zstd": ("otlp_grpc", {"compression": "zstd"}),
    "http": ("otlp_http", {"compression": "gzip"}),
    "http-zstd": ("otlp_http", {"compression": "zstd"}),
    "json": ("otlp_http", {"compression": "none", "encoding": "json"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_collector_passes_spans_on_unchanged(go, tmp_path, otlp, receiver, way):
    port, settings = WAYS[way]
    address = otlp.process.addresses()[port]
    endpoint = address if port == "otlp_grpc" else f"http://{address}"
    collector = Collector(
        go,
        tmp_path,
        **{
            port: {"endpoint": endpoint, "tls": {"insecure": True}, **settings},
            "otlp_http__copy": {"endpoint": receiver.url},
        },
    )
    first, second = send(go, "grpc", collector.receives)
    xray = otlp.xray()
    for trace_id in (first, second):
        eventually(f"spans of the collector by {way}", lambda: stored(xray, trace_id))
        eventually("its copy", lambda: len(receiver.of_trace(trace_id)) == 3)
        assert given_back(otlp, trace_id) == receiver.of_trace(trace_id)
    said = collector.stop()
    assert "error" not in said and "Dropping" not in said, said


@pytest.mark.parametrize("port", ["otlp_grpc", "otlp_http"])
def test_the_collector_loses_nothing_while_the_server_is_away(go, tmp_path, port):
    address = free_address()
    settings = {
        "endpoint": address if port == "otlp_grpc" else f"http://{address}",
        "tls": {"insecure": True},
        "retry_on_failure": {"initial_interval": "100ms", "max_interval": "500ms"},
    }
    collector = Collector(go, tmp_path, **{port: settings})
    sent = send(go, "grpc", collector.receives)
    eventually("the collector tries again", lambda: any("Will retry" in line for line in list(collector.process.output)))
    server = Server(tmp_path / "data", f"--{port.replace('_', '-')}", address).start()
    sent += send(go, "grpc", collector.receives)
    xray = server.xray()
    for trace_id in sent:
        eventually("spans from before the start", lambda: stored(xray, trace_id))
    said = collector.stop()
    assert "Dropping" not in said, said
    server.stop()
