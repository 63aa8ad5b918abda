"""What X-Ray's SDK for Python sends to the agent, at backends that know OTLP alone."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from fluoro import HEADER, Server
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from receiver import attributes, receiver  # noqa: F401, a fixture
from segments import documents, is_stored, segment
from test_agent import Agent
from waiting import eventually

SCRIPT = """
from aws_xray_sdk.core import xray_recorder
xray_recorder.configure(service="shop", sampling=False)
with xray_recorder.in_segment("shop") as segment:
    segment.put_http_meta("method", "GET")
    segment.put_http_meta("url", "http://shop.example/cart")
    segment.put_http_meta("status", 500)
    xray_recorder.put_annotation("tenant", "acme")
    try:
        with xray_recorder.in_subsegment("stock", namespace="remote"):
            raise KeyError("no stock")
    except KeyError:
        pass
print(segment.trace_id, segment.id, segment.start_time, segment.end_time)
"""


def shop_of(xray, trace_id):
    """The segment; what its call implies stands beside it."""
    [shop] = [document for document in documents(xray, trace_id)[trace_id] if document["name"] == "shop"]
    return shop


def upstream(url, more="", protocol="otlp"):
    return f"Endpoints:\n- Endpoint: {url}\n  Protocol: {protocol}\n{more}"


def test_what_the_python_sdk_sends_are_spans_to_opentelemetrys_own_messages(tmp_path, server, xray, receiver):
    agent = Agent(tmp_path, server, yaml=upstream(receiver.url, "  Compression: gzip\n  Headers: {x-api-key: k1}"))
    trace_id, id, start, end = agent.run_python(SCRIPT).split()
    eventually("the segment as spans", lambda: len(receiver.spans()) == 2)
    path, headers, _ = receiver.requests[0]
    assert (path, headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
    assert (headers["x-api-key"], headers["Content-Encoding"]) == ("k1", "gzip")
    (resource, shop), (same, stock) = receiver.spans()
    assert resource == same and resource["service.name"] == "shop"
    assert resource["telemetry.sdk.name"] == "X-Ray for Python"
    assert {span.trace_id.hex() for span in (shop, stock)} == {trace_id[2:].replace("-", "")}
    assert (shop.span_id.hex(), shop.parent_span_id) == (id, b"")
    assert stock.parent_span_id == shop.span_id
    assert (shop.name, shop.kind) == ("shop", Span.SPAN_KIND_SERVER)
    assert (stock.name, stock.kind) == ("stock", Span.SPAN_KIND_CLIENT)
    # The SDK writes seconds as a double, of which the agent keeps microseconds.
    assert abs(shop.start_time_unix_nano - float(start) * 1e9) < 2000
    assert abs(shop.end_time_unix_nano - float(end) * 1e9) < 2000
    assert shop.start_time_unix_nano <= stock.start_time_unix_nano <= stock.end_time_unix_nano
    of_shop = attributes(shop)
    assert of_shop["http.request.method"] == "GET" and of_shop["http.response.status_code"] == 500
    assert of_shop["url.full"] == "http://shop.example/cart" and of_shop["tenant"] == "acme"
    assert shop.status.code == stock.status.code == Status.STATUS_CODE_ERROR
    assert "no stock" in stock.status.message
    [event] = stock.events
    exception = attributes(event)
    assert event.name == "exception" and event.time_unix_nano == stock.end_time_unix_nano
    assert exception["exception.type"] == "KeyError" and "no stock" in exception["exception.message"]
    # The server has the same trace as without the other upstream.
    eventually("the segment in the server", lambda: is_stored(xray, trace_id))
    assert shop_of(xray, trace_id)["subsegments"][0]["cause"]["exceptions"][0]["type"] == "KeyError"
    agent.stop()


def test_a_backend_that_is_busy_or_refuses_loses_nothing_but_what_it_refuses(tmp_path, server, receiver):
    partial = ExportTraceServiceResponse()
    partial.partial_success.rejected_spans = 1
    partial.partial_success.error_message = "too old for me"
    receiver.answers = [(503, {"Retry-After": "1"}, b""), (200, {}, partial.SerializeToString())]
    agent = Agent(tmp_path, server, yaml=upstream(receiver.url))
    sent = [segment("shop") for _ in range(3)]
    begin = time.monotonic()
    agent.send(*(HEADER + json.dumps(document).encode() for document in sent))
    counted = f'endpoint="{receiver.url}/v1/traces",outcome="refused"}} 1'
    eventually("partial success is counted", lambda: f'spans_total{{upstream="1",{counted}' in agent.get("/metrics"))
    assert time.monotonic() - begin >= 1
    assert len(receiver.requests) == 2
    assert [span.span_id.hex() for _, span in receiver.spans()] == [document["id"] for document in sent] * 2
    eventually("the log has the reason", lambda: any("too old for me" in line for line in agent.process.output))
    agent.process.end(15, 5)


def test_a_server_of_grpcs_own_takes_it_once_it_can(tmp_path, server):
    calls = []

    class Service(TraceServiceServicer):
        def Export(self, request, context):
            calls.append((dict(context.invocation_metadata()), request))
            if len(calls) == 1:
                context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
            answer = ExportTraceServiceResponse()
            answer.partial_success.error_message = "taken with a sigh"
            return answer

    backend = grpc.server(ThreadPoolExecutor(2))
    add_TraceServiceServicer_to_server(Service(), backend)
    port = backend.add_insecure_port("127.0.0.1:0")
    backend.start()
    more = "  Compression: gzip\n  Headers: {X-Api-Key: k1}"
    agent = Agent(tmp_path, server, yaml=upstream(f"http://127.0.0.1:{port}", more, "otlp-grpc"))
    agent.run_python(SCRIPT)
    eventually("the call that is taken", lambda: any("taken with a sigh" in line for line in agent.process.output))
    (metadata, refused), (_, taken) = calls
    assert metadata["x-api-key"] == "k1"
    assert refused == taken
    names = [span.name for span in taken.resource_spans[0].scope_spans[0].spans]
    assert names == ["shop", "stock"]
    assert 'spans_total{upstream="1",' + f'endpoint="http://127.0.0.1:{port}",outcome="sent"}} 2' in agent.get("/metrics")
    agent.process.end(15, 5)
    backend.stop(None)


def test_another_fluoro_takes_it_by_its_door_of_otlp(tmp_path, server):
    other = Server(tmp_path / "other", "--otlp-grpc", "off", "--otlp-http", "127.0.0.1:0").start()
    agent = Agent(tmp_path, server, yaml=upstream(f"http://{other.process.addresses()['otlp_http']}"))
    trace_id = agent.run_python(SCRIPT).split()[0]
    xray = other.xray()
    eventually("the spans in the other server", lambda: is_stored(xray, trace_id))
    shop = shop_of(xray, trace_id)
    assert shop["http"]["response"]["status"] == 500 and shop["fault"]
    assert shop["annotations"]["tenant"] == "acme"
    [stock] = shop["subsegments"]
    [exception] = stock["cause"]["exceptions"]
    assert stock["name"] == "stock" and exception["type"] == "KeyError"
    agent.stop()
    other.stop()
