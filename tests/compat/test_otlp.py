"""OpenTelemetry's SDK for Python, unmodified, by gRPC and by HTTP; and one trace of it and of X-Ray's SDK."""

import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import grpc
import pytest
from fluoro import Server, fetch
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from receiver import given_back
from segments import by_name, segment, summaries
from waiting import eventually


@pytest.fixture
def otlp(tmp_path):
    """A server with both ports of OTLP, each on a free one."""
    server = Server(tmp_path / "data", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0").start()
    yield server
    if server.is_running:
        server.stop()


def exporters(server):
    ports = server.process.addresses()
    for port in (ports["otlp_grpc"], ports["otlp_http"], server.http):
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            exporter = GrpcExporter(endpoint=f"http://{port}", insecure=True, compression=compression)
            yield f"grpc, {compression} at {port}", exporter
        for compression in (Compression.NoCompression, Compression.Gzip):
            exporter = HttpExporter(endpoint=f"http://{port}/v1/traces", compression=compression)
            yield f"{compression} at {port}", exporter


def provider(exporter, name):
    provider = TracerProvider(resource=Resource.create({"service.name": name, "service.version": "7"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def xray_id(span):
    digits = f"{span.get_span_context().trace_id:032x}"
    return f"1-{digits[:8]}-{digits[8:]}"


def found(xray, trace_id):
    traces = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    segments = traces[0]["Segments"] if traces else []
    return [json.loads(segment["Document"]) for segment in segments]


def test_every_port_takes_every_protocol(otlp):
    xray = otlp.xray()
    for what, exporter in exporters(otlp):
        tracer = provider(exporter, "shop").get_tracer("compat", "1.0")
        with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER) as server:
            server.set_attribute("http.request.method", "GET")
            server.add_event("looked up", {"items": 3})
            with tracer.start_as_current_span("SELECT cart", kind=SpanKind.CLIENT) as call:
                call.set_attribute("db.system.name", "postgresql")
                call.set_attribute("server.address", "db")
                call.record_exception(ValueError("no such cart"))
                call.set_status(Status(StatusCode.ERROR, "no such cart"))
        trace_id = xray_id(server)
        [shop] = [
            one
            for one in eventually(f"a span by {what}", lambda: len(found(xray, trace_id)) == 2 and found(xray, trace_id))
            if one["name"] == "shop"
        ]
        assert shop["service"] == {"version": "7"}, what
        [query] = shop["subsegments"]
        assert query["name"] == "postgresql@db" and query["fault"], what
        [exception] = query["cause"]["exceptions"]
        assert exception["type"] == "ValueError" and exception["message"] == "no such cart"
        status, body = otlp.get(f"/api/traces/{trace_id}/otlp")
        assert status == 200, body
        back = json.loads(body)
        spans = [one["scopeSpans"][0]["spans"][0] for one in back["resourceSpans"]]
        assert [span["name"] for span in spans] == ["SELECT cart", "GET /cart"]
        assert spans[1]["events"][0]["name"] == "looked up"
        assert int(spans[1]["startTimeUnixNano"]) == server.start_time


def node_client():
    """The folder of the client, installed; quick where it is already."""
    folder = Path(__file__).parent / "otlp-js"
    installed = folder / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci", "--silent", "--no-fund", "--no-audit"], cwd=folder, check=True, timeout=300)
    return folder


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node")
def test_the_sdk_for_node(otlp):
    xray = otlp.xray()
    command = ["node", "send.mjs", otlp.process.addresses()["otlp_grpc"]]
    sent = subprocess.run(command, cwd=node_client(), check=True, capture_output=True, text=True, timeout=60)
    for line in sent.stdout.splitlines():
        name, digits = line.split()
        trace_id = f"1-{digits[:8]}-{digits[8:]}"
        [server] = eventually(f"a span of Node by {name}", lambda: found(xray, trace_id))
        assert server["name"] == f"node-{name}" and server["fault"]
        [exception] = server["cause"]["exceptions"]
        assert exception["type"] == "TypeError"
        # Node calls itself nodejs, which the collector's exporter takes for no language that it knows.
        assert exception["stack"][0]["path"].endswith("send.mjs") and exception["stack"][0]["line"] > 0
    assert len(sent.stdout.splitlines()) == 4


def test_a_batch_above_four_mebibytes_is_taken_whole(otlp):
    """What gRPC's own libraries refuse unless told otherwise, and with it the whole batch."""
    xray = otlp.xray()
    for what, exporter in exporters(otlp):
        many = TracerProvider(resource=Resource.create({"service.name": "shop"}))
        many.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=512, schedule_delay_millis=60_000))
        spans = [many.get_tracer("compat").start_span("work", attributes={"text": "x" * 16_384}) for _ in range(300)]
        for span in spans:
            span.end()
        many.shutdown()
        for span in (spans[0], spans[-1]):
            eventually(f"a large batch by {what}", lambda: found(xray, xray_id(span)))


def test_ids_of_any_kind_are_traces_like_others(otlp):
    """Random ones, whose first 32 bits are no time, and those of 64 bits with zeros in front, as Zipkin's are."""
    xray = otlp.xray()
    port = otlp.process.addresses()["otlp_http"]
    for digits in ("fedcba98" + "7" * 24, "0" * 16 + "a5b6c7d8e9f00112", "0" * 31 + "1"):
        now = time.time_ns()
        span = {"traceId": digits, "spanId": "00000000000000a1", "name": "GET /", "kind": 2}
        span |= {"startTimeUnixNano": str(now - 10**7), "endTimeUnixNano": str(now)}
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
        request = urllib.request.Request(
            f"http://{port}/v1/traces", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        assert fetch(request) == (200, b"{}")
        trace_id = f"1-{digits[:8]}-{digits[8:]}"
        [shop] = eventually(f"the trace {digits}", lambda: found(xray, trace_id))
        assert (shop["name"], shop["trace_id"]) == ("shop", trace_id)
        eventually("it in the list", lambda: any(one["Id"] == trace_id for one in summaries(xray, otlp.window())))


def test_a_message_joins_two_services_by_its_queue_and_by_a_link(otlp):
    """A consumer that goes on with the producer's trace, and one that begins its own and links to it."""
    xray = otlp.xray()
    exporter = GrpcExporter(endpoint=f"http://{otlp.process.addresses()['otlp_grpc']}", insecure=True)
    shop, billing = (provider(exporter, name).get_tracer("compat") for name in ("shop", "billing"))
    kafka = {"messaging.system": "kafka", "messaging.destination.name": "orders"}
    with shop.start_as_current_span("POST /order", kind=SpanKind.SERVER) as request:
        with shop.start_as_current_span("send orders", kind=SpanKind.PRODUCER, attributes=kafka) as message:
            sent = message.get_span_context()
    remote = SpanContext(sent.trace_id, sent.span_id, is_remote=True, trace_flags=TraceFlags(1))
    parent = trace.set_span_in_context(NonRecordingSpan(remote))
    billing.start_span("process orders", context=parent, kind=SpanKind.CONSUMER, attributes=kafka).end()
    batch = billing.start_span("process batch", kind=SpanKind.CONSUMER, attributes=kafka, links=[trace.Link(remote)])
    batch.end()

    nodes, edges = eventually(
        "both services",
        lambda: ("billing", None) in (both := by_name(xray.get_trace_graph(TraceIds=[xray_id(request)])["Services"]))[0]
        and both,
    )
    # The consumer is called as its service, and not as what it does.
    assert {name for name, _ in nodes} >= {"shop", "billing"} and "process orders" not in {name for name, _ in nodes}
    assert any(caller[0] == "shop" for caller, callee in edges if callee == ("billing", None)), edges
    [linked] = eventually("the batch", lambda: found(xray, xray_id(batch)))
    assert linked["name"] == "billing" and linked["links"][0]["trace_id"] == xray_id(request)


def test_a_segment_is_a_servers_span_also_with_a_parent_and_without_an_error(otlp):
    xray = otlp.xray()
    web = segment("web", parent_id="00000000000000b1", cause={})
    otlp.send_documents(web)
    eventually("the segment", lambda: found(xray, web["trace_id"]))
    [span] = [alone.scope_spans[0].spans[0] for alone in given_back(otlp, web["trace_id"])]
    assert (span.name, span.kind) == ("web", Span.SPAN_KIND_SERVER)
    assert not span.status.ByteSize() and span.parent_span_id.hex() == "00000000000000b1"


def test_a_trace_of_both_sdks_is_one(otlp):
    xray = otlp.xray()
    web = segment("web")
    web["subsegments"] = [
        {**{key: web[key] for key in ("start_time", "end_time")}, "id": "00000000000000a1", "name": "shop", "namespace": "remote"}
    ]
    otlp.send_documents(web)
    context = SpanContext(
        int(web["trace_id"].replace("-", "")[1:], 16), 0xA1, is_remote=True, trace_flags=TraceFlags(1)
    )
    exporter = GrpcExporter(endpoint=f"http://{otlp.process.addresses()['otlp_grpc']}", insecure=True)
    tracer = provider(exporter, "shop").get_tracer("compat")
    parent = trace.set_span_in_context(NonRecordingSpan(context))
    # Internal, and a segment all the same: its parent is another service's.
    tracer.start_span("work", context=parent).end()
    names = eventually(
        "a trace of both", lambda: len(found(xray, web["trace_id"])) == 2 and found(xray, web["trace_id"])
    )
    assert {one["name"] for one in names} == {"web", "shop"}
    begin = time.time()
    edges = [
        (service["Name"], len(service["Edges"]))
        for service in xray.get_service_graph(StartTime=begin - 600, EndTime=begin + 60)["Services"]
        if service.get("Type") != "client"
    ]
    assert sorted(edges) == [("shop", 0), ("web", 1)]
